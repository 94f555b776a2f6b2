// One log of an exchange, as a gateway has it: a copy that follows the stream, where the exchange
// has an engine. Opened from its directory, then run until it is told to stop.
//   Shape:   a follower and a watch, a journal thread, two threads for orders, one each for
//            segments and snapshots; in an archive two that answer and check instead of orders.
//   Owner:   made, started and stopped by the main thread. Outlives everybody who reads its log or
//            has a gate.
//   Errors:  open() returns what kept it from starting. What cannot be mended while it runs is told
//            to `on_failed`. An engine or a server that is away is not that: the copy is stale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/config/config.h"            // Config
#include "app/gateway/archive_service.h"  // ArchiveService
#include "app/gateway/gateway_feed.h"     // GatewayFeed
#include "app/gateway/gateway_orders.h"   // GatewayOrders
#include "app/threads/engine_threads.h"   // StopFlag
#include "app/threads/keeper_thread.h"    // KeeperThread
#include "app/threads/snapshot_thread.h"  // SnapshotThread
#include "feed/metrics.h"                 // Metrics
#include "feed/net/session_numbers.h"     // SessionNumbers
#include "feed/net/stage_clock.h"         // StageClock
#include "feed/trade/lost_sessions.h"     // LostSessions
#include "feed/turn/channel_feed.h"       // ChannelParts
#include "matching/engine.h"              // Engine
#include "matching/market_state.h"        // MarketState
#include "replay/log/log.h"               // Log
#include "replay/result.h"                // Result, Error
#include "replay/stream/jetstream.h"      // JetStream, JetStreamOptions
#include "replay/stream/stream_names.h"   // StreamNames

namespace bourse {

class GatewayChannel {
 public:
  // Which of the exchange's channels this is a copy of.
  struct Place {
    std::string directory;
    std::uint32_t index = 0;
    std::uint32_t count = 1;
  };
  // What all channels of a gateway have in common. Everything referred to outlives them.
  struct Surroundings {
    const Config& config;
    JetStreamOptions server;
    bool is_archive = false;
    SessionNumbers& numbers;
    Metrics& metrics;
    std::function<void(Error)> on_failed;
  };

  // The copy that is there, or a new one of the log that the stream has, as far as it goes.
  static Result<std::unique_ptr<GatewayChannel>> open(const Surroundings& around, Place place);
  GatewayChannel(const GatewayChannel&) = delete;
  GatewayChannel& operator=(const GatewayChannel&) = delete;

  // For one io thread, before start(). Read by the shard's constructor only.
  ChannelParts parts();
  // Nobody is served before the copy has what the stream had when it was opened; without a stream
  // it is served as it is.
  Sequence opening(JetStream* server) const;
  // Looks after segments and snapshots, and tells the metrics.
  void start_upkeep();
  // `on_released`: more may leave the process; called by the journal thread.
  void start(std::function<void()> on_released);
  // What is in the gates is sent before. REQUIRES: nobody pushes into them any more.
  void stop();

  const Log& log() const { return *log_; }
  void add_reasons_not_ready(std::vector<std::string>& reasons) const;  // any thread

 private:
  GatewayChannel(const Surroundings& around, Place place)
      : config_(around.config),
        place_(std::move(place)),
        metrics_(around.metrics),
        lost_sessions_(around.config.feed.limits.disconnect_grace_ms) {}

  Result<void> open_copy(const Surroundings& around);
  void join_stream(const Surroundings& around);
  MetricLabels labels() const;  // none if there is only one

  const Config& config_;
  const Place place_;
  Metrics& metrics_;
  StreamNames names_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Engine> engine_;  // as restored: the shards start from it
  MarketState market_;              // likewise
  Sequence snapshot_{0};
  LostSessions lost_sessions_;
  StageClock stages_;
  std::function<void(Error)> on_failed_;
  std::optional<GatewayFeed> feed_;
  std::optional<GatewayOrders> orders_;
  std::optional<ArchiveService> archive_;
  std::optional<KeeperThread> keeper_;       // ends before the log does
  std::optional<SnapshotThread> snapshots_;  // likewise
  StopFlag journal_stop_;
  std::thread journal_thread_;
};

}  // namespace bourse
