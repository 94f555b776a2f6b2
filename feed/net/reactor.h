// The waiting room of one io thread: Asio's io_context, a clock, and a bell that other threads
// ring.
//   Shape:  wait() blocks in epoll until a socket is ready, the bell rings or time is up. The bell
//           is an eventfd; wake() costs a system call only while the thread sleeps.
//   Units:  nanoseconds of the steady clock.
//   Owner:  one io thread; wake() may be called by any thread.
//   Errors: none; without an eventfd the process cannot work and stops.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace bourse {

class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  void poll();  // runs the handlers that are ready
  // Sleeps at most `timeout_ns` unless `has_news()`, then runs what is ready. Whoever makes news
  // calls wake() afterwards: either has_news() sees it, or the bell does.
  template <class HasNews>
  void wait(std::int64_t timeout_ns, HasNews has_news) {
    state_.exchange(sleeping, std::memory_order_seq_cst);
    if (has_news())
      state_.store(awake, std::memory_order_relaxed);
    else
      block(timeout_ns);
    poll();
  }
  void wake();

  std::int64_t now_ns() const { return now_ns_; }  // as of the last poll() or wait()
  boost::asio::io_context& native();

 private:
  struct State;
  static constexpr std::uint32_t awake = 0;
  static constexpr std::uint32_t sleeping = 1;

  void block(std::int64_t timeout_ns);

  std::unique_ptr<State> state_of_asio_;
  std::int64_t now_ns_ = 0;
  // Written by both sides with seq_cst exchanges: of "I sleep" and "there is news" one comes first,
  // and the other sees it.
  std::atomic<std::uint32_t> state_{awake};
};

std::int64_t steady_now_ns();

}  // namespace bourse
