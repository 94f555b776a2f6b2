#include "matching/id_table.h"

#include <algorithm>

namespace bourse {

IdTable::IdTable(std::uint32_t entries_max) {
  CHECK(entries_max > 0 && entries_max <= 1u << 30);
  const std::uint32_t slot_count = std::bit_ceil(std::max(entries_max, 8u) * 2);
  slots_ = take_pages<Slot>(slot_count);
  std::fill_n(slots_.get(), slot_count, Slot{0, no_handle});
  mask_ = slot_count - 1;
  line_shift_ = 32 - static_cast<unsigned>(std::countr_zero(slot_count / 8));
}

void IdTable::erase(OrderId id, Handle handle) {
  std::uint32_t hole = home(static_cast<std::uint32_t>(id.value()));
  while (slots_[hole].handle != handle) {
    CHECK(slots_[hole].handle != no_handle);
    hole = (hole + 1) & mask_;
  }
  // Pull back every entry behind the hole that may stand in it, so that no probe meets a gap.
  for (std::uint32_t at = (hole + 1) & mask_; slots_[at].handle != no_handle;
       at = (at + 1) & mask_) {
    const std::uint32_t distance_home = (at - home(slots_[at].id_low)) & mask_;
    const std::uint32_t distance_hole = (at - hole) & mask_;
    if (distance_home >= distance_hole) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole].handle = no_handle;
  --entry_count_;
}

}  // namespace bourse
