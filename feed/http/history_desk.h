// Work that reads far into the log for an HTTP request, beside the io thread: the sweep does not
// wait for it.
//   Shape:  one thread, a short queue. Who asked keeps the Task and looks at is_done().
//   Owner:  an io thread asks; `on_done` is called by the desk's thread after each task.
//   Errors: ask() is nullptr when too much waits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "feed/net/http_message.h"  // HttpAnswer

namespace bourse {

class HistoryDesk {
 public:
  struct Task {
    std::function<HttpAnswer()> work;
    HttpAnswer answer;  // once done
    std::atomic<bool> done{false};
    bool is_done() const { return done.load(std::memory_order_acquire); }
  };

  HistoryDesk(std::size_t waiting_max, std::function<void()> on_done);
  ~HistoryDesk();
  HistoryDesk(const HistoryDesk&) = delete;
  HistoryDesk& operator=(const HistoryDesk&) = delete;

  std::shared_ptr<const Task> ask(std::function<HttpAnswer()> work);
  void end();  // no more answers, no more calls of on_done
  std::uint64_t refused_count() const { return refused_count_; }  // by the io thread
  std::uint64_t done_count() const { return done_count_.load(std::memory_order_acquire); }

 private:
  void run();

  std::size_t waiting_max_;
  std::uint64_t refused_count_ = 0;
  std::function<void()> on_done_;
  std::mutex mutex_;
  std::condition_variable arrivals_;
  std::deque<std::shared_ptr<Task>> waiting_;  // guarded
  bool ends_ = false;                          // guarded
  std::atomic<std::uint64_t> done_count_{0};
  std::thread thread_;
};

}  // namespace bourse
