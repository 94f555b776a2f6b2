// The id table: from the id of an open order to its handle.
//   Shape:  open addressing with linear probing and backward-shift erase, load at most 1/2; 8 bytes
//           per slot. Eight consecutive ids share a cache line, because ids are born consecutively
//           and young orders die first; the lines are scattered by a hash.
//   Owner:  the thread of the engine.
//   Errors: none; the order pool bounds the number of entries.
#pragma once

#include <bit>
#include <cstdint>

#include "matching/check.h"  // CHECK, DCHECK
#include "matching/pages.h"  // Pages
#include "matching/slab.h"   // Handle, no_handle
#include "matching/types.h"  // OrderId

namespace bourse {

class IdTable {
 public:
  explicit IdTable(std::uint32_t entries_max);

  // The table keeps 32 bits of an id; is_order(handle) says whether the order of the handle has the
  // whole id.
  template <class IsOrder>
  Handle find(OrderId id, IsOrder&& is_order) const {
    const auto id_low = static_cast<std::uint32_t>(id.value());
    for (std::uint32_t at = home(id_low);; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.handle == no_handle) return no_handle;
      if (slot.id_low == id_low && is_order(slot.handle)) return slot.handle;
    }
  }

  // REQUIRES: the id is not in the table.
  void insert(OrderId id, Handle handle) {
    DCHECK(entry_count_ <= mask_ / 2);
    ++entry_count_;
    const auto id_low = static_cast<std::uint32_t>(id.value());
    std::uint32_t at = home(id_low);
    while (slots_[at].handle != no_handle) at = (at + 1) & mask_;
    slots_[at] = {id_low, handle};
  }

  // REQUIRES: the entry is in the table.
  void erase(OrderId id, Handle handle);

  void prefetch(OrderId id) const {
    __builtin_prefetch(&slots_[home(static_cast<std::uint32_t>(id.value()))]);
  }
  // How many slots a search for the id looks at when the id is not there: for tests.
  std::uint32_t probe_count(OrderId id) const {
    std::uint32_t count = 1;
    for (std::uint32_t at = home(static_cast<std::uint32_t>(id.value()));
         slots_[at].handle != no_handle; at = (at + 1) & mask_) {
      ++count;
    }
    return count;
  }
  std::uint32_t entry_count() const { return entry_count_; }
  std::uint32_t slot_count() const { return mask_ + 1; }

 private:
  struct Slot {
    std::uint32_t id_low;
    Handle handle;
  };
  std::uint32_t home(std::uint32_t id_low) const {
    return ((id_low >> 3) * 0x9e3779b1u >> line_shift_) << 3 | (id_low & 7);
  }

  Pages<Slot> slots_;
  std::uint32_t mask_;
  unsigned line_shift_;  // 32 less the bits of the number of lines
  std::uint32_t entry_count_ = 0;
};

}  // namespace bourse
