// Memory that is taken once, at the start, in pages as large as the system gives.
//   Shape:  an array of trivial records, not touched until used; arrays of 2 MiB and more ask for
//           huge pages, because the engine jumps about in them and every miss of a small page's
//           address costs a walk. Each array begins at another line of its page: the engine uses
//           records of one handle in several arrays together, and processors that compare the
//           lowest 12 bits of addresses first would take a write to the one for a write to the
//           other.
//   Owner:  whoever holds it; move-only.
//   Errors: a CHECK fails if there is no memory: it happens at the start or never.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "matching/check.h"  // CHECK

namespace bourse {

// Where in its page the next array begins.
inline std::size_t next_page_offset() {
  constexpr std::uint32_t line_bytes = 64;
  constexpr std::uint32_t lines_apart = 11;  // prime to the 64 of a page
  static std::atomic<std::uint32_t> array_count{0};
  return array_count.fetch_add(1, std::memory_order_relaxed) * lines_apart % 64 * line_bytes;
}

struct FreePages {
  void* allocation = nullptr;
  void operator()(void*) const { std::free(allocation); }
};

template <class Record>
using Pages = std::unique_ptr<Record[], FreePages>;

template <class Record>
Pages<Record> take_pages(std::size_t record_count) {
  static_assert(std::is_trivially_copyable_v<Record>);
  static_assert(std::is_trivially_default_constructible_v<Record>);
  constexpr std::size_t huge_bytes = std::size_t{2} << 20;
  constexpr std::size_t page_bytes = 4096;
  const std::size_t offset = next_page_offset();
  const std::size_t bytes = record_count * sizeof(Record) + offset;
  const std::size_t alignment = bytes >= huge_bytes ? huge_bytes : page_bytes;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded == 0 ? page_bytes : rounded);
  CHECK(memory != nullptr);
  // A wish: a system that knows no huge pages works as well, only slower.
  if (alignment == huge_bytes) static_cast<void>(::madvise(memory, rounded, MADV_HUGEPAGE));
  return Pages<Record>(reinterpret_cast<Record*>(static_cast<std::byte*>(memory) + offset),
                       FreePages{memory});
}

// Touches it all now, so that nobody waits for the system's pages later. A wish, too: a system
// that cannot do so gives each page when it is used.
template <class Record>
void touch_pages(Record* records, std::size_t record_count) {
  constexpr std::uintptr_t page = 4096;
  const auto begin = (reinterpret_cast<std::uintptr_t>(records) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(records + record_count) / page * page;
  if (begin >= end) return;
  constexpr int populate_write = 23;  // MADV_POPULATE_WRITE, Linux 5.14; older headers lack it
  static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, populate_write));
}

// The same, all zero: the system's own zero pages, so nothing is touched here either.
struct UnmapPages {
  void* mapping = nullptr;
  std::size_t bytes = 0;
  void operator()(void*) const { ::munmap(mapping, bytes); }
};

template <class Record>
using ZeroedPages = std::unique_ptr<Record[], UnmapPages>;

template <class Record>
ZeroedPages<Record> take_zeroed_pages(std::size_t record_count) {
  static_assert(std::is_trivially_copyable_v<Record>);
  constexpr std::size_t huge_bytes = std::size_t{2} << 20;
  const std::size_t offset = next_page_offset();
  const std::size_t wanted = (record_count + 1) * sizeof(Record) + offset;
  // It begins where a huge page can.
  const std::size_t bytes = wanted >= huge_bytes ? wanted + huge_bytes : wanted;
  void* const mapping =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mapping != MAP_FAILED);
  void* memory = mapping;
  if (wanted >= huge_bytes) {
    std::size_t space = bytes;
    CHECK(std::align(huge_bytes, wanted, memory, space) != nullptr);
    static_cast<void>(::madvise(memory, space, MADV_HUGEPAGE));
  }
  return ZeroedPages<Record>(reinterpret_cast<Record*>(static_cast<std::byte*>(memory) + offset),
                             UnmapPages{mapping, bytes});
}

}  // namespace bourse
