// From keys as the configuration names them to keys that verify signatures.
//   Shape:  ed25519 keys stand in the file; hmac-sha256 secrets are read from files of their own.
//   Owner:  free function, at start.
//   Errors: Error with the key's id and the remedy; ExitCode::bad_config or file_missing.
#pragma once

#include "app/config.h"     // Config
#include "feed/auth.h"      // Keys
#include "replay/result.h"  // Result

namespace bourse {

Result<Keys> keys_of(const Config& config, bool demo);

}  // namespace bourse
