// How far a gateway is behind the engine that it follows, and whether it hears of it at all.
//   Shape:  a few atomics. Nobody has one where the engine is in the same process.
//   Units:  nanoseconds; transactions.
//   Owner:  written by the thread that follows the log, read by any thread (relaxed: each value
//           stands for itself).
#pragma once

#include <atomic>
#include <cstdint>

namespace bourse {

struct Upstream {
  // Nothing has been heard of the engine for so long that what is told here may be old.
  std::atomic<bool> is_stale{true};
  std::atomic<std::int64_t> silent_ns{0};         // since it was heard last
  std::atomic<std::uint64_t> engine_sequence{0};  // the last that it has released, as heard
  std::atomic<std::uint64_t> followed_sequence{0};
  std::atomic<std::int64_t> lag_ns{0};  // age of the last transaction when it arrived here
  std::uint64_t behind() const {        // transactions
    const std::uint64_t there = engine_sequence.load(std::memory_order_relaxed);
    const std::uint64_t here = followed_sequence.load(std::memory_order_relaxed);
    return there > here ? there - here : 0;
  }
};

}  // namespace bourse
