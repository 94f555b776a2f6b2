// What keeps a gateway's copy of the log up to date: follows the stream, takes from an archive what
// the stream no longer has, and judges how far behind the copy is.
//   Shape:  one thread follows; another one listens for the engine's heartbeat, tells whether the
//           feed is stale, and asks for session ids.
//   Owner:  the main thread starts and ends it; the log outlives it.
//   Errors: what asking again cannot mend goes to `on_failed`, once. Without a server the copy is
//           served as it is, and stale.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "feed/market/upstream.h"           // Upstream
#include "feed/metrics.h"                   // Metrics
#include "feed/net/session_numbers.h"       // SessionNumbers
#include "matching/types.h"                 // Sequence, Epoch
#include "replay/log/log.h"                 // Log
#include "replay/result.h"                  // Result, Error
#include "replay/stream/command_message.h"  // LinkMessage
#include "replay/stream/jetstream.h"        // JetStreamOptions
#include "replay/stream/log_follower.h"     // LogFollower
#include "replay/stream/stream_names.h"     // StreamNames

namespace bourse {

struct GatewayFeedParts {
  JetStreamOptions server;
  StreamNames names;
  Log& log;
  SessionNumbers* numbers;  // nullptr: nobody connects
  Metrics& metrics;
  MetricLabels labels;         // which log, if there are several
  std::string title;           // likewise, before what people are told: "channel 1: "
  std::uint32_t channels = 1;  // that the exchange has, as this gateway was told
  std::function<void(Error)> on_failed;
  std::chrono::milliseconds stale_after{2000};
};

class GatewayFeed {
 public:
  explicit GatewayFeed(GatewayFeedParts parts);
  ~GatewayFeed();
  GatewayFeed(const GatewayFeed&) = delete;
  GatewayFeed& operator=(const GatewayFeed&) = delete;

  void start();
  void stop();
  const Upstream& upstream() const { return upstream_; }
  Epoch epoch() const { return Epoch{epoch_.load(std::memory_order_acquire)}; }  // any thread
  void add_reasons_not_ready(std::vector<std::string>& reasons) const;           // any thread

 private:
  void follow(const std::stop_token& stop);
  Result<void> follow_stream(LogFollower& follower, const std::stop_token& stop);
  Result<void> take_from_archive(LogFollower& follower, Error why, const std::stop_token& stop);
  Result<StreamReader> open_reader(Sequence from);
  void note(LogFollower& follower, std::size_t taken);
  void watch(const std::stop_token& stop);
  void hear(const LinkMessage& heartbeat);
  void judge();
  void grant_numbers(JetStream& server);
  void export_metrics(Metrics& metrics);

  GatewayFeedParts parts_;
  Upstream upstream_;
  std::atomic<std::uint32_t> epoch_;
  std::atomic<std::int64_t> heard_ns_{0};      // of the engine, steady clock; 0: never
  std::atomic<std::int64_t> behind_since_{0};  // steady clock; 0: it is not
  std::atomic<std::uint64_t> archived_{0};     // transactions taken from an archive
  std::atomic<std::uint64_t> rereads_{0};
  std::atomic<std::uint64_t> restarts_{0};
  bool has_found_others_ = false;  // another number of channels; the watcher's
  std::jthread watcher_;
  std::jthread follower_;
};

}  // namespace bourse
