// How a thread waits for work that another thread makes, without slowing the maker down.
//   Shape:  WaitPoint is an event count: two words. Waiter is one thread's patience: it looks a few
//           times, then yields, then parks, as far as its WaitMode allows.
//   Owner:  a WaitPoint is shared: any number of threads park, any number wake. A Waiter belongs to
//           the waiting thread.
//   Errors: none. park() may return early; callers look for work again anyway.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bourse {

enum class WaitMode : std::uint8_t {
  spin = 1,   // burns a core, for the lowest latency on a machine with cores to spare
  yield = 2,  // gives the core away between looks
  park = 3,   // sleeps in the kernel until woken; the default, right on 2 cores
};

// Tells the processor that this is a waiting loop.
inline void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

// The protocol that loses no wake-up:
//   waiting thread:  ticket = prepare(); if (there is work) cancel(); else park(ticket);
//   working thread:  make the work visible; wake();
class WaitPoint {
 public:
  // Announces that the caller is about to park. It must look for work once more afterwards.
  std::uint32_t prepare() {
    const std::uint32_t ticket = wakes_.load(std::memory_order_acquire);
    parked_.fetch_add(1, std::memory_order_seq_cst);
    // Either the waker's load of parked_ sees this thread, or this thread sees the waker's work.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return ticket;
  }
  void cancel() { parked_.fetch_sub(1, std::memory_order_relaxed); }
  // Sleeps until somebody called wake() after prepare().
  void park(std::uint32_t ticket) {
    wakes_.wait(ticket, std::memory_order_acquire);
    parked_.fetch_sub(1, std::memory_order_relaxed);
  }
  // After work was made visible. A fence and a load when nobody sleeps; else one system call.
  void wake() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (parked_.load(std::memory_order_relaxed) == 0) return;
    wakes_.fetch_add(1, std::memory_order_release);
    wakes_.notify_all();
  }

 private:
  // Threads between prepare() and the end of park(). Written by them, read by wakers; ordered by
  // the two fences, not by itself.
  alignas(128) std::atomic<std::uint32_t> parked_{0};
  // Counts wake-ups that met a sleeper: what park() sleeps on (acquire with wake()'s release).
  std::atomic<std::uint32_t> wakes_{0};
};

class Waiter {
 public:
  Waiter(WaitMode mode, WaitPoint& point) : point_(point), mode_(mode) {}

  // Called when the thread found nothing to do. `has_work` is asked once more before sleeping.
  template <class HasWork>
  void wait(HasWork has_work) {
    ++idle_rounds_;
    if (mode_ == WaitMode::spin || idle_rounds_ <= spin_rounds_max) {
      pause_briefly();
      return;
    }
    if (mode_ == WaitMode::yield || idle_rounds_ <= spin_rounds_max + yield_rounds_max) {
      std::this_thread::yield();
      return;
    }
    const std::uint32_t ticket = point_.prepare();
    if (has_work()) {
      point_.cancel();
    } else {
      point_.park(ticket);
    }
    idle_rounds_ = 0;
  }
  // Called when the thread found something to do.
  void worked() { idle_rounds_ = 0; }

 private:
  static constexpr std::uint32_t spin_rounds_max = 64;
  static constexpr std::uint32_t yield_rounds_max = 4;

  WaitPoint& point_;
  WaitMode mode_;
  std::uint32_t idle_rounds_ = 0;
};

}  // namespace bourse
