// From keys as the configuration names them to keys that verify signatures.
//   Shape:  ed25519 keys stand in the file; hmac-sha256 secrets are read from files of their own.
//   Owner:  free function, at start.
//   Errors: Error with the key's id and the remedy; ExitCode::bad_config or file_missing.
#pragma once

#include "app/config/config.h"  // Config
#include "feed/control/auth.h"  // Keys
#include "replay/result.h"      // Result

namespace bourse {

// What a running exchange takes over of a configuration that was read again: keys, certificates.
Config with_secrets_of(const Config& running, const Config& fresh);

Result<Keys> keys_of(const Config& config, bool demo);

}  // namespace bourse
