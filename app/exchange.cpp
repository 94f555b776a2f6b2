#include "app/exchange.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "app/demo_market.h"             // DemoMarket
#include "app/engine_metrics.h"          // export_engine_metrics
#include "app/engine_threads.h"          // run_engine, run_timer, ...
#include "app/instrument_config.h"       // instrument_of
#include "app/journal_metrics.h"         // export_journal_metrics
#include "app/journal_state.h"           // reason_not_ready, report_state
#include "app/keep_config.h"             // keep_policy
#include "app/keeper_thread.h"           // KeeperThread
#include "app/key_config.h"              // keys_of
#include "app/opening_commands.h"        // rule_changes, ends_of_lost_sessions
#include "app/participants.h"            // run_demo_market, run_itch_flow
#include "app/snapshot_thread.h"         // SnapshotThread
#include "app/wall_clock.h"              // wall_clock_now
#include "feed/history/replay_groups.h"  // ReplayGroups, export_replay_metrics
#include "feed/metrics.h"                // Metrics
#include "feed/net/certificate.h"        // TlsContext
#include "feed/net/connection_limits.h"  // ConnectionLimits
#include "feed/trade/lost_sessions.h"    // LostSessions
#include "feed/turn/io_shard.h"          // IoShard
#include "matching/broadcast_ring.h"     // BroadcastRing
#include "matching/market_view.h"        // MarketViews
#include "matching/sequencer.h"          // Sequencer
#include "replay/log/log.h"              // Log
#include "replay/snapshot/restore.h"     // restore

namespace bourse {
namespace {

constexpr AccountId flow_maker{1001};
constexpr AccountId flow_taker{1002};
constexpr SessionId flow_session{0xffffffff};  // no connection has it

}  // namespace

struct Exchange::Parts {
  Config config;
  ExchangeFlow flow;
  RecoverySummary recovery;
  Metrics metrics;
  Keys keys;
  std::unique_ptr<LostSessions> lost_sessions;
  std::unique_ptr<ReplayGroups> replays;
  std::unique_ptr<ConnectionLimits> connections;
  StageClock stages;
  std::unique_ptr<Log> log;
  std::unique_ptr<Engine> engine;  // engine thread, once it runs
  MarketState market;              // as recovered; each shard starts from a copy
  std::unique_ptr<MarketViews> views;
  std::unique_ptr<Sequencer> sequencer;          // engine thread, once it runs
  std::vector<std::unique_ptr<IoShard>> shards;  // one io thread each
  std::unique_ptr<DemoMarket> demo;              // participant thread
  std::optional<ItchFlow> itch;                  // participant thread

  StopFlag engine_stop;
  StopFlag engine_abandon;
  StopFlag journal_stop;
  StopFlag participant_stop;
  StopFlag is_ready;
  StopFlag is_draining;
  // std::function wants copies; this is made once and called once, by the participant thread.
  std::move_only_function<std::optional<Error>()> participant;
  std::thread engine_thread;
  std::thread timer_thread;
  std::thread journal_thread;
  std::thread participant_thread;
  std::vector<std::thread> io_threads;
  std::optional<KeeperThread> keeper;       // ends before the log does
  std::optional<SnapshotThread> snapshots;  // likewise
  bool is_stopped = false;

  // The first failure of any thread; guarded, cold. The descriptor wakes wait().
  std::mutex failure_mutex;
  std::optional<Error> failure;
  int failure_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

  ~Parts() { ::close(failure_fd); }

  void fail_with(Error error) {
    const std::lock_guard lock(failure_mutex);
    if (!failure) failure = std::move(error);
    const std::uint64_t one = 1;
    if (::write(failure_fd, &one, sizeof one) < 0) spdlog::error("cannot wake the main thread");
  }

  Result<void> recover();
  Result<void> submit(const Command& command, const char* what);
  Result<void> open_epoch();
  Result<void> define_instruments();
  Result<void> open_market();
  Result<void> open_shards();
  Result<void> open_participant();
  void start_threads();
  Result<TlsContext> load_secrets(const Config& from);  // the keys are in force then
  std::vector<std::string> reasons_not_ready() const;
};

// Opens the log, loads the newest snapshot and executes the rest again: the engine, the market and
// the accounts as they were.
Result<void> Exchange::Parts::recover() {
  const auto before = std::chrono::steady_clock::now();
  LogOptions options;
  options.directory = config.journal.directory;
  options.durability = config.journal.durability;
  options.segment_bytes = config.journal.segment_bytes;
  options.tail_bytes = config.journal.tail_bytes;
  options.reserve_bytes = config.journal.reserve_bytes;
  auto opened = Log::open(options);
  if (!opened) return std::unexpected(opened.error());
  log = std::move(*opened);
  for (const std::string& warning : log->recovery().warnings) spdlog::warn("{}", warning);

  auto restored = restore(*log, {.limits = config.engine.limits, .snapshot = {}, .stop = {}});
  if (!restored) return std::unexpected(restored.error());
  for (const std::string& warning : restored->warnings) spdlog::warn("{}", warning);
  if (restored->is_imported)
    return fail(ExitCode::bad_config, "this journal was imported from a foreign feed",
                config.journal.directory,
                "it can be replayed but not traded on; serve another directory");

  engine = std::move(restored->engine);
  market = std::move(restored->market);
  recovery.transactions = restored->rebuilt.transactions;
  recovery.snapshot = restored->snapshot.value();
  recovery.open_orders = engine->open_orders();
  recovery.torn_bytes = log->recovery().torn_bytes;
  recovery.epoch = log->last_epoch().value() + 1;
  recovery.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::steady_clock::now() - before)
                            .count();
  views = std::make_unique<MarketViews>(config.engine.limits.symbols_max);
  sequencer = std::make_unique<Sequencer>(*engine, log->tail().writer(), views->writer(),
                                          Sequencer::Start{.last = log->last_sequence(),
                                                           .last_time = log->last_time(),
                                                           .epoch = Epoch{recovery.epoch}});
  return {};
}

// A command of the exchange itself, before the threads run. A refusal is an error of the set-up.
Result<void> Exchange::Parts::submit(const Command& command, const char* what) {
  if (!sequencer->submit(command, wall_clock_now()))
    return fail(ExitCode::busy, "the log's memory tail is full", what, "raise journal.tail_bytes");
  for (const ExecEvent& event : sequencer->last_events().exec_events())
    if (event.type == ExecType::rejected)
      return fail(ExitCode::bad_config,
                  fmt::format("refused with code {}", static_cast<int>(event.reject_reason)), what,
                  "docs/PROTOCOL.md lists the codes; a defined instrument cannot be changed");
  return {};
}

Result<void> Exchange::Parts::open_epoch() {
  Command command{};
  command.type = CommandType::open_epoch;
  command.epoch.epoch = Epoch{recovery.epoch};
  command.epoch.symbols_max = config.engine.limits.symbols_max;
  command.epoch.accounts_max = config.engine.limits.accounts_max;
  command.epoch.orders_max = config.engine.limits.orders_max;
  return submit(command, "epoch");
}

Result<void> Exchange::Parts::define_instruments() {
  for (const SymbolConfig& symbol : config.symbols) {
    const auto body = instrument_of(symbol);
    if (!body) return std::unexpected(body.error());
    Command command{};
    command.type = CommandType::define_instrument;
    command.symbol = engine->find_symbol(symbol.symbol);
    if (!command.symbol)
      command.symbol = SymbolId{engine->symbol_count() + 1};
    else if (std::memcmp(engine->instrument(command.symbol), &*body, sizeof *body) == 0)
      continue;
    else if (differ_in_limits_only(*engine->instrument(command.symbol), *body)) {
      spdlog::warn(
          "symbols.{}: its price or quantity limits were changed while it traded; the "
          "changed ones are in force, not those of the configuration",
          symbol.symbol);
      continue;
    }
    command.instrument = *body;
    const std::string what = "symbols." + symbol.symbol;
    if (auto defined = submit(command, what.c_str()); !defined) return defined;
  }
  for (std::uint32_t id = 1; id <= engine->symbol_count(); ++id)
    if (const InstrumentBody* body = engine->instrument(SymbolId{id}))
      recovery.symbols.emplace_back(body->symbol_view());
  return {};
}

// The rules of the symbols as the configuration has them, and the end of what outlived its session.
Result<void> Exchange::Parts::open_market() {
  const auto changes = rule_changes(config.symbols, *engine);
  if (!changes) return std::unexpected(changes.error());
  for (const Command& command : *changes)
    if (auto done = submit(command, "rules of a symbol"); !done) return done;
  for (const Command& command : ends_of_lost_sessions(*engine))
    if (auto done = submit(command, "orders of sessions that are gone"); !done) return done;
  return {};
}

// Before the engine executes anything: the shards start from what was recovered.
Result<void> Exchange::Parts::open_shards() {
  const auto context = load_secrets(config);
  if (!context) return std::unexpected(context.error());
  config.feed.epoch = Epoch{recovery.epoch};
  connections = std::make_unique<ConnectionLimits>(config.feed);
  lost_sessions = std::make_unique<LostSessions>(config.feed.limits.disconnect_grace_ms);
  replays = std::make_unique<ReplayGroups>(config.feed.limits.replays_per_server_count);
  for (std::uint32_t index = 0; index < config.io_threads; ++index) {
    auto shard = IoShard::make(
        {.log = *log,
         .engine = *engine,
         .market = market,
         .accounts_max = config.engine.limits.accounts_max,
         .gate = sequencer->add_gate(fmt::format("io-{}", index), config.engine.gate_commands_max),
         .lost_sessions = *lost_sessions,
         .replays = *replays,
         .keys = keys,
         .connections = *connections,
         .stages = stages,
         .options = config.feed,
         .context = *context,
         .metrics = metrics,
         .not_ready = [this] { return reasons_not_ready(); },
         .on_failed = [this](const Error& error) { fail_with(error); },
         .index = index,
         .count = config.io_threads});
    if (!shard) return std::unexpected(shard.error());
    const std::uint16_t port = index == 0 ? config.feed.port : shards.front()->port();
    if (auto listening = (*shard)->listen(port); !listening) return listening;
    shards.push_back(std::move(*shard));
  }
  return {};
}

Result<void> Exchange::Parts::open_participant() {
  if (!flow.demo && flow.itch_file.empty()) return {};
  auto cursor = log->cursor(next(sequencer->last_sequence()), Bound::appended);
  if (!cursor) return std::unexpected(cursor.error());
  Gate gate = sequencer->add_gate("participant", config.engine.gate_commands_max);
  if (!flow.itch_file.empty()) {
    ItchFlowOptions options;
    options.file = flow.itch_file;
    options.maker = flow_maker;
    options.taker = flow_taker;
    options.session = flow_session;
    options.speed = flow.speed;
    for (std::uint32_t id = 1; id <= engine->symbol_count(); ++id)
      if (const InstrumentBody* body = engine->instrument(SymbolId{id}))
        options.defined.emplace_back(body->symbol_view(), SymbolId{id});
    auto opened = ItchFlow::open(std::move(options));
    if (!opened) return std::unexpected(opened.error());
    itch.emplace(std::move(*opened));
    participant = [this, gate = std::move(gate), log_cursor = std::move(*cursor)]() mutable {
      return run_itch_flow(*itch, std::move(gate), std::move(log_cursor), log->tail(),
                           config.engine.wait, participant_stop);
    };
  } else {
    DemoOptions options;
    options.seed = config.demo.seed;
    options.commands_per_second = config.demo.commands_per_second;
    demo = std::make_unique<DemoMarket>(options, *engine, std::move(gate), std::move(*cursor));
    participant = [this] { return run_demo_market(*demo, participant_stop); };
  }
  return {};
}

void Exchange::Parts::start_threads() {
  // Who comes at once shall find the instruments that the first start defines.
  for (const auto& shard : shards) shard->serve_after(sequencer->last_sequence());
  journal_thread = std::thread([this] {
    const auto wake_shards = [this] {
      for (const auto& shard : shards) shard->wake();
    };
    auto ended = run_journal(*log, config.engine.wait, stages, journal_stop, wake_shards);
    if (ended) fail_with(std::move(*ended));
  });
  engine_thread = std::thread([this] {
    run_engine(*sequencer, *log, config.engine.wait, config.engine.commands_per_poll_max, stages,
               engine_stop, engine_abandon);
  });
  timer_thread = std::thread([this] {
    run_timer(*sequencer, log->journal(), engine_stop,
              [this](JournalState state) { report_state(log->journal(), state); });
  });
  for (const auto& shard : shards) io_threads.emplace_back([&shard] { shard->run(); });
  if (participant)
    participant_thread = std::thread([this] {
      auto ended = participant();
      if (ended) fail_with(std::move(*ended));
      if (itch) {
        fmt::print("\n{}\n", itch->report().text());
        std::fflush(stdout);
      }
    });
  is_ready.set();
}

std::vector<std::string> Exchange::Parts::reasons_not_ready() const {
  std::vector<std::string> reasons;
  if (!is_ready()) reasons.emplace_back("starting");
  if (is_draining()) reasons.emplace_back("shutting down");
  const std::string_view journal = reason_not_ready(log->journal().state());
  if (!journal.empty()) reasons.emplace_back(journal);
  if (snapshots && snapshots->has_diverged())
    reasons.emplace_back("executed again, the journal gives something else");
  return reasons;
}

Result<TlsContext> Exchange::Parts::load_secrets(const Config& from) {
  auto context = TlsContext::server(from.feed, config.journal.directory + "/self-signed.pem");
  if (!context) return context;
  auto known = keys_of(from, flow.demo);
  if (!known) return std::unexpected(known.error());
  keys.replace(std::move(*known));
  return context;
}

Exchange::Exchange(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Exchange::~Exchange() { stop(); }

Result<std::unique_ptr<Exchange>> Exchange::start(const Config& config, const ExchangeFlow& flow) {
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->flow = flow;
  Parts& p = *parts;
  if (auto done = p.recover(); !done) return std::unexpected(done.error());
  if (auto done = p.open_shards(); !done) return std::unexpected(done.error());
  if (auto done = p.open_epoch(); !done) return std::unexpected(done.error());
  if (auto done = p.define_instruments(); !done) return std::unexpected(done.error());
  if (auto done = p.open_market(); !done) return std::unexpected(done.error());
  if (auto done = p.open_participant(); !done) return std::unexpected(done.error());
  export_journal_metrics(p.metrics, *p.log);
  export_engine_metrics(p.metrics, *p.sequencer);
  export_replay_metrics(p.metrics, *p.replays);
  p.keeper.emplace(*p.log, keep_policy(p.config.journal), p.metrics);
  p.snapshots.emplace(*p.log, p.config.snapshot, p.config.engine.limits, p.market,
                      Sequence{p.recovery.snapshot}, p.metrics);
  p.start_threads();
  return std::unique_ptr<Exchange>(new Exchange(std::move(parts)));
}

std::optional<Error> Exchange::wait(int signal_fd) {
  pollfd events[2] = {{signal_fd, POLLIN, 0}, {parts_->failure_fd, POLLIN, 0}};
  while (::poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  const std::lock_guard lock(parts_->failure_mutex);
  return parts_->failure;
}

Result<void> Exchange::reload(const Config& fresh) {
  const auto context = parts_->load_secrets(with_secrets_of(parts_->config, fresh));
  if (!context) return std::unexpected(context.error());
  for (const auto& shard : parts_->shards) shard->use(*context);
  return {};
}

void Exchange::stop() {
  Parts& p = *parts_;
  if (p.is_stopped) return;
  p.is_stopped = true;
  p.is_draining.set();
  // From the mouth to the feet: no new orders, then what was taken is executed, written, told.
  for (const auto& shard : p.shards) shard->drain_orders();
  p.participant_stop.set();
  p.log->tail().arrivals().wake();
  if (p.participant_thread.joinable()) p.participant_thread.join();
  p.engine_stop.set();
  const JournalState journal = p.log->journal().state();
  if (journal == JournalState::stalled || journal == JournalState::failed) p.engine_abandon.set();
  p.sequencer->commands_waiting().wake();
  if (p.engine_thread.joinable()) p.engine_thread.join();
  if (p.timer_thread.joinable()) p.timer_thread.join();
  p.journal_stop.set();
  p.log->tail().arrivals().wake();
  if (p.journal_thread.joinable()) p.journal_thread.join();
  for (const auto& shard : p.shards) shard->stop();
  for (std::thread& thread : p.io_threads) thread.join();
}

std::uint16_t Exchange::port() const { return parts_->shards.front()->port(); }
const RecoverySummary& Exchange::recovery() const { return parts_->recovery; }

}  // namespace bourse
