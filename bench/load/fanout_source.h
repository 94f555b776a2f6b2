// Says when the next messages of a fan-out run are due, and measures the server between warm-up and
// end. The same for both servers.
//   Shape:  closed loop: a batch when all before are delivered, but for a window. Open loop: what
//           the pacer's clock says.
//   Units:  messages, nanoseconds.
//   Owner:  the server's thread, except pace(), which a thread of its own runs.
//   Errors: none.
#pragma once

#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <span>

#include "bench/load/fanout_plan.h"  // FanoutPlan, ServerFigures

namespace bourse {

class FanoutSource {
 public:
  static constexpr std::uint64_t window_batches = 4;

  explicit FanoutSource(const FanoutPlan& plan) : plan_(plan) {}

  // Messages that may be published now.
  std::uint64_t due() const {
    if (!started_ || published_ == plan_.messages) return 0;
    if (plan_.per_second > 0) return paced_.load(std::memory_order_acquire) - published_;
    const std::uint64_t owed = published_ * plan_.subscribers - delivered_;
    if (owed > window_batches * plan_.batch * plan_.subscribers) return 0;
    return std::min<std::uint64_t>(plan_.batch, plan_.messages - published_);
  }
  std::span<const std::byte> next_payload() {
    const std::uint64_t number = published_++;
    const std::int64_t intended = intended_ns(number);
    std::memcpy(payload_.data(), &number, sizeof number);
    std::memcpy(payload_.data() + sizeof number, &intended, sizeof intended);
    return std::span(payload_).first(plan_.payload_bytes);
  }
  // Call it before the first subscriber can come.
  void listen() { open_ns_ = clock_ns(CLOCK_THREAD_CPUTIME_ID); }
  // All subscribers are there.
  void start() {
    open_ns_ = clock_ns(CLOCK_THREAD_CPUTIME_ID) - open_ns_;
    start_ns_.store(clock_ns(CLOCK_MONOTONIC), std::memory_order_release);
    started_ = true;
  }
  void delivered(std::uint64_t messages) { delivered_ += messages; }
  // Call it between two rounds of the server.
  void measure(std::uint64_t writes) {
    const std::uint64_t warm = plan_.warm_up * plan_.subscribers;
    if (begin_.deliveries == 0 && delivered_ > warm)
      begin_ = {clock_ns(CLOCK_THREAD_CPUTIME_ID), delivered_, writes, 0, 0};
    if (end_.deliveries == 0 && delivered_ == plan_.messages * plan_.subscribers)
      end_ = {clock_ns(CLOCK_THREAD_CPUTIME_ID), delivered_, writes, 0, 0};
  }
  bool is_done() const { return end_.deliveries > 0; }
  ServerFigures figures() const {
    return {end_.cpu_ns - begin_.cpu_ns, end_.deliveries - begin_.deliveries,
            end_.writes - begin_.writes, late_ns_max_.load(std::memory_order_relaxed), open_ns_};
  }
  const FanoutPlan& plan() const { return plan_; }

  // Open loop, on its own thread: makes messages due on schedule and calls `wake` each time.
  template <class Wake>
  void pace(const std::atomic<bool>& stop, Wake wake) {
    while (start_ns_.load(std::memory_order_acquire) == 0 && !stop.load()) sleep_until(0);
    for (std::uint64_t i = 1; i <= plan_.messages && !stop.load(); ++i) {
      const std::int64_t at = intended_ns(i - 1);
      sleep_until(at);
      const std::int64_t late = clock_ns(CLOCK_MONOTONIC) - at;
      if (late > late_ns_max_.load(std::memory_order_relaxed))
        late_ns_max_.store(late, std::memory_order_relaxed);
      paced_.store(i, std::memory_order_release);
      wake();
    }
  }

 private:
  std::int64_t intended_ns(std::uint64_t number) const {
    if (plan_.per_second == 0) return clock_ns(CLOCK_MONOTONIC);
    // A little after the start, so that the first ones are not late by definition.
    return start_ns_.load(std::memory_order_relaxed) + 10'000'000 +
           static_cast<std::int64_t>(number * 1'000'000'000 / plan_.per_second);
  }
  static void sleep_until(std::int64_t at_ns) {
    if (at_ns == 0) at_ns = clock_ns(CLOCK_MONOTONIC) + 1'000'000;
    const timespec at{at_ns / 1'000'000'000, at_ns % 1'000'000'000};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
  }

  FanoutPlan plan_;
  std::array<std::byte, 4096> payload_{};
  bool started_ = false;
  std::int64_t open_ns_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t delivered_ = 0;
  ServerFigures begin_;
  ServerFigures end_;
  // Written by the server's thread once (release), read by the pacer.
  std::atomic<std::int64_t> start_ns_{0};
  // Written by the pacer (release), read by the server's thread: how many are due by now.
  std::atomic<std::uint64_t> paced_{0};
  std::atomic<std::int64_t> late_ns_max_{0};  // written by the pacer, read after the run
};

}  // namespace bourse
