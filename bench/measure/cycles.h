// Time by the processor's cycle counter, for what lasts tens of nanoseconds.
//   Shape:  begin() and end() around the measured call; end() waits until the call is done. What
//           the pair itself costs is measured once and to be subtracted by the caller.
//   Units:  cycles of a constant rate that all cores share; nanoseconds after ns().
//   Owner:  a value; any thread.
#pragma once

#include <time.h>
#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace bourse {

// CPU time of the calling thread, kernel included.
inline std::int64_t thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class CycleClock {
 public:
  CycleClock() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    const std::uint64_t start_cycles = now();
    while (Clock::now() - start < std::chrono::milliseconds(50)) {
    }
    const std::chrono::duration<double, std::nano> passed = Clock::now() - start;
    ns_per_cycle_ = passed.count() / static_cast<double>(now() - start_cycles);
    std::vector<std::uint64_t> pairs(100'001);
    for (std::uint64_t& pair : pairs) {
      const std::uint64_t begun = begin();
      pair = end() - begun;
    }
    const auto middle = pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2);
    std::nth_element(pairs.begin(), middle, pairs.end());
    overhead_cycles_ = *middle;
    step_cycles_ = ~std::uint64_t{0};
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t before = now();
      const std::uint64_t passed_cycles = now() - before;
      if (passed_cycles > 0) step_cycles_ = std::min(step_cycles_, passed_cycles);
    }
  }

  static std::uint64_t now() { return __rdtsc(); }
  static std::uint64_t begin() {
    const std::uint64_t cycles = __rdtsc();
    asm volatile("" ::: "memory");  // nothing moves to before the counter was read
    return cycles;
  }
  static std::uint64_t end() {
    asm volatile("" ::: "memory");
    unsigned core = 0;
    return __rdtscp(&core);
  }

  double ns(std::uint64_t cycles) const { return static_cast<double>(cycles) * ns_per_cycle_; }
  // What lies between begin() and end(), without the two of them. Not below 0.
  std::int64_t net_ns(std::uint64_t cycles) const {
    if (cycles <= overhead_cycles_) return 0;
    return std::llround(ns(cycles - overhead_cycles_));
  }
  double cycles(double ns) const { return ns / ns_per_cycle_; }
  double overhead_ns() const { return ns(overhead_cycles_); }
  // The smallest difference that two readings can have, other than 0.
  double step_ns() const { return ns(step_cycles_); }

 private:
  double ns_per_cycle_ = 0;
  std::uint64_t overhead_cycles_ = 0;  // of an empty pair, the median
  std::uint64_t step_cycles_ = 0;
};

}  // namespace bourse
