// The journal's thread of a bench: writes what comes into the tail, parks in between as in the
// exchange, and is ended with its owner.
//   Owner:  made and ended by one thread; `on_released` is called by the journal's.
//   Errors: end() returns what ended the journal before.
#pragma once

#include <functional>
#include <optional>
#include <thread>

#include "app/threads/engine_threads.h"     // StopFlag
#include "app/threads/thread_scheduling.h"  // run_before_others
#include "matching/wait_strategy.h"         // Waiter
#include "replay/log/log.h"                 // Log

namespace bourse {

class JournalThread {
 public:
  JournalThread(Log& log, std::function<void()> on_released)
      : log_(log), on_released_(std::move(on_released)), thread_([this] { run(); }) {}
  ~JournalThread() { static_cast<void>(end()); }
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;

  // Writes and releases what is in the tail, then ends.
  std::optional<Error> end() {
    stop_.set();
    log_.tail().arrivals().wake();
    if (thread_.joinable()) thread_.join();
    return failure_;
  }

 private:
  void run() {
    JournalWriter& journal = log_.journal();
    Waiter waiter(WaitMode::park, log_.tail().arrivals());
    run_before_others();
    for (;;) {
      switch (journal.step()) {
        case JournalWriter::Step::wrote:
          on_released_();
          waiter.worked();
          break;
        case JournalWriter::Step::idle:
          if (stop_() && !journal.has_work()) return;
          waiter.wait([&] { return journal.has_work() || stop_(); });
          break;
        default:  // a bench has no use for a full disk
          failure_ = journal.failure();
          return;
      }
    }
  }

  Log& log_;
  std::function<void()> on_released_;
  StopFlag stop_;
  std::optional<Error> failure_;  // written by the thread, read after it has ended
  std::thread thread_;
};

}  // namespace bourse
