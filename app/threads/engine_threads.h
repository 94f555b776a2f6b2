// The loops of the engine and the journal thread.
//   Shape:   functions that run until told to stop; everything they touch is given to them.
//   Owner:   run_engine: the engine thread; run_journal: the journal thread; the flags are set by
//            the main thread.
//   Errors:  run_journal returns the failure that ended it; run_engine cannot fail.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>

#include "feed/net/stage_clock.h"    // StageClock
#include "matching/sequencer.h"      // Sequencer
#include "matching/wait_strategy.h"  // WaitMode
#include "replay/log/log.h"          // Log
#include "replay/result.h"           // Error

namespace bourse {

// Set by the main thread (release), read by the loops (acquire).
struct StopFlag {
  std::atomic<bool> is_set{false};
  bool operator()() const { return is_set.load(std::memory_order_acquire); }
  void set() { is_set.store(true, std::memory_order_release); }
};

// Takes commands until `stop` is set and the gates are empty, or `abandon` is set. Marks on the
// clock what it has matched.
void run_engine(Sequencer& sequencer, Log& log, WaitMode wait, std::size_t commands_per_poll_max,
                StageClock& stages, const StopFlag& stop, const StopFlag& abandon);

// Wakes a parked engine thread when a timer of the market is due (an order expires, an auction
// ends) and closes the gates to new orders while the journal's disk is full or `is_stalled` says
// that nothing is acknowledged; both at most 5 ms late, until `stop` is set. `on_journal` is called
// when the journal's state has changed.
void run_timer(Sequencer& sequencer, const JournalWriter& journal, const StopFlag& stop,
               const std::function<bool()>& is_stalled,
               const std::function<void(JournalState)>& on_journal);

// Writes and releases until `stop` is set and the tail is written, then finishes the journal.
// `on_written` is called after each group; below level replicated it has been released then.
std::optional<Error> run_journal(Log& log, WaitMode wait, const StopFlag& stop,
                                 const std::function<void()>& on_written);

}  // namespace bourse
