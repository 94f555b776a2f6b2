#include "app/config/channel_plan.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "feed/log_share.h"         // log_by_name
#include "replay/disk/directory.h"  // parse_segment_name

namespace bourse {
namespace {

constexpr const char* memory_name = "channels";

// How many channels the directory was made for; 0: it is new.
Result<std::uint32_t> channels_of(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::exists(directory / memory_name, error)) {
    std::ifstream file(directory / memory_name);
    std::uint32_t channels = 0;
    if (file >> channels && channels > 0 && channels <= channels_most) return channels;
    return fail(ExitCode::data_damaged, "it does not say how many channels there are",
                (directory / memory_name).string(),
                "write the number of its directories channel-0, channel-1, ... into it");
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory, error))
    if (parse_segment_name(entry.path().filename().string())) return std::uint32_t{1};
  return std::uint32_t{0};
}

// Whole or not at all, and before any channel has a journal.
Result<void> remember(const std::filesystem::path& directory, std::uint32_t channels) {
  const auto name = directory / memory_name;
  const auto unfinished = directory / (std::string(memory_name) + ".tmp");
  std::error_code error;
  {
    std::ofstream file(unfinished, std::ios::trunc);
    file << channels << '\n';
    file.flush();
    if (!file) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(unfinished, name, error);
  if (error)
    return fail(ExitCode::io_error, "cannot be written: " + error.message(), name.string(),
                "look at the permissions and the room of the directory");
  return {};
}

}  // namespace

Result<std::vector<std::filesystem::path>> channel_directories(
    const std::filesystem::path& directory, std::uint32_t channels) {
  const auto before = channels_of(directory);
  if (!before) return std::unexpected(before.error());
  if (*before != 0 && *before != channels)
    return fail(
        ExitCode::bad_config,
        fmt::format("this directory was made with engine.channels = {}, not {}", *before, channels),
        directory.string(),
        fmt::format("start with engine.channels = {0}, or with another journal.directory: "
                    "a symbol never changes its channel",
                    *before));
  if (channels == 1) return std::vector{directory};
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    return fail(ExitCode::io_error, "cannot be made: " + error.message(), directory.string(),
                "look at the permissions of the directory above");
  if (*before == 0)
    if (auto done = remember(directory, channels); !done) return std::unexpected(done.error());
  std::vector<std::filesystem::path> directories;
  for (std::uint32_t channel = 0; channel < channels; ++channel)
    directories.push_back(directory / fmt::format("channel-{}", channel));
  return directories;
}

Result<std::vector<std::vector<SymbolConfig>>> place_symbols(
    const std::vector<SymbolConfig>& symbols, const std::vector<const Engine*>& engines) {
  const auto channels = static_cast<std::uint32_t>(engines.size());
  std::vector<std::vector<SymbolConfig>> placed(channels);
  for (const SymbolConfig& symbol : symbols) {
    std::optional<std::uint32_t> known;
    for (std::uint32_t channel = 0; channel < channels; ++channel)
      if (engines[channel]->find_symbol(symbol.symbol)) known = channel;
    const std::uint32_t wanted = symbol.channel.value_or(log_by_name(symbol.symbol, channels));
    const std::string what = "symbols." + symbol.symbol;
    if (wanted >= channels)
      return fail(ExitCode::bad_config, fmt::format("there is no channel {}", wanted), what,
                  fmt::format("channels are 0 to {}: engine.channels says how many", channels - 1));
    if (known && symbol.channel && *known != wanted)
      return fail(ExitCode::bad_config, fmt::format("it is on channel {}, not {}", *known, wanted),
                  what,
                  fmt::format("a symbol never changes its channel: write channel = {}", *known));
    placed[known.value_or(wanted)].push_back(symbol);
  }
  return placed;
}

}  // namespace bourse
