// A queue of orders, oldest first, out of which any order can be taken at once.
//   Shape:  a chain of cache lines with the handles of thirteen orders each, and a mask of those
//           that are still there. An order knows its place (line and slot), so taking it out
//           clears one bit in one line: no neighbour is touched, and a walk reads line after line.
//           A line that is empty goes back. append, erase, front and next are O(1).
//           A queue can have a home: a line of its own, in which it begins. Whoever knows the home
//           can ask for its memory before the queue itself has come from there.
//   Owner:  the thread of the engine. The queues of levels and of accounts share one QueueLines.
//   Errors: none; there are lines for all open orders, each in two queues and alone in its lines.
#pragma once

#include <bit>
#include <cstdint>

#include "matching/check.h"  // DCHECK
#include "matching/slab.h"   // Slab, Handle, no_handle

namespace bourse {

struct alignas(64) QueueLine {
  static constexpr std::uint32_t slot_count = 13;
  Handle next;                // younger orders
  Handle prev;                // older orders
  std::uint32_t live;         // bit i: orders[i] is in the queue
  Handle orders[slot_count];  // oldest first
};
static_assert(sizeof(QueueLine) == 64);

class QueueLines {
 public:
  // `homes` lines that belong to somebody for good, and `lines_max` that come and go.
  QueueLines(std::uint32_t homes, std::uint32_t lines_max)
      : lines_(homes + lines_max, homes), homes_(homes) {}

  [[gnu::always_inline]] Handle take() { return lines_.take(); }
  [[gnu::always_inline]] void give_back(Handle line) {
    if (line >= homes_) lines_.release(line);
  }
  QueueLine& operator[](Handle line) { return lines_[line]; }
  const QueueLine& operator[](Handle line) const { return lines_[line]; }
  // The homes of so many queues.
  void touch(std::uint32_t count) { lines_.touch(count); }
  void prefetch(Handle line) const { __builtin_prefetch(&lines_[line], 1); }
  std::uint32_t live_count() const { return lines_.live_count(); }  // without homes

 private:
  Slab<QueueLine, &QueueLine::next> lines_;
  std::uint32_t homes_;
};

// Where an order is in its queue: line * 16 + slot.
using QueuePlace = std::uint32_t;
inline constexpr QueuePlace no_place = no_handle;

inline Handle order_at(const QueueLines& lines, QueuePlace place) {
  return lines[place >> 4].orders[place & 15];
}

struct OrderQueue {
  Handle first;  // line; meaningless while there are no orders
  Handle last;
  std::uint32_t count;  // orders

  bool is_empty() const { return count == 0; }

  // The first order of all, in its home.
  [[gnu::always_inline]] QueuePlace begin_with(QueueLines& lines, Handle order, Handle home) {
    first = last = home;
    count = 1;
    QueueLine& line = lines[home];
    begin_line(line, no_handle);
    line.live = 1;
    line.orders[0] = order;
    return home << 4;
  }
  // The last order of all goes.
  [[gnu::always_inline]] void end(QueueLines& lines) {
    DCHECK(count == 1);
    count = 0;
    lines.give_back(first);
  }
  // `home`: where it begins if it is empty; no_handle: in any line.
  [[gnu::always_inline]] QueuePlace append(QueueLines& lines, Handle order,
                                           Handle home = no_handle) {
    if (count == 0) {
      first = last = home == no_handle ? lines.take() : home;
      begin_line(lines[first], no_handle);
    } else if (lines[last].live >> (QueueLine::slot_count - 1) != 0) [[unlikely]] {
      add_line(lines);
    }
    // Behind the youngest: slots of younger ones that went are free again, so that an order that
    // comes and goes at the end leaves nothing behind.
    const Handle youngest = last;
    QueueLine& line = lines[youngest];
    const auto slot = static_cast<std::uint32_t>(std::bit_width(line.live));
    line.live |= 1u << slot;
    line.orders[slot] = order;
    ++count;
    return youngest << 4 | slot;
  }

  [[gnu::always_inline]] void erase(QueueLines& lines, QueuePlace place) {
    QueueLine& line = lines[place >> 4];
    DCHECK((line.live >> (place & 15) & 1) != 0);
    line.live &= ~(1u << (place & 15));
    if (--count == 0) return lines.give_back(first);
    if (line.live == 0) [[unlikely]]
      drop_line(lines, place >> 4);
  }

  // The oldest order. REQUIRES: not empty.
  Handle front(const QueueLines& lines) const {
    const QueueLine& line = lines[first];
    return line.orders[std::countr_zero(line.live)];
  }

  // A walk, oldest first: for (place = begin(); place != no_place; place = next(place)). The order
  // at a place may be taken out once the next place is known.
  QueuePlace begin(const QueueLines& lines) const {
    return count == 0 ? no_place : first_of(lines, first);
  }
  static QueuePlace next(const QueueLines& lines, QueuePlace place) {
    const QueueLine& line = lines[place >> 4];
    const std::uint32_t younger = line.live & ~((2u << (place & 15)) - 1);
    if (younger != 0) return (place & ~15u) | static_cast<std::uint32_t>(std::countr_zero(younger));
    return line.next == no_handle ? no_place : first_of(lines, line.next);
  }

 private:
  static QueuePlace first_of(const QueueLines& lines, Handle line) {
    return line << 4 | static_cast<std::uint32_t>(std::countr_zero(lines[line].live));
  }
  static void begin_line(QueueLine& line, Handle prev) {
    line.next = no_handle;
    line.prev = prev;
    line.live = 0;
  }
  [[gnu::noinline]] void add_line(QueueLines& lines) {
    const Handle added = lines.take();
    begin_line(lines[added], last);
    lines[last].next = added;
    last = added;
  }
  [[gnu::noinline]] void drop_line(QueueLines& lines, Handle dropped) {
    const QueueLine& line = lines[dropped];
    (line.prev == no_handle ? first : lines[line.prev].next) = line.next;
    (line.next == no_handle ? last : lines[line.next].prev) = line.prev;
    lines.give_back(dropped);
  }
};

}  // namespace bourse
