#include "app/exchange/engine_channel.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "app/config/instrument_config.h"  // instrument_of
#include "app/config/keep_config.h"        // keep_policy
#include "app/config/opening_commands.h"   // rule_changes, ends_of_lost_sessions
#include "app/threads/engine_metrics.h"    // export_engine_metrics
#include "app/threads/journal_metrics.h"   // export_journal_metrics
#include "app/threads/journal_state.h"     // reason_not_ready, report_state
#include "app/threads/wall_clock.h"        // wall_clock_now
#include "feed/log_share.h"                // next_symbol_id
#include "matching/broadcast_ring.h"       // BroadcastRing
#include "matching/transaction.h"          // TransactionView
#include "replay/snapshot/restore.h"       // restore

namespace bourse {

Result<std::unique_ptr<EngineChannel>> EngineChannel::recover(
    const Config& config, Place place, std::function<Result<bool>()> may_resync) {
  std::unique_ptr<EngineChannel> channel(new EngineChannel(config, std::move(place)));
  if (auto done = channel->restore_all(); !done) return std::unexpected(done.error());
  if (auto done = channel->start_replicator(std::move(may_resync)); !done)
    return std::unexpected(done.error());
  return channel;
}

Result<void> EngineChannel::start_replicator(std::function<Result<bool>()> may_resync) {
  if (config_.stream.url.empty()) {
    if (config_.journal.durability != Durability::replicated) return {};
    return fail(ExitCode::bad_config, "level replicated needs a stream", "stream.url",
                "name its nats-servers, or choose journal.durability = \"disk\"");
  }
  replicator_.emplace(*log_, config_, place_.index,
                      ReplicatorThread::Hooks{.on_released = [this] { on_released(); },
                                              .on_failed =
                                                  [this](Error error) {
                                                    if (has_hooks_())
                                                      hooks_.on_failed(std::move(error));
                                                  },
                                              .may_resync = std::move(may_resync)});
  return replicator_->wait_for_start();
}

// Marks it on the clock before anybody is woken.
void EngineChannel::on_released() {
  if (stages_.is_wanted()) stages_.released.mark(log_->released_sequence(), wall_clock_now());
  if (has_hooks_()) hooks_.on_released();
}

Result<std::unique_ptr<EngineChannel>> EngineChannel::inherit(const Config& config, Place place,
                                                              Inheritance from) {
  std::unique_ptr<EngineChannel> channel(new EngineChannel(config, std::move(place)));
  auto may_resync = std::move(from.may_resync);
  if (auto done = channel->take_over(std::move(from)); !done) return std::unexpected(done.error());
  if (auto done = channel->start_replicator(std::move(may_resync)); !done)
    return std::unexpected(done.error());
  return channel;
}

Result<void> EngineChannel::open_log() {
  LogOptions options;
  options.directory = place_.directory;
  options.durability = config_.journal.durability;
  options.segment_bytes = config_.journal.segment_bytes;
  options.tail_bytes = config_.journal.tail_bytes;
  options.reserve_bytes = config_.journal.reserve_bytes;
  auto opened = Log::open(options);
  if (!opened) return std::unexpected(opened.error());
  log_ = std::move(*opened);
  for (const std::string& warning : log_->recovery().warnings) spdlog::warn("{}", warning);
  recovery_.torn_bytes = log_->recovery().torn_bytes;
  return {};
}

Result<void> EngineChannel::restore_all() {
  const auto before = std::chrono::steady_clock::now();
  if (auto opened = open_log(); !opened) return opened;
  auto restored = restore(*log_, {.limits = config_.engine.limits, .snapshot = {}, .stop = {}});
  if (!restored) return std::unexpected(restored.error());
  for (const std::string& warning : restored->warnings) spdlog::warn("{}", warning);
  if (restored->is_imported)
    return fail(ExitCode::bad_config, "this journal was imported from a foreign feed",
                place_.directory, "it can be replayed but not traded on; serve another directory");

  engine_ = std::move(restored->engine);
  market_ = std::move(restored->market);
  recovery_.transactions = restored->rebuilt.transactions;
  recovery_.snapshot = restored->snapshot.value();
  recovery_.epoch = log_->last_epoch().value() + 1;
  recovery_.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::steady_clock::now() - before)
                             .count();
  make_sequencer(log_->tail().writer(), log_->last_sequence(), log_->last_time());
  return {};
}

// The opening of the epoch is in the stream; here it becomes part of the log.
Result<void> EngineChannel::take_over(Inheritance from) {
  const auto before = std::chrono::steady_clock::now();
  if (auto opened = open_log(); !opened) return opened;
  const auto opening = TransactionView::parse(from.opening());
  if (!opening || opening->sequence() != next(log_->last_sequence()))
    return fail(ExitCode::internal, "the journal does not end where the standby left it",
                place_.directory, "start this node again: it finds out by itself");
  BroadcastRing::Writer writer = log_->tail().writer();
  if (!writer.append(from.opening()))
    return fail(ExitCode::busy, "the log's memory tail is full", "epoch",
                "raise journal.tail_bytes");
  // Before the replicator compares the ends of the two.
  for (JournalWriter& journal = log_->journal(); journal.has_work();)
    if (journal.step() == JournalWriter::Step::failed) return std::unexpected(journal.failure());
  engine_ = std::move(from.engine);
  market_ = std::move(from.market);
  has_opened_epoch_ = true;
  recovery_.transactions = opening->sequence().value();
  recovery_.epoch = from.epoch.value();
  recovery_.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::steady_clock::now() - before)
                             .count();
  make_sequencer(std::move(writer), opening->sequence(), opening->time());
  return {};
}

void EngineChannel::make_sequencer(BroadcastRing::Writer writer, Sequence last, TimeNs last_time) {
  recovery_.open_orders = engine_->open_orders();
  views_ = std::make_unique<MarketViews>(config_.engine.limits.symbols_max);
  sequencer_ = std::make_unique<Sequencer>(
      *engine_, std::move(writer), views_->writer(),
      Sequencer::Start{.last = last, .last_time = last_time, .epoch = Epoch{recovery_.epoch}});
}

Result<void> EngineChannel::open(const std::vector<SymbolConfig>& symbols) {
  if (!has_opened_epoch_)
    if (auto done = open_epoch(); !done) return done;
  if (auto done = define_instruments(symbols); !done) return done;
  return open_market(symbols);
}

// A command of the exchange itself, before the threads run. A refusal is an error of the set-up.
Result<void> EngineChannel::submit(const Command& command, std::string_view what) {
  if (!sequencer_->submit(command, wall_clock_now()))
    return fail(ExitCode::busy, "the log's memory tail is full", std::string(what),
                "raise journal.tail_bytes");
  for (const ExecEvent& event : sequencer_->last_events().exec_events())
    if (event.type == ExecType::rejected)
      return fail(ExitCode::bad_config,
                  fmt::format("refused with code {}", static_cast<int>(event.reject_reason)),
                  std::string(what),
                  "docs/PROTOCOL.md lists the codes; a defined instrument cannot be changed");
  return {};
}

Result<void> EngineChannel::open_epoch() {
  Command command{};
  command.type = CommandType::open_epoch;
  command.epoch.epoch = Epoch{recovery_.epoch};
  command.epoch.symbols_max = config_.engine.limits.symbols_max;
  command.epoch.accounts_max = config_.engine.limits.accounts_max;
  command.epoch.orders_max = config_.engine.limits.orders_max;
  return submit(command, "epoch");
}

Result<void> EngineChannel::define_instruments(const std::vector<SymbolConfig>& symbols) {
  for (const SymbolConfig& symbol : symbols) {
    const auto body = instrument_of(symbol);
    if (!body) return std::unexpected(body.error());
    Command command{};
    command.type = CommandType::define_instrument;
    command.symbol = engine_->find_symbol(symbol.symbol);
    if (!command.symbol)
      command.symbol = next_symbol_id(engine_->symbol_count(), place_.index, place_.count);
    else if (std::memcmp(engine_->instrument(command.symbol), &*body, sizeof *body) == 0)
      continue;
    else if (differ_in_limits_only(*engine_->instrument(command.symbol), *body)) {
      spdlog::warn(
          "symbols.{}: its price or quantity limits were changed while it traded; the "
          "changed ones are in force, not those of the configuration",
          symbol.symbol);
      continue;
    }
    command.instrument = *body;
    if (auto defined = submit(command, "symbols." + symbol.symbol); !defined) return defined;
  }
  for (std::uint32_t id = 1; id <= engine_->symbol_count(); ++id)
    if (const InstrumentBody* body = engine_->instrument(SymbolId{id}))
      recovery_.symbols.emplace_back(body->symbol_view());
  return {};
}

// The rules of the symbols as the configuration has them, and the end of what outlived its session.
Result<void> EngineChannel::open_market(const std::vector<SymbolConfig>& symbols) {
  const auto changes = rule_changes(symbols, *engine_);
  if (!changes) return std::unexpected(changes.error());
  for (const Command& command : *changes)
    if (auto done = submit(command, "rules of a symbol"); !done) return done;
  for (const Command& command : ends_of_lost_sessions(*engine_))
    if (auto done = submit(command, "orders of sessions that are gone"); !done) return done;
  return {};
}

MetricLabels EngineChannel::labels() const {
  if (place_.count == 1) return {};
  return {{"log", std::to_string(place_.index)}};
}

void EngineChannel::start_upkeep(Metrics& metrics) {
  export_journal_metrics(metrics, *log_, labels());
  export_engine_metrics(metrics, *sequencer_, labels());
  if (replicator_) replicator_->export_metrics(metrics, place_.index);
  keeper_.emplace(*log_, keep_policy(config_.journal), metrics, labels());
  snapshots_.emplace(*log_, config_.snapshot, config_.engine.limits, market_,
                     Sequence{recovery_.snapshot}, metrics, labels());
}

void EngineChannel::start_threads(Hooks hooks) {
  hooks_ = std::move(hooks);
  has_hooks_.set();
  if (replicator_)
    if (auto ended = replicator_->ended()) hooks_.on_failed(std::move(*ended));
  journal_thread_ = std::thread([this] {
    const bool is_held = config_.journal.durability == Durability::replicated;
    auto ended = run_journal(*log_, config_.engine.wait, journal_stop_, [this, is_held] {
      if (!is_held) on_released();
    });
    if (ended) hooks_.on_failed(std::move(*ended));
  });
  engine_thread_ = std::thread([this] {
    run_engine(*sequencer_, *log_, config_.engine.wait, config_.engine.commands_per_poll_max,
               stages_, engine_stop_, engine_abandon_);
  });
  timer_thread_ = std::thread([this] {
    run_timer(
        *sequencer_, log_->journal(), engine_stop_,
        [this] { return replicator_ && replicator_->is_stalled(); },
        [this](JournalState state) { report_state(log_->journal(), state); });
  });
}

void EngineChannel::stop_engine() {
  engine_stop_.set();
  const JournalState journal = log_->journal().state();
  if (journal == JournalState::stalled || journal == JournalState::failed) engine_abandon_.set();
  sequencer_->commands_waiting().wake();
  if (engine_thread_.joinable()) engine_thread_.join();
  if (timer_thread_.joinable()) timer_thread_.join();
}

void EngineChannel::stop_journal() {
  journal_stop_.set();
  log_->tail().arrivals().wake();
  if (journal_thread_.joinable()) journal_thread_.join();
  // What was written reaches the stream too, and at level replicated who waits for it.
  if (replicator_) replicator_->stop(std::chrono::milliseconds{config_.drain_timeout_ms});
}

void EngineChannel::add_reasons_not_ready(std::vector<std::string>& reasons) const {
  const std::string which = place_.count == 1 ? "" : fmt::format("channel {}: ", place_.index);
  const std::size_t before = reasons.size();
  const std::string_view journal = reason_not_ready(log_->journal().state());
  if (!journal.empty()) reasons.emplace_back(which + std::string(journal));
  if (replicator_)
    if (const std::string stream = replicator_->reason_not_ready(); !stream.empty())
      reasons.push_back(which + stream);
  // Whatever it was has passed, and the gate is still closed for a moment.
  if (reasons.size() == before && sequencer_ && !sequencer_->takes_orders())
    reasons.emplace_back(which + "orders are not taken yet");
  if (snapshots_ && snapshots_->has_diverged())
    reasons.emplace_back(which + "executed again, the journal gives something else");
}

}  // namespace bourse
