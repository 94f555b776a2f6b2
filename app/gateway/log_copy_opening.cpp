#include "app/gateway/log_copy_opening.h"

#include <optional>
#include <thread>

#include "replay/stream/stream_reader.h"  // stream_ends

namespace bourse {
namespace {

constexpr std::chrono::milliseconds pause{200};

// The name of the log in this directory; nothing: there is none yet.
Result<std::optional<Uuid>> kept_id(const LogOptions& options) {
  LogOptions look = options;
  look.read_only = true;
  const auto log = Log::open(look);
  if (log) return (*log)->journal_id();
  if (log.error().code == ExitCode::file_missing) return std::nullopt;
  return std::unexpected(log.error());
}

Result<Uuid> stream_id(const JetStreamOptions& options, const StreamNames& names,
                       std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  Error why{ExitCode::unreachable, "there is no stream, or nothing in it", names.stream,
            "start the exchange with stream.url set to this server"};
  while (true) {
    if (auto server = JetStream::connect(options)) {
      const auto ends = stream_ends(*server, names.stream);
      if (ends && *ends) return (*ends)->last.journal;
      if (!ends) why = ends.error();
    } else {
      why = server.error();
    }
    if (std::chrono::steady_clock::now() >= until) return std::unexpected(std::move(why));
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<std::unique_ptr<Log>> open_log_copy(LogOptions options, const JetStreamOptions& server,
                                           const StreamNames& names,
                                           std::chrono::milliseconds wait) {
  const auto kept = kept_id(options);
  if (!kept) return std::unexpected(kept.error());
  if (*kept) {
    options.copy_of = **kept;
    return Log::open(options);
  }
  const auto found = stream_id(server, names, wait);
  if (!found) return std::unexpected(found.error());
  options.copy_of = *found;
  return Log::open(options);
}

}  // namespace bourse
