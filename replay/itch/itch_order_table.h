// Every live order of an ITCH day, found by its reference: one table for all stocks.
//   Shape:  references rise over the day, so the table is mapped directly and in pages: a
//           directory of four bytes per 16 references says where the page of these 16 orders is, an
//           order is 12 bytes at its place in the page. No hash, no probe, neighbours in time share
//           lines; a page whose orders are gone is given to the next ones. References out of all
//           proportion to the orders seen go through a hash map instead, so a damaged file cannot
//           ask for more directory than it has bytes.
//   Units:  shares. A slot is an order's number in the pages; 0 = none.
//   Owner:  one thread.
//   Errors: none; a CHECK fails with more than 2^31 orders at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "matching/check.h"             // CHECK
#include "replay/log/reserved_array.h"  // ReservedArray

namespace bourse {

struct ItchOrder {
  std::uint32_t shares;  // 0 = no live order
  std::uint32_t level;
  std::uint32_t place;  // in the queue of the level
};
static_assert(sizeof(ItchOrder) == 12);

class ItchOrderTable {
 public:
  ItchOrder& operator[](std::uint32_t slot) { return orders_[slot]; }
  const ItchOrder& operator[](std::uint32_t slot) const { return orders_[slot]; }

  // The slot of a live order, or 0.
  std::uint32_t find(std::uint64_t reference) const {
    const std::uint32_t slot = likely_slot(reference);
    return orders_[slot].shares != 0 ? slot : find_far(reference);
  }

  // A slot for a new order, whose shares the caller sets; 0: an order with this reference lives.
  std::uint32_t insert(std::uint64_t reference) {
    const std::uint64_t key = reference / page_orders;
    if (key < keys_end_ && directory_[key] != 0) [[likely]]
      return insert_in(directory_[key], reference);
    return insert_in(open_page(key), reference);
  }

  // REQUIRES: slot is find(reference) and not 0.
  void erase(std::uint32_t slot, std::uint64_t reference) {
    orders_[slot].shares = 0;
    --size_;
    const std::uint64_t key = reference / page_orders;
    const std::uint32_t entry = key < keys_end_ ? directory_[key] : 0;
    // A page in the directory is this one, or the order is far away. One that keeps orders stays.
    if (entry >> count_bits == slot / page_orders && (entry & count_mask) > 1) [[likely]] {
      directory_[key] = entry - 1;
    } else {
      erase_last_or_far(slot, key);
    }
  }

  std::uint64_t reference(std::uint32_t slot) const {
    return keys_[slot / page_orders] * page_orders + slot % page_orders;
  }

  // Where an order of this reference is if it is alive and not far away. Page 0 is never given out:
  // its orders have no shares.
  std::uint32_t likely_slot(std::uint64_t reference) const {
    const std::uint64_t key = reference / page_orders;
    return key < keys_end_ ? slot_in(directory_[key], reference) : 0;
  }
  void request_entry(std::uint64_t reference) const {
    const std::uint64_t key = reference / page_orders;
    request_line(&directory_[key < keys_end_ ? key : 0]);
  }
  void request_slot(std::uint32_t slot) const { request_line(&orders_[slot]); }

  std::uint64_t size() const { return size_; }
  // Of memory that has been touched.
  std::uint64_t bytes() const {
    return std::uint64_t{pages_} * (page_orders * sizeof(ItchOrder) + sizeof(std::uint64_t)) +
           keys_end_ * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t page_orders = 16;
  // An entry is page * 32 + number of live orders; 0 = no page.
  static constexpr std::uint32_t count_bits = 5;
  static constexpr std::uint32_t count_mask = (1u << count_bits) - 1;
  static_assert(page_orders <= count_mask);
  static constexpr std::size_t pages_max = std::size_t{1} << (32 - count_bits);
  static constexpr std::size_t keys_max = std::size_t{1} << 30;
  // So much directory is always granted: 2^28 references.
  static constexpr std::uint64_t keys_granted = std::uint64_t{1} << 24;
  static constexpr std::uint64_t keys_per_insert = 64;

  static std::uint32_t slot_in(std::uint32_t entry, std::uint64_t reference) {
    return (entry >> count_bits) * page_orders +
           static_cast<std::uint32_t>(reference % page_orders);
  }

  std::uint32_t insert_in(std::uint32_t& entry, std::uint64_t reference) {
    const std::uint32_t slot = slot_in(entry, reference);
    if (orders_[slot].shares != 0) [[unlikely]]
      return 0;
    ++entry;
    ++size_;
    return slot;
  }
  std::uint32_t find_far(std::uint64_t reference) const {
    if (far_.empty()) [[likely]]
      return 0;
    const auto at = far_.find(reference / page_orders);
    const std::uint32_t slot = at == far_.end() ? 0 : slot_in(at->second, reference);
    return orders_[slot].shares != 0 ? slot : 0;
  }
  std::uint32_t& open_page(std::uint64_t key);
  void erase_last_or_far(std::uint32_t slot, std::uint64_t key);

  ReservedArray<std::uint32_t> directory_{keys_max};  // by reference / page_orders
  ReservedArray<ItchOrder> orders_{pages_max * page_orders};
  ReservedArray<std::uint64_t> keys_{pages_max};  // by page: the inverse of the directory
  std::unordered_map<std::uint64_t, std::uint32_t> far_;
  std::uint64_t keys_end_ = 0;  // no key of the directory has been used from here on
  std::uint64_t size_ = 0;
  std::uint64_t pages_opened_ = 0;
  std::uint32_t pages_ = 1;      // ever touched; page 0 stands for none
  std::uint32_t free_page_ = 0;  // the next one is in the first order's `place`
};

}  // namespace bourse
