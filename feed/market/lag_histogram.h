// How late one connection gets what is new: percentiles from counts, a few hundred bytes.
//   Shape:  four steps to each doubling, from 1 us to about 70 minutes; a percentile is the upper
//           bound of its step, at most a quarter too high.
//   Units:  nanoseconds.
//   Owner:  one session.
//   Errors: none.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bourse {

class LagHistogram {
 public:
  void add(std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
    most_ = std::max(most_, value);
    ++count_;
    ++counts_[step_of(value)];
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t most() const { return most_; }
  // `percent` of all are at most this; 0: there are none.
  std::uint64_t at(std::uint64_t percent) const {
    const std::uint64_t wanted = (count_ * percent + 99) / 100;
    std::uint64_t seen = 0;
    for (std::size_t step = 0; step < counts_.size() && count_ > 0; ++step) {
      seen += counts_[step];
      if (seen >= wanted) return std::min(bound_of(step), most_);
    }
    return 0;
  }

 private:
  static constexpr std::uint64_t first = 1024;  // everything up to it is one step
  static constexpr std::size_t per_doubling = 4;
  static constexpr std::size_t doublings = 32;

  // Above `first`: the doubling, and which quarter of it.
  static std::size_t step_of(std::uint64_t value) {
    if (value <= first) return 0;
    const auto doubling = static_cast<std::size_t>(std::bit_width((value - 1) / first)) - 1;
    if (doubling >= doublings) return per_doubling * doublings;
    const std::uint64_t base = first << doubling;
    return 1 + doubling * per_doubling + (value - 1 - base) / (base / per_doubling);
  }
  static std::uint64_t bound_of(std::size_t step) {
    if (step == 0) return first;
    const std::uint64_t base = first << (step - 1) / per_doubling;
    return base + ((step - 1) % per_doubling + 1) * (base / per_doubling);
  }

  std::array<std::uint32_t, per_doubling * doublings + 1> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace bourse
