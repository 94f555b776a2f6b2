// bourse.toml: reads a configuration file into a Config, and refuses what it does not understand.
//   Shape:   tables [journal] [engine] [feed] [demo] [log], arrays of tables [[symbols]] [[keys]].
//   Owner:   the main thread, at start. The TOML library stays in the .cpp.
//   Errors:  what, file:line and the nearest known key; ExitCode::bad_config or file_missing.
#pragma once

#include <filesystem>

#include "app/config/config.h"  // Config
#include "replay/result.h"      // Result

namespace bourse {

Result<void> load_config_file(Config& config, const std::filesystem::path& file);
// Appends the [[keys]] of a file that has nothing else. load: their secrets' paths begin where the
// file lies; read: they stay as they stand there.
Result<void> load_keys_file(Config& config, const std::filesystem::path& file);
Result<void> read_keys_file(Config& config, const std::filesystem::path& file);

}  // namespace bourse
