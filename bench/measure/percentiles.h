// Exact percentiles from raw samples.
//   Shape:  keeps every sample and sorts once; a percentile is the smallest sample that at least
//           that share of all samples does not exceed. No interpolation, no buckets.
//   Units:  the samples': nanoseconds here.
//   Owner:  one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bourse {

class Percentiles {
 public:
  // What every table shows, the maximum behind them.
  static constexpr std::array<double, 5> shown = {50, 90, 99, 99.9, 99.99};

  explicit Percentiles(std::vector<std::int64_t> samples) : samples_(std::move(samples)) {
    std::sort(samples_.begin(), samples_.end());
  }

  std::size_t count() const { return samples_.size(); }
  // REQUIRES: count() > 0, 0 < percent <= 100.
  std::int64_t at(double percent) const {
    // A little less, since 0.999 is a little more than itself: of 10,000 it is the 9,990th.
    const double share = percent / 100 * (1 - 1e-12);
    const double rank = std::ceil(share * static_cast<double>(samples_.size()));
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return samples_[std::min(index, samples_.size() - 1)];
  }
  std::int64_t max() const { return samples_.back(); }

 private:
  std::vector<std::int64_t> samples_;
};

}  // namespace bourse
