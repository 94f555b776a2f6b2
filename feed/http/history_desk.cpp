#include "feed/http/history_desk.h"

#include <utility>

namespace bourse {

HistoryDesk::HistoryDesk(std::size_t waiting_max, std::function<void()> on_done)
    : waiting_max_(waiting_max), on_done_(std::move(on_done)), thread_([this] { run(); }) {}

HistoryDesk::~HistoryDesk() { end(); }

void HistoryDesk::end() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  arrivals_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const HistoryDesk::Task> HistoryDesk::ask(std::function<HttpAnswer()> work) {
  auto task = std::make_shared<Task>();
  task->work = std::move(work);
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max_) {
      ++refused_count_;
      return nullptr;
    }
    waiting_.push_back(task);
  }
  arrivals_.notify_one();
  return task;
}

void HistoryDesk::run() {
  while (true) {
    std::shared_ptr<Task> task;
    {
      std::unique_lock lock(mutex_);
      arrivals_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
      if (ends_) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task->answer = task->work();
    task->done.store(true, std::memory_order_release);
    done_count_.fetch_add(1, std::memory_order_release);
    on_done_();
  }
}

}  // namespace bourse
