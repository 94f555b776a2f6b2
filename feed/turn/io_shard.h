// What one io thread owns and does: a port's share of connections, and its own view of the log for
// them. Follows the log by a cursor, feeds hub and exec router, and turns the session loop.
//   Shape:  shared nothing: each shard has its own hub, router, order entry and gate.
//   Owner:  constructed and told to listen by the main thread, then run by its io thread; wake()
//           and stop() may be called by any thread.
//   Errors: listen() says what is wrong with the port. A log that cannot be read is reported once
//           by `on_failed`; the sessions live on without news until somebody stops the shard.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "feed/control/auth.h"           // Keys
#include "feed/feed_options.h"           // FeedOptions
#include "feed/history/replay_groups.h"  // ReplayGroups
#include "feed/http/http_routes.h"       // HttpRoutes::NotReady
#include "feed/metrics.h"                // Metrics
#include "feed/net/certificate.h"        // TlsContext
#include "feed/net/connection_limits.h"  // ConnectionLimits
#include "feed/net/listener.h"           // Listener::Sharing
#include "feed/net/session_numbers.h"    // SessionNumbers
#include "feed/turn/channel_feed.h"      // ChannelParts
#include "replay/result.h"               // Result, Error

namespace bourse {

// What a shard is joined with. Everything referred to outlives it.
struct IoShardParts {
  std::vector<ChannelParts> channels;  // of each log of the exchange
  std::uint32_t accounts_max;
  SessionNumbers* numbers = nullptr;  // of a gateway: blocks of its own. Else 1, 2, 3, ...
  ReplayGroups& replays;              // of all shards
  const Keys& keys;
  ConnectionLimits& connections;  // of all shards
  const FeedOptions& options;
  TlsContext context;
  Metrics& metrics;
  HttpRoutes::NotReady not_ready;               // called by the io thread
  std::function<void(const Error&)> on_failed;  // called by the io thread
  std::uint32_t index = 0;                      // of `count` shards
  std::uint32_t count = 1;
};

class IoShard {
 public:
  static Result<std::unique_ptr<IoShard>> make(IoShardParts parts);
  ~IoShard();
  IoShard(const IoShard&) = delete;
  IoShard& operator=(const IoShard&) = delete;

  // port 0: any free one. The first shard opens the port, the others join it.
  Result<void> listen(std::uint16_t port);
  std::uint16_t port() const;  // REQUIRES: listening

  void run();  // until stop()
  // Serves nobody before it was fed this transaction of each log: until then visitors wait in the
  // listener's queue. REQUIRES: before run().
  void serve_after(std::span<const Sequence> openings);
  // After each group that the journal has released.
  void wake();
  // Takes no more orders: they are refused with `draining`. The feed goes on.
  void drain_orders();
  // New connections are shown this certificate; those that are open keep theirs.
  void use(TlsContext context);
  // Says goodbye to every session with this close code and ends run() within limits.drain_ms.
  void stop(std::uint16_t close_code = 1001);

 private:
  struct State;
  explicit IoShard(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bourse
