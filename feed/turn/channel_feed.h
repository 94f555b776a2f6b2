// What an io thread has of one log of the exchange: a cursor, and what it feeds.
//   Shape:  hub, exec router and order entry, which follow the cursor a bounded piece at a time.
//   Owner:  one io thread.
//   Errors: a log that cannot be read is reported once by `on_failed`; from then on there is no
//           news.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "feed/feed_options.h"            // FeedOptions
#include "feed/market/hub.h"              // Hub
#include "feed/market/market_channels.h"  // MarketChannel
#include "feed/market/market_metrics.h"   // MarketMetrics
#include "feed/market/upstream.h"         // Upstream
#include "feed/metrics.h"                 // Metrics
#include "feed/net/connection_limits.h"   // ConnectionLimits
#include "feed/net/session_numbers.h"     // SessionNumbers
#include "feed/net/stage_clock.h"         // StageClock
#include "feed/trade/exec_router.h"       // ExecRouter
#include "feed/trade/lost_sessions.h"     // LostSessions
#include "feed/trade/order_entry.h"       // OrderEntry
#include "feed/trade/order_stages.h"      // OrderStages
#include "feed/trade/trade_session.h"     // TradeParts
#include "matching/engine.h"              // Engine
#include "matching/market_state.h"        // MarketState
#include "replay/log/cursor.h"            // Cursor
#include "replay/log/log.h"               // Log
#include "replay/stream/engine_link.h"    // EngineLink

namespace bourse {

// What a shard is given of each log. Everything referred to outlives it.
struct ChannelParts {
  const Log& log;
  // As recovered, both at the same sequence; read by the constructor only, before the engine thread
  // starts. The shard follows the log from there.
  const Engine& engine;
  const MarketState& market;
  Gate gate;
  LostSessions& lost_sessions;  // of all shards
  StageClock& stages;
  Epoch epoch{0};  // of this start; none: that of the options
  // Of a gateway, whose engine is in another process.
  EngineLink* remote = nullptr;
  const Upstream* upstream = nullptr;
};

class ChannelFeed {
 public:
  // What all logs of a shard have in common.
  struct Surroundings {
    const FeedOptions& options;
    std::uint32_t accounts_max;
    std::uint32_t shard;
    std::uint32_t log;
    std::uint32_t logs;
    Metrics& metrics;
    std::function<void(const Error&)> on_failed;
    const SessionNumbers* numbers;  // of a gateway, else nullptr
  };

  ChannelFeed(ChannelParts&& parts, Cursor cursor, Surroundings around);
  ChannelFeed(const ChannelFeed&) = delete;
  ChannelFeed& operator=(const ChannelFeed&) = delete;

  bool has_news() const {
    return (!has_failed_ && cursor_.position() <= log_.released_sequence()) ||
           verdicts_told() != verdicts_seen_;
  }
  // Takes in what is new; true: somebody may have something due.
  bool advance(TimeNs now);
  void drain() { entry_.drain(); }
  void serve_after(Sequence opening) { opening_ = opening; }
  bool serves() const {
    return hub_.sequence() >= opening_ && (numbers_ == nullptr || numbers_->has_some());
  }

  Hub& hub() { return hub_; }
  const Hub& hub() const { return hub_; }
  const Log& log() const { return log_; }
  const FeedOptions& options() const { return options_; }
  MarketChannel market() { return {hub_, log_, options_}; }
  // For order entry and drop copies.
  TradeParts trade(const Keys& keys, ConnectionLimits& limits) {
    return {router_, entry_, keys, limits, stages_, log_, options_, order_stages_};
  }

 private:
  void count_orders();
  std::uint64_t verdicts_told() const {
    return entry_.remote() == nullptr ? 0 : entry_.remote()->told_count();
  }

  const Log& log_;
  FeedOptions options_;  // with the number of the log
  StageClock& stages_;
  const SessionNumbers* numbers_;  // of a gateway
  std::function<void(const Error&)> on_failed_;
  Cursor cursor_;
  Hub hub_;
  ExecRouter router_;
  OrderEntry entry_;
  Counter& frames_;
  Counter& orders_sent_;
  Counter& orders_busy_;
  Counter& orders_closed_;
  Counter& sessions_resumed_;
  Counter& sessions_canceled_;
  Gauge& orders_open_;
  Gauge& dropcopies_;
  Gauge& outcomes_;
  MarketMetrics market_metrics_;
  Gauge& hub_sequence_;
  OrderStages order_stages_;
  Histogram& encode_;
  Histogram& order_to_frame_;
  Sequence opening_{0};
  bool has_failed_ = false;
  std::uint64_t verdicts_seen_ = 0;  // of a remote engine
};

}  // namespace bourse
