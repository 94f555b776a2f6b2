// Which channel has what: directories of the journals, and the configured symbols.
//   Shape:  one channel keeps its journal in the directory itself, several in DIRECTORY/channel-0,
//           channel-1, ...; a file `channels` beside them says how many the directory was made for.
//   Owner:  free functions, main thread, before the channels are recovered and after.
//   Errors: Error with what to do: another number of channels than before, a symbol that would have
//           to change its channel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/config/config.h"  // SymbolConfig
#include "matching/engine.h"    // Engine
#include "replay/result.h"      // Result

namespace bourse {

// The directory of each channel. Remembers the number of channels if the directory is new.
Result<std::vector<std::filesystem::path>> channel_directories(
    const std::filesystem::path& directory, std::uint32_t channels);

// The configured symbols of each channel, in the order of the configuration: where a symbol is
// already, else where its `channel` says, else by its name. engines: of each channel, recovered.
Result<std::vector<std::vector<SymbolConfig>>> place_symbols(
    const std::vector<SymbolConfig>& symbols, const std::vector<const Engine*>& engines);

}  // namespace bourse
