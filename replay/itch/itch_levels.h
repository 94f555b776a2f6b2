// The price levels of all books of an ITCH day, each with its queue.
//   Shape:  levels in one pool, 32 bytes each. A queue is an array of order slots, oldest first, in
//           one pool of slots; an order knows its place in it. Who leaves, leaves a hole (0), so
//           that nobody else's line is touched; a full queue is closed up, or moved to an array of
//           twice the size if more than half of it is alive.
//   Units:  shares; prices in 1e-4 dollars.
//   Owner:  one thread.
//   Errors: none; a CHECK fails beyond 2^28 levels or 2^32 places.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "matching/check.h"                // CHECK
#include "matching/types.h"                // Side
#include "replay/itch/itch_order_table.h"  // ItchOrderTable
#include "replay/log/reserved_array.h"     // ReservedArray, request_line

namespace bourse {

struct ItchLevel {
  std::uint64_t shares;
  std::uint32_t orders;
  std::uint32_t price;
  std::uint32_t queue;  // where its array begins, in units of queue_min places
  std::uint32_t tail;   // places used, holes included
  std::uint32_t head;   // no live order before here; of a free level: the next free one
  std::uint16_t locate;
  Side side;
  std::uint8_t size_class;  // of its array: queue_min << size_class places
};
static_assert(sizeof(ItchLevel) == 32);

class ItchLevels {
 public:
  ItchLevel& operator[](std::uint32_t level) { return levels_[level]; }
  const ItchLevel& operator[](std::uint32_t level) const { return levels_[level]; }

  // A level without orders; never 0.
  std::uint32_t open(std::uint16_t locate, Side side, std::uint32_t price) {
    std::uint32_t level = free_level_;
    if (level != 0) {
      free_level_ = levels_[level].head;
    } else {
      CHECK(levels_end_ < levels_.size());
      level = levels_end_++;
    }
    levels_[level] = {.shares = 0,
                      .orders = 0,
                      .price = price,
                      .queue = take_array(0),
                      .tail = 0,
                      .head = 0,
                      .locate = locate,
                      .side = side,
                      .size_class = 0};
    return level;
  }
  // REQUIRES: the level has no orders.
  void close(std::uint32_t level) {
    ItchLevel& closed = levels_[level];
    give_array(closed.queue, closed.size_class);
    closed.head = free_level_;
    free_level_ = level;
  }

  // The place of a new youngest order, whose shares the caller adds.
  std::uint32_t append(ItchLevel& level, std::uint32_t slot, ItchOrderTable& orders) {
    if (level.tail == places(level.size_class)) [[unlikely]]
      make_room(level, orders);
    const std::uint32_t place = level.tail++;
    at(level, place) = slot;
    ++level.orders;
    return place;
  }
  void leave(ItchLevel& level, std::uint32_t place) {
    at(level, place) = 0;
    level.head += level.head == place;
    --level.orders;
  }

  // Slots of the live orders, oldest first; visit(slot) says whether to go on.
  template <class Visit>
  void for_each_slot(const ItchLevel& level, Visit visit) const {
    for (std::uint32_t place = level.head; place < level.tail; ++place) {
      const std::uint32_t slot = slots_[first_place(level) + place];
      if (slot != 0 && !visit(slot)) return;
    }
  }

  void request(std::uint32_t level) const { request_line(&levels_[level]); }
  void request_place(std::uint32_t level, std::uint32_t place) const {
    request_line(&slots_[first_place(levels_[level]) + place]);
  }
  // Of memory that has been touched.
  std::uint64_t bytes() const {
    return std::uint64_t{levels_end_} * sizeof(ItchLevel) +
           std::uint64_t{arrays_end_} * queue_min * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t queue_min = 8;
  static constexpr std::size_t size_classes = 28;

  static std::uint32_t places(std::uint8_t size_class) { return queue_min << size_class; }
  static std::size_t first_place(const ItchLevel& level) {
    return std::size_t{level.queue} * queue_min;
  }
  std::uint32_t& at(const ItchLevel& level, std::uint32_t place) {
    return slots_[first_place(level) + place];
  }

  std::uint32_t take_array(std::uint8_t size_class);
  void give_array(std::uint32_t array, std::uint8_t size_class) {
    slots_[std::size_t{array} * queue_min] = free_arrays_[size_class];
    free_arrays_[size_class] = array;
  }
  void make_room(ItchLevel& level, ItchOrderTable& orders);

  ReservedArray<ItchLevel> levels_{std::size_t{1} << 28};
  ReservedArray<std::uint32_t> slots_{std::size_t{1} << 32};
  std::array<std::uint32_t, size_classes> free_arrays_{};  // 0 = none; the next in the first place
  std::uint32_t levels_end_ = 1;                           // level 0 stands for none
  std::uint32_t arrays_end_ = 1;
  std::uint32_t free_level_ = 0;
};

}  // namespace bourse
