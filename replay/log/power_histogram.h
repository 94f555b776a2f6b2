// Counts of values by powers of two: what one thread measures and others may look at.
//   Shape:  bucket i holds what is above bound(i - 1) and at most bound(i) = first << i; the last
//           one everything above.
//   Owner:  add() belongs to one thread, all else to any.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bourse {

template <std::uint64_t First, std::size_t Buckets>
class PowerHistogram {
 public:
  static constexpr std::size_t buckets_count = Buckets;
  static constexpr std::uint64_t bound(std::size_t bucket) { return First << bucket; }

  void add(std::uint64_t value) {
    const auto bucket = static_cast<std::size_t>(std::bit_width((value - (value > 0)) / First));
    raise(counts_[bucket < Buckets ? bucket : Buckets - 1], 1);
    raise(sum_, value);
  }
  std::uint64_t count(std::size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  // One writer: no locked addition. Relaxed: a look wants a recent value and orders nothing.
  static void raise(std::atomic<std::uint64_t>& counter, std::uint64_t more) {
    counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  std::array<std::atomic<std::uint64_t>, Buckets> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace bourse
