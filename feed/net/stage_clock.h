// When a transaction passed a stage of the way behind the gate: for `timing` of PROTOCOL.md.
//   Shape:  the thread of a stage marks "everything up to this sequence, now" after each piece of
//           its work; who asks looks up the first mark that covers a sequence. Only marked while
//           somebody wants it: else it costs one relaxed load per piece.
//   Units:  nanoseconds UTC.
//   Owner:  one thread marks each StageMarks, any thread may look.
//   Errors: none; what is older than the memory, or was not marked, is 0.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "matching/types.h"  // Sequence, TimeNs

namespace bourse {

class StageMarks {
 public:
  static constexpr std::uint64_t marks_kept = 1 << 14;

  void mark(Sequence up_to, TimeNs time) {
    const std::uint64_t count = count_.load(std::memory_order_relaxed);
    Mark& mark = marks_[count % marks_kept];
    // The place is taken out of the range of readers before it is written.
    begin_.store(count + 1 > marks_kept ? count + 1 - marks_kept : 0, std::memory_order_release);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    mark.up_to.store(up_to.value(), std::memory_order_relaxed);
    mark.time.store(time.value(), std::memory_order_relaxed);
    count_.store(count + 1, std::memory_order_release);
  }

  TimeNs find(Sequence sequence) const {
    const std::uint64_t end = count_.load(std::memory_order_acquire);
    std::uint64_t low = begin_.load(std::memory_order_acquire), high = end;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (at(middle).up_to.load(std::memory_order_relaxed) < sequence.value())
        low = middle + 1;
      else
        high = middle;
    }
    if (low >= end) return TimeNs{0};
    const TimeNs time{at(low).time.load(std::memory_order_relaxed)};
    std::atomic_thread_fence(std::memory_order_seq_cst);
    // The oldest mark kept may cover it by accident: an older one has been forgotten.
    const std::uint64_t begin = begin_.load(std::memory_order_relaxed);
    return low < begin || (low == begin && begin > 0) ? TimeNs{0} : time;
  }

 private:
  struct Mark {
    std::atomic<std::uint64_t> up_to{0};
    std::atomic<std::int64_t> time{0};
  };
  const Mark& at(std::uint64_t index) const { return marks_[index % marks_kept]; }

  std::array<Mark, marks_kept> marks_{};
  std::atomic<std::uint64_t> begin_{0};
  std::atomic<std::uint64_t> count_{0};
};

class StageClock {
 public:
  // Sessions that want timing; each takes itself out again.
  void join() { wanted_.fetch_add(1, std::memory_order_relaxed); }
  void leave() { wanted_.fetch_sub(1, std::memory_order_relaxed); }
  bool is_wanted() const { return wanted_.load(std::memory_order_relaxed) != 0; }

  StageMarks matched;   // by the engine thread, after each piece it takes from the gates
  StageMarks released;  // by the journal thread, after each group

 private:
  std::atomic<std::uint32_t> wanted_{0};
};

}  // namespace bourse
