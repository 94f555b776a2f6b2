// Order id to slot number: the table that a DepthBook finds its orders by.
//   Shape:  open addressing with linear probing, load at most 1/2, erase by shifting back (no
//           tombstones), so the table's size follows the live orders and not those ever seen.
//   Owner:  one thread; a value, copyable. Grows by doubling.
//   Errors: insert() refuses an id that is there; ids must not be 0.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "matching/types.h"  // OrderId

namespace bourse {

class OrderIndex {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  std::size_t size() const { return size_; }

  // The slot of this id, or `none`.
  std::uint32_t find(OrderId order_id) const {
    if (entries_.empty()) return none;
    for (std::size_t at = home(order_id);; at = (at + 1) & mask_) {
      if (entries_[at].order_id == order_id) return entries_[at].slot;
      if (!entries_[at].order_id) return none;
    }
  }

  // False: it is in the table already, which has not changed.
  // REQUIRES: order_id is not 0.
  bool insert(OrderId order_id, std::uint32_t slot) {
    if (2 * (size_ + 1) > entries_.size()) grow();
    std::size_t at = home(order_id);
    for (; entries_[at].order_id; at = (at + 1) & mask_) {
      if (entries_[at].order_id == order_id) return false;
    }
    entries_[at] = {order_id, slot};
    ++size_;
    return true;
  }

  // REQUIRES: order_id is in the table.
  void erase(OrderId order_id) {
    std::size_t hole = home(order_id);
    while (entries_[hole].order_id != order_id) hole = (hole + 1) & mask_;
    // Whoever stands behind the hole and belongs at or before it moves up.
    for (std::size_t at = (hole + 1) & mask_; entries_[at].order_id; at = (at + 1) & mask_) {
      const std::size_t distance = (at - home(entries_[at].order_id)) & mask_;
      if (distance >= ((at - hole) & mask_)) {
        entries_[hole] = entries_[at];
        hole = at;
      }
    }
    entries_[hole].order_id = OrderId{0};
    --size_;
  }

  void clear() {
    entries_.assign(entries_.size(), Entry{OrderId{0}, none});
    size_ = 0;
  }

 private:
  struct Entry {
    OrderId order_id;  // 0 = free
    std::uint32_t slot;
  };

  // Fibonacci hashing: ids are dense or nearly so, the golden ratio spreads them evenly.
  std::size_t home(OrderId order_id) const {
    return static_cast<std::size_t>((order_id.value() * 0x9e3779b97f4a7c15u) >> shift_);
  }

  void grow() {
    const std::vector<Entry> old = std::move(entries_);
    const std::size_t count = old.empty() ? 16 : 2 * old.size();
    entries_.assign(count, Entry{OrderId{0}, none});
    mask_ = count - 1;
    shift_ = 64u - static_cast<unsigned>(std::countr_zero(count));
    size_ = 0;
    for (const Entry& entry : old)
      if (entry.order_id) static_cast<void>(insert(entry.order_id, entry.slot));
  }

  std::vector<Entry> entries_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
  unsigned shift_ = 0;
};

}  // namespace bourse
