// An array as large as it may ever become: addresses now, memory when it is touched.
//   Shape:  one mapping of zeros, never moved; behind its first 2 MiB it asks for huge pages: who
//           needs more than that jumps about in it, and small pages then cost a walk per jump.
//   Units:  records.
//   Owner:  whoever holds it; move-only.
//   Errors: where addresses are rationed (ulimit -v) it takes less, down to 1/64; a CHECK fails if
//           even that is refused. size() says how many records there may be.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <type_traits>
#include <utility>

#include "matching/check.h"  // CHECK

namespace bourse {

// Asks for the cache line at this address; any address will do. Written as an instruction, because
// g++ takes a function that only prefetches for one without effect and leaves the call out.
inline void request_line(const void* address) {
#if defined(__x86_64__)
  asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address);
#endif
}

template <class Record>
class ReservedArray {
  static_assert(std::is_trivially_copyable_v<Record> && std::is_trivially_destructible_v<Record>);

 public:
  explicit ReservedArray(std::size_t records_max) : size_(records_max) {
    const std::size_t records_min = records_max / 64;
    void* memory = MAP_FAILED;
    for (;; size_ /= 2) {
      memory = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory != MAP_FAILED || size_ / 2 < records_min) break;
    }
    CHECK(memory != MAP_FAILED);
    records_ = static_cast<Record*>(memory);
    constexpr std::size_t huge_bytes = std::size_t{2} << 20;
    if (bytes() > huge_bytes) {
      // A wish: a system that knows no huge pages works as well, only slower.
      static_cast<void>(::madvise(static_cast<std::byte*>(memory) + huge_bytes,
                                  bytes() - huge_bytes, MADV_HUGEPAGE));
    }
  }
  ReservedArray(ReservedArray&& other) noexcept
      : records_(std::exchange(other.records_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ReservedArray& operator=(ReservedArray&& other) noexcept {
    std::swap(records_, other.records_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~ReservedArray() {
    if (records_ != nullptr) ::munmap(records_, bytes());
  }

  Record& operator[](std::size_t at) { return records_[at]; }
  const Record& operator[](std::size_t at) const { return records_[at]; }
  std::size_t size() const { return size_; }

 private:
  std::size_t bytes() const { return size_ * sizeof(Record); }

  Record* records_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace bourse
