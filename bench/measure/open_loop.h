// The schedule of an open loop: it decides when each thing is sent, whatever happened to those
// before; latency counts from the intended time, so that waiting counts too.
//   Shape:  Pace waits for each intended time and keeps account of its own slips. Its clock is the
//           caller's: cycles or nanoseconds, anything that counts up.
//   Units:  those of the clock.
//   Owner:  the sending thread.
#pragma once

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>

namespace bourse {

class Pace {
 public:
  // `late` is from when on a slip is counted.
  Pace(double interval, std::uint64_t start, std::uint64_t late)
      : interval_(interval), start_(start), late_(late) {}

  std::uint64_t intended(std::uint64_t index) const {
    return start_ + static_cast<std::uint64_t>(interval_ * static_cast<double>(index));
  }
  // Waits until it is due; `now()` reads the clock, `idle(left)` passes some of the time that is
  // left. Returns when it was due. Slips count from index `warm_up` on.
  std::uint64_t wait(std::uint64_t index, std::uint64_t warm_up, auto&& now, auto&& idle) {
    const std::uint64_t due = intended(index);
    std::uint64_t at = now();
    while (at < due) {
      idle(due - at);
      at = now();
    }
    if (index >= warm_up) {
      ++count_;
      late_count_ += at - due > late_ ? 1 : 0;
      slip_most_ = std::max(slip_most_, at - due);
    }
    return due;
  }
  double late_percent() const {
    return count_ == 0 ? 0 : 100 * static_cast<double>(late_count_) / static_cast<double>(count_);
  }
  std::uint64_t slip_most() const { return slip_most_; }

 private:
  double interval_;
  std::uint64_t start_;
  std::uint64_t late_;
  std::uint64_t count_ = 0;
  std::uint64_t late_count_ = 0;
  std::uint64_t slip_most_ = 0;
};

// Nanoseconds since the epoch: the clock of the sequencer, so that all stamps can be compared.
inline std::uint64_t wall_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// Sleeps as long as the kernel wakes us in time, and spins the rest: others need this core too.
inline void sleep_most(std::uint64_t left_ns) {
  constexpr std::uint64_t spin_ns = 60'000;
  if (left_ns <= spin_ns) return;
  const timespec pause{static_cast<time_t>((left_ns - spin_ns) / 1'000'000'000),
                       static_cast<long>((left_ns - spin_ns) % 1'000'000'000)};
  ::nanosleep(&pause, nullptr);
}

// Per second, of so many that were done between the first and the last of them: a queue that grows
// stretches that time, a steady delay does not.
inline double rate_between(std::uint64_t count, std::int64_t first_ns, std::int64_t last_ns) {
  if (count < 2 || last_ns <= first_ns) return 0;
  return static_cast<double>(count - 1) * 1e9 / static_cast<double>(last_ns - first_ns);
}

// One try of the search below.
struct Tried {
  double reached = 0;  // per second
  double p999_ns = 0;
};

// The highest rate that is reached with p99.9 below the bound: doubled until it is not, then halved
// between. A try that fails is made once more, since a busy machine fails any. 0: not even `low`.
inline double highest_rate(double low, double high, double bound_ns,
                           const std::function<Tried(double)>& attempt) {
  const auto holds = [&](double rate) {
    for (int i = 0; i < 2; ++i) {
      const Tried tried = attempt(rate);
      if (tried.reached >= 0.99 * rate && tried.p999_ns < bound_ns) return true;
    }
    return false;
  };
  double good = 0, bad = 0;
  for (double rate = low; bad == 0 && rate <= high; rate *= 2) (holds(rate) ? good : bad) = rate;
  if (good == 0 || bad == 0) return good;
  for (int i = 0; i < 3; ++i) {
    const double middle = std::sqrt(good * bad);
    (holds(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace bourse
