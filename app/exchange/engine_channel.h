// One channel of the exchange: an engine with its log, and the threads that turn them. Recovered
// from its directory, opened by commands of its own, then run until it is told to stop.
//   Shape:   one engine thread, one journal thread, one that looks after timers, one each for
//            segments and snapshots.
//   Owner:   made, opened, started and stopped by the main thread; whom the rest belongs to stands
//            beside it. Outlives everybody who reads its log or has a gate.
//   Errors:  recover() and open() return what kept it from starting. A journal that fails while
//            running is told to `on_failed`; what was not released was never told to anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "app/config/config.h"              // Config
#include "app/threads/engine_threads.h"     // StopFlag
#include "app/threads/keeper_thread.h"      // KeeperThread
#include "app/threads/replicator_thread.h"  // ReplicatorThread
#include "app/threads/snapshot_thread.h"    // SnapshotThread
#include "feed/metrics.h"                   // Metrics
#include "feed/net/stage_clock.h"           // StageClock
#include "matching/broadcast_ring.h"        // BroadcastRing
#include "matching/engine.h"                // Engine
#include "matching/market_state.h"          // MarketState
#include "matching/market_view.h"           // MarketViews
#include "matching/sequencer.h"             // Sequencer, Gate
#include "replay/log/log.h"                 // Log
#include "replay/result.h"                  // Result, Error

namespace bourse {

struct RecoverySummary {
  std::uint64_t transactions = 0;  // executed again
  std::uint64_t snapshot = 0;      // sequence of the snapshot before them; 0: none
  std::uint64_t open_orders = 0;
  std::uint64_t torn_bytes = 0;
  std::uint32_t epoch = 0;  // the one that this start has opened
  std::int64_t elapsed_ms = 0;
  std::vector<std::string> symbols;  // recovered and configured, in order of their ids
};

// What a standby hands over to the exchange that it becomes: its engine and market as of the log's
// last sequence, and the transaction after it, which opened the epoch in the stream.
struct Inheritance {
  std::unique_ptr<Engine> engine;    // has executed `opening`
  MarketState market;                // has not followed it
  std::vector<std::uint64_t> words;  // holds the record `opening`, 8-aligned
  std::size_t bytes = 0;
  std::uint64_t followed = 0;  // transactions compared since the standby started
  Epoch epoch{0};
  std::function<Result<bool>()> may_resync = [] {
    return true;
  };  // whether it leads; asks the lease
  std::span<const std::byte> opening() const {
    return std::as_bytes(std::span(words)).first(bytes);
  }
};

class EngineChannel {
 public:
  // Called by the journal thread, and by those of the replicator.
  struct Hooks {
    std::function<void()> on_released;  // more may leave the process
    std::function<void(Error)> on_failed;
  };

  // Which of the exchange's channels this is.
  struct Place {
    std::string directory;
    std::uint32_t index = 0;
    std::uint32_t count = 1;
  };

  // Opens the log, loads the newest snapshot and executes the rest again: the engine, the market
  // and the accounts as they were. If there is a stream it is published to from now on, as long as
  // `may_resync`; at level replicated it then has what the log had. The configuration outlives the
  // channel.
  static Result<std::unique_ptr<EngineChannel>> recover(
      const Config& config, Place place,
      std::function<Result<bool>()> may_resync = [] { return true; });
  // The same without executing anything: a standby has done that. The log ends before `opening`.
  static Result<std::unique_ptr<EngineChannel>> inherit(const Config& config, Place place,
                                                        Inheritance from);
  EngineChannel(const EngineChannel&) = delete;
  EngineChannel& operator=(const EngineChannel&) = delete;

  // The epoch, its share of the configured instruments and their rules, the end of what outlived
  // its session.
  // After every gate was added that shall have a share of its first transactions.
  Result<void> open(const std::vector<SymbolConfig>& symbols);
  // Looks after segments and snapshots, and tells the metrics.
  void start_upkeep(Metrics& metrics);
  void start_threads(Hooks hooks);

  // No gate brings anything more: what is in them is executed, then the engine thread ends. If the
  // journal takes nothing, at once.
  void stop_engine();
  // Writes the rest of the tail and finishes the journal.
  void stop_journal();

  // Before start_threads().
  Gate add_gate(std::string name) {
    return sequencer_->add_gate(std::move(name), config_.engine.gate_commands_max);
  }

  Log& log() { return *log_; }
  Sequencer& sequencer() { return *sequencer_; }
  const Engine& engine() const { return *engine_; }      // not once the threads run
  const MarketState& market() const { return market_; }  // as recovered
  StageClock& stages() { return stages_; }
  std::uint32_t index() const { return place_.index; }
  const RecoverySummary& recovery() const { return recovery_; }
  MetricLabels labels() const;  // of its metrics: which log, if there are several
  void add_reasons_not_ready(std::vector<std::string>& reasons) const;  // any thread

 private:
  EngineChannel(const Config& config, Place place) : config_(config), place_(std::move(place)) {}

  Result<void> open_log();
  Result<void> restore_all();
  Result<void> take_over(Inheritance from);
  void make_sequencer(BroadcastRing::Writer writer, Sequence last, TimeNs last_time);
  Result<void> start_replicator(std::function<Result<bool>()> may_resync);
  void on_released();
  Result<void> submit(const Command& command, std::string_view what);
  Result<void> open_epoch();
  Result<void> define_instruments(const std::vector<SymbolConfig>& symbols);
  Result<void> open_market(const std::vector<SymbolConfig>& symbols);

  const Config& config_;
  const Place place_;
  RecoverySummary recovery_;
  bool has_opened_epoch_ = false;  // it is in the log already
  std::unique_ptr<Log> log_;
  std::unique_ptr<Engine> engine_;  // engine thread, once it runs
  MarketState market_;
  std::unique_ptr<MarketViews> views_;
  std::unique_ptr<Sequencer> sequencer_;  // engine thread, once it runs
  StageClock stages_;

  StopFlag engine_stop_;
  StopFlag engine_abandon_;
  StopFlag journal_stop_;
  Hooks hooks_;
  StopFlag has_hooks_;
  std::thread engine_thread_;
  std::thread timer_thread_;
  std::thread journal_thread_;
  std::optional<ReplicatorThread> replicator_;  // ends before the log does
  std::optional<KeeperThread> keeper_;          // likewise
  std::optional<SnapshotThread> snapshots_;     // likewise
};

}  // namespace bourse
