#include "app/gateway/stream_channels.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>

#include "feed/log_share.h"             // channels_most
#include "replay/stream/stream_name.h"  // stream_name

namespace bourse {
namespace {

constexpr std::chrono::milliseconds pause{200};

// Streams of channels 0, 1, ... up to the first that is not there.
Result<std::uint32_t> count_streams(JetStream& server, const std::string& base) {
  std::uint32_t count = 0;
  for (; count < channels_most; ++count) {
    const auto state = server.stream_state(stream_name(base, count));
    if (!state) return std::unexpected(state.error());
    if (!*state) break;
  }
  return count;
}

// Streams may be lost and filled again: then this says how many there are.
bool has_copy(const Config& config) {
  std::error_code error;
  const auto last = fmt::format("channel-{}", config.engine.channels - 1);
  return std::filesystem::exists(std::filesystem::path(config.journal.directory) / last, error);
}

Error other_channels(const Config& config, std::uint32_t found) {
  return {ExitCode::bad_config,
          fmt::format("the exchange has {} channel{}, and engine.channels is {} here", found,
                      found == 1 ? "" : "s", config.engine.channels),
          fmt::format("{}, stream.subject {}", config.stream.url, config.stream.subject),
          fmt::format("set engine.channels = {}, with a journal.directory that is new or was made "
                      "for as many; if streams of an earlier exchange are left there, remove them",
                      found)};
}

}  // namespace

Result<void> check_stream_channels(const Config& config, const JetStreamOptions& options,
                                   std::chrono::milliseconds wait) {
  auto server = JetStream::connect(options);
  if (!server) return {};
  const auto until = std::chrono::steady_clock::now() + wait;
  while (true) {
    const auto found = count_streams(*server, config.stream.subject);
    if (!found || *found == 0 || *found == config.engine.channels) return {};
    if (*found > config.engine.channels) return std::unexpected(other_channels(config, *found));
    if (has_copy(config)) return {};
    if (std::chrono::steady_clock::now() >= until)
      return std::unexpected(other_channels(config, *found));
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace bourse
