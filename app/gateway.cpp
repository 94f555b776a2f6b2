#include "app/gateway.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/archive_service.h"          // ArchiveService
#include "app/engine_threads.h"           // run_journal, StopFlag
#include "app/first_failure.h"            // FirstFailure
#include "app/gateway_feed.h"             // GatewayFeed
#include "app/gateway_orders.h"           // GatewayOrders
#include "app/journal_metrics.h"          // export_journal_metrics
#include "app/journal_state.h"            // reason_not_ready
#include "app/keep_config.h"              // keep_policy
#include "app/keeper_thread.h"            // KeeperThread
#include "app/key_config.h"               // keys_of
#include "app/log_copy_opening.h"         // open_log_copy
#include "app/snapshot_thread.h"          // SnapshotThread
#include "app/wall_clock.h"               // wall_clock_now
#include "feed/history/replay_groups.h"   // ReplayGroups, export_replay_metrics
#include "feed/metrics.h"                 // Metrics
#include "feed/net/certificate.h"         // TlsContext
#include "feed/net/connection_limits.h"   // ConnectionLimits
#include "feed/net/session_numbers.h"     // SessionNumbers
#include "feed/trade/lost_sessions.h"     // LostSessions
#include "feed/turn/io_shard.h"           // IoShard
#include "replay/log/log.h"               // Log
#include "replay/snapshot/restore.h"      // restore
#include "replay/stream/stream_reader.h"  // stream_ends

namespace bourse {
namespace {

constexpr std::chrono::seconds first_stream_wait{10};

}  // namespace

struct Gateway::Parts {
  Config config;
  GatewayRole role;
  JetStreamOptions server;
  StreamNames names;
  Metrics metrics;
  Keys keys;
  StageClock stages;
  SessionNumbers numbers;
  std::unique_ptr<Log> log;
  std::unique_ptr<Engine> engine;  // as restored: the shards start from it
  MarketState market;
  Sequence snapshot{0};
  std::unique_ptr<LostSessions> lost_sessions;
  std::unique_ptr<ReplayGroups> replays;
  std::unique_ptr<ConnectionLimits> connections;
  std::optional<GatewayFeed> feed;
  std::optional<GatewayOrders> orders;
  std::optional<ArchiveService> archive;
  std::vector<std::unique_ptr<IoShard>> shards;  // one io thread each
  std::optional<KeeperThread> keeper;
  std::optional<SnapshotThread> snapshots;

  StopFlag journal_stop;
  StopFlag is_draining;
  std::thread journal_thread;
  std::vector<std::thread> io_threads;
  bool is_stopped = false;

  FirstFailure failure;

  Result<void> open_copy();
  Result<TlsContext> load_secrets(const Config& from);  // the keys are in force then
  Result<void> open_shards();
  Sequence opening() const;
  void start_threads();
  std::vector<std::string> reasons_not_ready() const;
};

Result<void> Gateway::Parts::open_copy() {
  LogOptions options;
  options.directory = config.journal.directory;
  options.durability = config.journal.durability;
  options.segment_bytes = config.journal.segment_bytes;
  options.tail_bytes = config.journal.tail_bytes;
  auto opened = open_log_copy(options, server, names, first_stream_wait);
  if (!opened) return std::unexpected(opened.error());
  log = std::move(*opened);
  for (const std::string& warning : log->recovery().warnings) spdlog::warn("{}", warning);
  auto restored = restore(*log, {.limits = config.engine.limits, .snapshot = {}, .stop = {}});
  if (!restored) return std::unexpected(restored.error());
  for (const std::string& warning : restored->warnings) spdlog::warn("{}", warning);
  engine = std::move(restored->engine);
  market = std::move(restored->market);
  snapshot = restored->snapshot;
  config.feed.epoch = log->last_epoch();
  return {};
}

Result<TlsContext> Gateway::Parts::load_secrets(const Config& from) {
  auto context = TlsContext::server(from.feed, config.journal.directory + "/self-signed.pem");
  if (!context) return context;
  auto known = keys_of(from, role.takes_demo_key);
  if (!known) return std::unexpected(known.error());
  keys.replace(std::move(*known));
  return context;
}

Result<void> Gateway::Parts::open_shards() {
  const auto context = load_secrets(config);
  if (!context) return std::unexpected(context.error());
  connections = std::make_unique<ConnectionLimits>(config.feed);
  lost_sessions = std::make_unique<LostSessions>(config.feed.limits.disconnect_grace_ms);
  replays = std::make_unique<ReplayGroups>(config.feed.limits.replays_per_server_count);
  for (std::uint32_t index = 0; index < config.io_threads; ++index) {
    std::vector<ChannelParts> channels;
    channels.push_back({.log = *log,
                        .engine = *engine,
                        .market = market,
                        .gate = orders->add_gate(config.engine.gate_commands_max),
                        .lost_sessions = *lost_sessions,
                        .stages = stages});
    auto shard = IoShard::make(
        {.channels = std::move(channels),
         .accounts_max = config.engine.limits.accounts_max,
         .gateway = {.engine = &orders->link(), .upstream = &feed->upstream(), .numbers = &numbers},
         .replays = *replays,
         .keys = keys,
         .connections = *connections,
         .options = config.feed,
         .context = *context,
         .metrics = metrics,
         .not_ready = [this] { return reasons_not_ready(); },
         .on_failed = [this](const Error& error) { failure.set(error); },
         .index = index,
         .count = config.io_threads});
    if (!shard) return std::unexpected(shard.error());
    const std::uint16_t port = index == 0 ? config.feed.port : shards.front()->port();
    if (auto listening = (*shard)->listen(port); !listening) return listening;
    shards.push_back(std::move(*shard));
  }
  return {};
}

// Nobody is served before the copy has what the stream had when it was opened; without a stream it
// is served as it is.
Sequence Gateway::Parts::opening() const {
  auto connected = JetStream::connect(server);
  if (!connected) return log->last_sequence();
  const auto ends = stream_ends(*connected, names.stream);
  return ends && *ends ? std::max((*ends)->last.last, log->last_sequence()) : log->last_sequence();
}

void Gateway::Parts::start_threads() {
  const std::array first{opening()};
  for (const auto& shard : shards) shard->serve_after(first);
  journal_thread = std::thread([this] {
    const auto wake_readers = [this] {
      if (stages.is_wanted()) stages.released.mark(log->released_sequence(), wall_clock_now());
      for (const auto& shard : shards) shard->wake();
      orders->wake();
    };
    auto ended = run_journal(*log, config.engine.wait, journal_stop, wake_readers);
    if (ended) failure.set(std::move(*ended));
  });
  feed->start();
  if (archive)
    archive->start();
  else
    orders->start();
  for (const auto& shard : shards) io_threads.emplace_back([&shard] { shard->run(); });
}

std::vector<std::string> Gateway::Parts::reasons_not_ready() const {
  std::vector<std::string> reasons;
  if (is_draining()) reasons.emplace_back("shutting down");
  feed->add_reasons_not_ready(reasons);
  if (archive) archive->add_reasons_not_ready(reasons);
  const std::string_view journal = reason_not_ready(log->journal().state());
  if (!journal.empty()) reasons.emplace_back(journal);
  if (snapshots && snapshots->has_diverged())
    reasons.emplace_back("executed again, the journal gives something else");
  return reasons;
}

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Gateway::~Gateway() { stop(); }

Result<std::unique_ptr<Gateway>> Gateway::start(const Config& config, const GatewayRole& role) {
  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  p.config = config;
  p.role = role;
  p.server.url = config.stream.url;
  p.server.name = role.is_archive ? "bourse archive" : "bourse gateway";
  p.names = stream_names(config.stream.subject);
  if (auto done = p.open_copy(); !done) return std::unexpected(done.error());
  p.feed.emplace(
      GatewayFeedParts{.server = p.server,
                       .names = p.names,
                       .log = *p.log,
                       .numbers = &p.numbers,
                       .metrics = p.metrics,
                       .on_failed = [&p](Error error) { p.failure.set(std::move(error)); },
                       .stale_after = std::chrono::milliseconds(config.stream.stale_ms)});
  p.orders.emplace(p.server, p.names, *p.log, [&p] { return p.feed->epoch(); }, p.metrics);
  if (role.is_archive) p.archive.emplace(p.server, p.names, *p.log, p.metrics);
  if (auto done = p.open_shards(); !done) return std::unexpected(done.error());
  export_journal_metrics(p.metrics, *p.log);
  export_replay_metrics(p.metrics, *p.replays);
  p.keeper.emplace(*p.log, keep_policy(p.config.journal), p.metrics);
  p.snapshots.emplace(*p.log, p.config.snapshot, p.config.engine.limits, p.market, p.snapshot,
                      p.metrics);
  p.start_threads();
  return std::unique_ptr<Gateway>(new Gateway(std::move(parts)));
}

std::optional<Error> Gateway::wait(int signal_fd) { return parts_->failure.wait(signal_fd); }

Result<void> Gateway::reload(const Config& fresh) {
  const auto context = parts_->load_secrets(with_secrets_of(parts_->config, fresh));
  if (!context) return std::unexpected(context.error());
  for (const auto& shard : parts_->shards) shard->use(*context);
  return {};
}

void Gateway::stop() {
  Parts& p = *parts_;
  if (p.is_stopped || p.io_threads.empty()) return;
  p.is_stopped = true;
  p.is_draining.set();
  for (const auto& shard : p.shards) shard->drain_orders();
  for (const auto& shard : p.shards) shard->stop();
  for (std::thread& thread : p.io_threads) thread.join();
  if (p.archive) p.archive->stop();
  p.orders->stop();
  p.feed->stop();
  p.journal_stop.set();
  p.log->tail().arrivals().wake();
  if (p.journal_thread.joinable()) p.journal_thread.join();
}

std::uint16_t Gateway::port() const { return parts_->shards.front()->port(); }
Sequence Gateway::recovered() const { return parts_->log->last_sequence(); }

}  // namespace bourse
