// Every live order of an ITCH day, found by its reference: one table for all stocks.
//   Shape:  references rise over the day, so the table is mapped directly and in pages: a
//           directory of four bytes per 16 references says where the page of these 16 orders is, an
//           order is 16 bytes at its place in the page. No hash, no probe, neighbours in time share
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

#include "matching/check.h"         // CHECK
#include "replay/reserved_array.h"  // ReservedArray

namespace bourse {

struct ItchOrder {
  std::uint32_t shares;    // 0 = no live order
  std::uint32_t previous;  // slot of the older order at its price
  std::uint32_t next;      // slot of the younger one
  std::uint32_t level;
};
static_assert(sizeof(ItchOrder) == 16);

class ItchOrderTable {
 public:
  ItchOrder& operator[](std::uint32_t slot) { return orders_[slot]; }
  const ItchOrder& operator[](std::uint32_t slot) const { return orders_[slot]; }

  // The slot of a live order, or 0.
  std::uint32_t find(std::uint64_t reference) const {
    const std::uint32_t entry = entry_of(reference / page_orders);
    // Page 0 is never given out: its orders have no shares.
    const std::uint32_t slot = slot_in(entry, reference);
    return orders_[slot].shares != 0 ? slot : 0;
  }

  // A slot for a new order; the caller sets its shares.
  // REQUIRES: find(reference) is 0.
  std::uint32_t insert(std::uint64_t reference) {
    std::uint32_t& entry = take_entry(reference / page_orders);
    ++entry;
    ++size_;
    return slot_in(entry, reference);
  }

  // REQUIRES: slot is find(reference) and not 0.
  void erase(std::uint32_t slot, std::uint64_t reference) {
    orders_[slot].shares = 0;
    --size_;
    std::uint32_t& entry = *find_entry(reference / page_orders);
    if ((--entry & count_mask) == 0) drop_page(slot / page_orders, entry);
  }

  std::uint64_t reference(std::uint32_t slot) const {
    return keys_[slot / page_orders] * page_orders + slot % page_orders;
  }

  // What find() of this reference would look at, alive or not, and without the far ones; 0 is never
  // alive. For hints.
  std::uint32_t likely_slot(std::uint64_t reference) const {
    const std::uint64_t key = reference / page_orders;
    return key < directory_.size() ? slot_in(directory_[key], reference) : 0;
  }
  void request_entry(std::uint64_t reference) const {
    const std::uint64_t key = reference / page_orders;
    request_line(&directory_[key < directory_.size() ? key : 0]);
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

  std::uint32_t entry_of(std::uint64_t key) const {
    if (key < directory_.size()) [[likely]] {
      const std::uint32_t entry = directory_[key];
      if (entry != 0 || far_.empty()) [[likely]]
        return entry;
    }
    const auto at = far_.find(key);
    return at == far_.end() ? 0 : at->second;
  }

  std::uint32_t* find_entry(std::uint64_t key) {
    if (key < directory_.size() && directory_[key] != 0) [[likely]]
      return &directory_[key];
    return &far_.find(key)->second;
  }

  std::uint32_t& take_entry(std::uint64_t key) {
    if (key < keys_end_) [[likely]] {
      std::uint32_t& entry = directory_[key];
      if (entry != 0) [[likely]]
        return entry;
    }
    return open_page(key);
  }
  std::uint32_t& open_page(std::uint64_t key);
  void drop_page(std::uint32_t page, std::uint32_t& entry);

  ReservedArray<std::uint32_t> directory_{keys_max};  // by reference / page_orders
  ReservedArray<ItchOrder> orders_{pages_max * page_orders};
  ReservedArray<std::uint64_t> keys_{pages_max};  // by page: the inverse of the directory
  std::unordered_map<std::uint64_t, std::uint32_t> far_;
  std::uint64_t keys_end_ = 0;  // no key of the directory has been used from here on
  std::uint64_t size_ = 0;
  std::uint64_t pages_opened_ = 0;
  std::uint32_t pages_ = 1;      // ever touched; page 0 stands for none
  std::uint32_t free_page_ = 0;  // the next one is in the first order's `next`
};

}  // namespace bourse
