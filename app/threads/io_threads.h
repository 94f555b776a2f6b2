// The io threads of a process that serves, and what their shards have in common: keys, limits of
// addresses and keys, groups of replays. The same for an exchange and for a gateway.
//   Shape:   one shard for each thread, all on one port; opened first, started when the logs run.
//   Owner:   made, started and stopped by the main thread. Ends before the channels that it reads.
//   Errors:  open() and reload() say what is wrong with port, certificate or keys; what fails
//            while it runs is told to `on_failed`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "app/config/config.h"           // Config
#include "feed/control/auth.h"           // Keys
#include "feed/history/replay_groups.h"  // ReplayGroups
#include "feed/http/http_routes.h"       // HttpRoutes::NotReady
#include "feed/metrics.h"                // Metrics
#include "feed/net/certificate.h"        // TlsContext
#include "feed/net/connection_limits.h"  // ConnectionLimits
#include "feed/net/session_numbers.h"    // SessionNumbers
#include "feed/turn/channel_feed.h"      // ChannelParts
#include "feed/turn/io_shard.h"          // IoShard
#include "replay/result.h"               // Result, Error

namespace bourse {

class IoThreads {
 public:
  // Everything referred to outlives it.
  struct Surroundings {
    const Config& config;
    Metrics& metrics;
    SessionNumbers* numbers = nullptr;  // of a gateway
    bool takes_demo_key = false;
    HttpRoutes::NotReady not_ready;               // called by the io threads
    std::function<void(const Error&)> on_failed;  // called by the io threads
  };
  // The logs as the shard of this number is to read them.
  using PartsOf = std::function<std::vector<ChannelParts>(std::uint32_t index)>;

  explicit IoThreads(Surroundings around);
  ~IoThreads() { stop(); }
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  // Listens; nobody is served yet.
  Result<void> open(const PartsOf& parts_of);
  // Serves from these transactions of each log on: visitors wait until the shards have them.
  void start(std::span<const Sequence> openings);
  void wake();  // any thread: the logs have released more
  // Certificate and keys of `fresh`; sessions that are open keep theirs.
  Result<void> reload(const Config& fresh);
  void drain_orders();  // no more are taken
  void stop();          // says goodbye to every session
  std::uint16_t port() const { return shards_.front()->port(); }

 private:
  Result<TlsContext> load_secrets(const Config& from);  // the keys are in force then

  const Surroundings around_;
  Keys keys_;
  ConnectionLimits connections_;
  ReplayGroups replays_;
  std::vector<std::unique_ptr<IoShard>> shards_;
  std::vector<std::thread> threads_;
};

}  // namespace bourse
