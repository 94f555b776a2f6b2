// The thread that publishes the log of one channel to its stream, and what people are told of it.
//   Shape:   begun when the log is open; at level replicated nobody is told anything before the
//            stream has what the log had at the start.
//   Owner:   made and stopped by the main thread; the log and the metrics outlive it.
//   Errors:  `on_failed` is told what ends the exchange, and ended() says it again; a
//            stream that cannot be reached is told by reason_not_ready().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/config/config.h"         // Config
#include "feed/metrics.h"              // Metrics
#include "replay/log/log.h"            // Log
#include "replay/result.h"             // Result, Error
#include "replay/stream/replicator.h"  // Replicator

namespace bourse {

// Of a channel; `may_resync` is left to who knows of the lease.
ReplicatorOptions replicator_options(const Config& config, std::uint32_t channel);

class ReplicatorThread {
 public:
  struct Hooks {
    // More may leave the process. By the replicator's threads; only at level replicated.
    std::function<void()> on_released = [] {};
    std::function<void(Error)> on_failed = [](Error) {};
    std::function<Result<bool>()> may_resync = [] { return true; };
  };

  ReplicatorThread(Log& log, const Config& config, std::uint32_t channel, Hooks hooks);
  ~ReplicatorThread();
  ReplicatorThread(const ReplicatorThread&) = delete;
  ReplicatorThread& operator=(const ReplicatorThread&) = delete;

  // At level replicated: returns when the stream has everything that the log had at its start.
  Result<void> wait_for_start();
  void export_metrics(Metrics& metrics, std::uint32_t channel) const;
  // Waits at most `grace` for the stream to have the rest; not at all while it is out of reach and
  // nobody waits for it.
  void stop(std::chrono::milliseconds grace);

  // What ended it; any thread.
  std::optional<Error> ended() const;
  // For /readyz; empty: the stream takes everything, or nobody waits for it.
  std::string reason_not_ready() const;
  // At level replicated: nothing is acknowledged any more, so no orders are taken.
  bool is_stalled() const { return is_held_ && replicator_.is_stalled(); }
  const Replicator& replicator() const { return replicator_; }

 private:
  void run();

  Log& log_;
  const bool is_held_;
  const std::chrono::milliseconds timeout_;
  Hooks hooks_;
  Replicator replicator_;
  mutable std::mutex ended_mutex_;  // cold
  std::optional<Error> ended_;
  std::thread thread_;  // last
};

}  // namespace bourse
