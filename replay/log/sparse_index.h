// Where to begin reading for a sequence or a time: about one entry per 16 KiB of a segment.
//   Shape:  a fixed array and a count; appending and searching never move an entry.
//   Owner:  one writer (the journal thread, or whoever loads it); any thread may search meanwhile.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "matching/check.h"         // CHECK
#include "replay/log/log_format.h"  // IndexEntry

namespace bourse {

class SparseIndex {
 public:
  explicit SparseIndex(std::size_t capacity)
      : entries_(std::make_unique_for_overwrite<IndexEntry[]>(capacity)), capacity_(capacity) {}

  // Entries that a segment of so many bytes can need.
  static std::size_t capacity_for(std::uint64_t segment_bytes) {
    return (segment_bytes + record_bytes_max) / index_every_bytes + 2;
  }

  // Whether a transaction at `offset` is due an entry.
  bool is_due(std::uint64_t offset) const {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    return count == 0 || offset >= std::uint64_t{entries_[count - 1].offset} + index_every_bytes;
  }
  void append(const IndexEntry& entry) {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    CHECK(count < capacity_);
    entries_[count] = entry;
    count_.store(count + 1, std::memory_order_release);
  }

  std::span<const IndexEntry> entries() const {
    return {entries_.get(), count_.load(std::memory_order_acquire)};
  }
  // The last entry whose sequence_delta is not above; nullptr if there is none.
  const IndexEntry* find(std::uint64_t sequence_delta) const {
    return before(std::ranges::upper_bound(entries(), sequence_delta, {}, [](const IndexEntry& e) {
      return std::uint64_t{e.sequence_delta};
    }));
  }
  // The last entry that is older than `time`; nullptr if there is none.
  const IndexEntry* find(TimeNs time) const {
    return before(std::ranges::lower_bound(entries(), time, {}, &IndexEntry::time));
  }

 private:
  const IndexEntry* before(std::span<const IndexEntry>::iterator it) const {
    const auto at = static_cast<std::size_t>(std::to_address(it) - entries_.get());
    return at == 0 ? nullptr : &entries_[at - 1];
  }

  std::unique_ptr<IndexEntry[]> entries_;
  const std::size_t capacity_;
  // Written by the writer (release: publishes the entry below it), read by any thread (acquire).
  std::atomic<std::size_t> count_{0};
};

}  // namespace bourse
