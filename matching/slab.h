// A slab: room for a fixed number of equal records, named by handles instead of pointers.
//   Shape:  one array, taken in the constructor and touched only when first used; released records
//           are chained through one of their own members and come back last in, first out.
//           take() and release() are O(1).
//   Units:  handles are indices from 0; no_handle names nothing.
//   Owner:  the thread of the engine.
//   Errors: take() from a full slab fails a CHECK: the engine refuses orders before that.
#pragma once

#include <cstdint>
#include <limits>

#include "matching/check.h"  // CHECK, DCHECK
#include "matching/pages.h"  // Pages, take_pages

namespace bourse {

using Handle = std::uint32_t;
inline constexpr Handle no_handle = std::numeric_limits<Handle>::max();

// `link` is the member that chains released records; it is free to mean anything in a live one.
template <class Record, Handle Record::* link>
class Slab {
 public:
  // Handles below `first` are never taken: those records are the caller's.
  explicit Slab(std::uint32_t records_max, std::uint32_t first = 0)
      : records_(take_pages<Record>(records_max)),
        records_max_(records_max),
        touched_count_(first) {}

  // The record's bytes are those of its previous use: assign every member.
  [[gnu::always_inline]] Handle take() {
    ++live_count_;
    if (released_ != no_handle) {
      const Handle handle = released_;
      released_ = records_[handle].*link;
      return handle;
    }
    CHECK(touched_count_ < records_max_);
    return touched_count_++;
  }

  [[gnu::always_inline]] void release(Handle handle) {
    DCHECK(handle < touched_count_);
    DCHECK(live_count_ > 0);
    records_[handle].*link = released_;
    released_ = handle;
    --live_count_;
  }

  [[gnu::always_inline]] Record& operator[](Handle handle) {
    DCHECK(handle < touched_count_);
    return records_[handle];
  }
  const Record& operator[](Handle handle) const {
    DCHECK(handle < touched_count_);
    return records_[handle];
  }

  // The first of its records, before they are used.
  void touch(std::uint32_t record_count) { touch_pages(records_.get(), record_count); }
  std::uint32_t live_count() const { return live_count_; }
  std::uint32_t touched_count() const { return touched_count_; }  // handles are below it
  std::uint32_t records_max() const { return records_max_; }

 private:
  Pages<Record> records_;
  std::uint32_t records_max_;
  std::uint32_t touched_count_;
  std::uint32_t live_count_ = 0;
  Handle released_ = no_handle;
};

}  // namespace bourse
