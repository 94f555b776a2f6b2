#include "app/threads/engine_threads.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <thread>

#include "app/threads/thread_scheduling.h"  // run_before_others
#include "app/threads/wall_clock.h"         // wall_clock_now
#include "matching/broadcast_ring.h"        // BroadcastRing

namespace bourse {
namespace {

constexpr std::chrono::microseconds blocked_pause{50};
constexpr std::chrono::milliseconds stalled_pause{10};
constexpr std::chrono::milliseconds timer_step{5};

}  // namespace

void run_engine(Sequencer& sequencer, Log& log, WaitMode wait, std::size_t commands_per_poll_max,
                StageClock& stages, const StopFlag& stop, const StopFlag& abandon) {
  Waiter waiter(wait, sequencer.commands_waiting());
  while (!abandon()) {
    if (sequencer.poll(wall_clock_now(), commands_per_poll_max) > 0) {
      if (stages.is_wanted()) stages.matched.mark(sequencer.last_sequence(), wall_clock_now());
      log.tail().arrivals().wake();
      waiter.worked();
    } else if (sequencer.is_blocked()) {
      // The journal is a whole tail behind: commands wait in their gates, writers hear `busy`.
      std::this_thread::sleep_for(blocked_pause);
    } else if (stop()) {
      return;
    } else {
      waiter.wait([&] { return sequencer.has_work(wall_clock_now()) || stop() || abandon(); });
    }
  }
}

void run_timer(Sequencer& sequencer, const JournalWriter& journal, const StopFlag& stop,
               const std::function<bool()>& is_stalled,
               const std::function<void(JournalState)>& on_journal) {
  JournalState known = JournalState::writing;
  bool was_stalled = false;
  while (!stop()) {
    std::this_thread::sleep_for(timer_step);
    const JournalState state = journal.state();
    const bool stalled = is_stalled();
    if (state != known || stalled != was_stalled) {
      sequencer.take_orders(state == JournalState::writing && !stalled);
    }
    was_stalled = stalled;
    if (state != known) {
      known = state;
      on_journal(state);
    }
    if (sequencer.due() <= wall_clock_now()) sequencer.commands_waiting().wake();
  }
}

std::optional<Error> run_journal(Log& log, WaitMode wait, const StopFlag& stop,
                                 const std::function<void()>& on_written) {
  JournalWriter& journal = log.journal();
  Waiter waiter(wait, log.tail().arrivals());
  // What it waits for is the disk; when that has answered everybody waits for it. A thread that
  // never sleeps, though, may not go before all others.
  if (wait == WaitMode::park) {
    spdlog::debug("scheduling of the journal thread: {}", to_string(run_before_others()));
  }
  while (true) {
    switch (journal.step()) {
      case JournalWriter::Step::wrote:
        on_written();
        waiter.worked();
        break;
      case JournalWriter::Step::idle:
        if (stop() && !journal.has_work()) {
          if (auto finished = journal.finish(); !finished) return finished.error();
          on_written();
          return std::nullopt;
        }
        waiter.wait([&] { return journal.has_work() || stop(); });
        break;
      case JournalWriter::Step::stalled:
        if (stop()) return journal.failure();
        std::this_thread::sleep_for(stalled_pause);
        break;
      case JournalWriter::Step::failed:
        return journal.failure();
    }
  }
}

}  // namespace bourse
