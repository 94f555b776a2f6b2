// A bounded wait-free ring between exactly one writer thread and one reader thread.
//   Shape:  power-of-two slots of a trivially copyable T; each index on cache lines of its own,
//   each
//           end with a private copy of the other end's index, so that a push into a ring that is
//           neither full nor empty touches one shared line.
//   Owner:  Writer belongs to one thread, Reader to another; both are move-only and made once, by
//           make(). The memory lives as long as the longer-lived of the two.
//   Errors: try_push() returns false when full, try_pop() false when empty; neither ever waits.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "matching/check.h"  // CHECK

namespace bourse {

// 128, not 64: the processor fetches cache lines in pairs.
inline constexpr std::size_t cache_line_pair_bytes = 128;

// What the ring is made of. The tests put a memory in its place that tries every interleaving.
struct MachineMemory {
  template <class T>
  using Atomic = std::atomic<T>;
  static constexpr bool is_model = false;
};

template <class T, class Memory = MachineMemory>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<T> || Memory::is_model);

  struct Shared {
    explicit Shared(std::size_t slot_count)
        : slots(std::make_unique<T[]>(slot_count)), mask(slot_count - 1) {}

    // Number of items ever pushed. Written by the writer (release: publishes the slot), read by the
    // reader (acquire) and, as a hint, by anybody (relaxed).
    alignas(cache_line_pair_bytes) typename Memory::template Atomic<std::uint64_t> pushed{0};
    // Number of items ever popped. Written by the reader (release: gives the slot back), read by
    // the writer (acquire) and, as a hint, by anybody (relaxed).
    alignas(cache_line_pair_bytes) typename Memory::template Atomic<std::uint64_t> popped{0};
    // Ends that are still alive: the last one frees the memory (acq_rel, cold).
    alignas(cache_line_pair_bytes) typename Memory::template Atomic<std::uint32_t> ends{2};
    std::unique_ptr<T[]> slots;
    std::uint64_t mask;
  };

  // One end's share in the memory.
  class Share {
   public:
    explicit Share(Shared* shared) : shared_(shared) {}
    Share(Share&& from) noexcept : shared_(std::exchange(from.shared_, nullptr)) {}
    Share& operator=(Share&& from) noexcept {
      std::swap(shared_, from.shared_);
      return *this;
    }
    ~Share() {
      if (shared_ != nullptr && shared_->ends.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete shared_;
    }
    Shared* operator->() const { return shared_; }

   private:
    Shared* shared_;
  };

 public:
  class Writer {
   public:
    // Wait-free. False: full, nothing was pushed.
    bool try_push(const T& item) {
      if (pushed_ - popped_seen_ > shared_->mask) {
        popped_seen_ = shared_->popped.load(std::memory_order_acquire);
        if (pushed_ - popped_seen_ > shared_->mask) return false;
      }
      shared_->slots[pushed_ & shared_->mask] = item;
      shared_->pushed.store(++pushed_, std::memory_order_release);
      return true;
    }
    std::size_t capacity() const { return shared_->mask + 1; }
    // How many items wait; other ends may have moved on.
    std::size_t size_approx() const {
      return pushed_ - shared_->popped.load(std::memory_order_relaxed);
    }

   private:
    friend class SpscRing;
    explicit Writer(Shared* shared) : shared_(shared) {}

    Share shared_;
    std::uint64_t pushed_ = 0;
    std::uint64_t popped_seen_ = 0;
  };

  class Reader {
   public:
    // Wait-free. The oldest item, valid until pop(), or nullptr when empty.
    const T* front() {
      if (popped_ == pushed_seen_) {
        pushed_seen_ = shared_->pushed.load(std::memory_order_acquire);
        if (popped_ == pushed_seen_) return nullptr;
      }
      return &shared_->slots[popped_ & shared_->mask];
    }
    // REQUIRES: front() was not nullptr.
    void pop() { shared_->popped.store(++popped_, std::memory_order_release); }
    bool try_pop(T& item) {
      const T* const oldest = front();
      if (oldest == nullptr) return false;
      item = *oldest;
      pop();
      return true;
    }
    std::size_t capacity() const { return shared_->mask + 1; }
    // Any thread: how many items wait, and how many were ever popped; hints for metrics.
    std::size_t size_approx() const {
      const std::uint64_t popped = shared_->popped.load(std::memory_order_relaxed);
      return shared_->pushed.load(std::memory_order_relaxed) - popped;
    }
    std::uint64_t popped_approx() const { return shared_->popped.load(std::memory_order_relaxed); }

   private:
    friend class SpscRing;
    explicit Reader(Shared* shared) : shared_(shared) {}

    Share shared_;
    std::uint64_t popped_ = 0;
    std::uint64_t pushed_seen_ = 0;
  };

  // REQUIRES: capacity is a power of two. Every slot is touched here, not at the first push.
  static std::pair<Writer, Reader> make(std::size_t capacity) {
    CHECK(std::has_single_bit(capacity));
    auto* const shared = new Shared(capacity);
    return {Writer(shared), Reader(shared)};
  }
};

}  // namespace bourse
