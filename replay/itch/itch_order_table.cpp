#include "replay/itch/itch_order_table.h"

namespace bourse {

std::uint32_t& ItchOrderTable::open_page(std::uint64_t key) {
  if (!far_.empty()) {
    if (const auto at = far_.find(key); at != far_.end()) return at->second;
  }
  std::uint32_t page = free_page_;
  if (page != 0) {
    free_page_ = orders_[std::size_t{page} * page_orders].place;
  } else {
    CHECK(std::size_t{pages_} * page_orders < orders_.size() && pages_ < keys_.size());
    page = pages_++;
  }
  keys_[page] = key;
  ++pages_opened_;
  const std::uint64_t granted = std::max(keys_granted, keys_per_insert * pages_opened_);
  if (key < std::min<std::uint64_t>(granted, directory_.size())) {
    keys_end_ = std::max(keys_end_, key + 1);
    return directory_[key] = page << count_bits;
  }
  return far_[key] = page << count_bits;
}

void ItchOrderTable::erase_last_or_far(std::uint32_t slot, std::uint64_t key) {
  const std::uint32_t page = slot / page_orders;
  const bool is_near = key < keys_end_ && directory_[key] >> count_bits == page;
  std::uint32_t& entry = is_near ? directory_[key] : far_.find(key)->second;
  if ((--entry & count_mask) != 0) return;
  if (is_near) {
    entry = 0;
  } else {
    far_.erase(key);
  }
  orders_[std::size_t{page} * page_orders].place = free_page_;
  free_page_ = page;
}

}  // namespace bourse
