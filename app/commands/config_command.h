// `bourse config check FILE` and `bourse config show [--origin]`.
//   Shape:   check validates without starting anything; show prints what would run.
//   Owner:   the main thread.
//   Errors:  printed on stderr; the ExitCode is returned.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/config/config.h"  // Config
#include "replay/result.h"      // Result

namespace bourse {

using FlagSettings = std::vector<std::pair<std::string, std::string>>;

// Defaults < file < environment < flags, then the checks that need the whole.
Result<Config> effective_config(const std::string& file, bool demo, const FlagSettings& flags);

int config_check_command(const std::string& file);
int config_show_command(const std::string& file, bool origin, const FlagSettings& flags);

}  // namespace bourse
