#include "matching/book.h"

namespace bourse {

Handle Book::best_displayed(const BookMemory& memory, Side side) const {
  Handle at = ladder(side).best();
  while (at != no_handle && memory.ladders.levels[at].order_count == 0) {
    at = ladder(side).next_worse(memory.ladders, at);
  }
  return at;
}

bool Book::can_fill(const BookMemory& memory, Side makers, std::uint64_t key_min,
                    QuantityLots quantity, std::uint32_t matches_max) const {
  const Ladder& side = ladder(makers);
  for (Handle at = side.best(); at != no_handle; at = side.next_worse(memory.ladders, at)) {
    const Level& level = memory.ladders.levels[at];
    if (level.key < key_min) return false;
    const bool covers = level.total + level.hidden_total >= quantity;
    std::uint64_t matches = 0;
    QuantityLots open{0};
    // Refills come back behind younger orders, so who is met is known for the whole level only:
    // where an iceberg stands in front, all of the level is counted.
    bool has_iceberg = false;
    for (const bool hidden : {false, true}) {
      for (Handle o = hidden ? level.hidden_first : level.first; o != no_handle;
           o = memory.orders[o].next) {
        if (covers && !has_iceberg && open >= quantity) return matches <= matches_max;
        const Order& order = memory.orders[o];
        ++matches;
        open += order.leaves;
        const bool is_enough = covers && !has_iceberg && open >= quantity;
        if (order.reserve == QuantityLots{0} || is_enough) continue;
        const std::uint64_t display = memory.orders.details(o).display_quantity.value();
        has_iceberg = true;
        matches += (order.reserve.value() + display - 1) / display;
      }
    }
    if (covers) return matches <= matches_max;
    if (matches >= matches_max) return false;
    matches_max -= static_cast<std::uint32_t>(matches);
    quantity -= level.total + level.hidden_total;
  }
  return false;
}

void Book::append_to(BookMemory& memory, Ladder& ladder, Handle handle, std::uint64_t key,
                     PriceTicks price) {
  Order& order = memory.orders[handle];
  const Handle at = ladder.find_or_insert(memory.ladders, key);
  Level& level = memory.ladders.levels[at];
  if (level.is_empty()) {
    level.price = price;
    level.belongs_to(symbol_, order.side);
  }
  order.level = at;
  order.next = no_handle;
  level.hidden_total += order.reserve;
  if (order.is_hidden() && !order.is_waiting) [[unlikely]] {
    order.prev = level.hidden_last;
    (level.hidden_count == 0 ? level.hidden_first : memory.orders[level.hidden_last].next) = handle;
    level.hidden_last = handle;
    ++level.hidden_count;
    level.hidden_total += order.leaves;
    return;
  }
  order.prev = level.last;
  (level.order_count == 0 ? level.first : memory.orders[level.last].next) = handle;
  level.last = handle;
  ++level.order_count;
  level.total += order.leaves;
}

void Book::append(BookMemory& memory, Handle handle, PriceTicks price) {
  const Side side = memory.orders[handle].side;
  append_to(memory, ladder(side), handle, key(side, price), price);
}

void Book::wait(BookMemory& memory, Handle handle, PriceTicks stop_price) {
  const Side side = memory.orders[handle].side;
  append_to(memory, stops(side), handle, key(opposite(side), stop_price), stop_price);
}

void Book::take_out(BookMemory& memory, Handle handle) {
  Order& order = memory.orders[handle];
  Level& level = memory.ladders.levels[order.level];
  const bool hidden = order.is_hidden() && !order.is_waiting;
  Handle& first = hidden ? level.hidden_first : level.first;
  Handle& last = hidden ? level.hidden_last : level.last;
  (order.prev == no_handle ? first : memory.orders[order.prev].next) = order.next;
  (order.next == no_handle ? last : memory.orders[order.next].prev) = order.prev;
  (hidden ? level.hidden_total : level.total) -= order.leaves;
  level.hidden_total -= order.reserve;
  --(hidden ? level.hidden_count : level.order_count);
  if (level.is_empty()) {
    DCHECK(level.total == QuantityLots{0} && level.hidden_total == QuantityLots{0});
    (order.is_waiting ? stops(order.side) : ladder(order.side)).erase(memory.ladders, order.level);
  }
  order.level = no_handle;
}

bool Book::consistent(const BookMemory& memory) const {
  for (const Side side : {Side::buy, Side::sell}) {
    if (!consistent(memory, ladder(side), side, false)) return false;
    if (!consistent(memory, stops(side), side, true)) return false;
  }
  return true;
}

bool Book::consistent(const BookMemory& memory, const Ladder& ladder, Side side,
                      bool waiting) const {
  if (!ladder.consistent(memory.ladders)) return false;
  for (Handle at = ladder.best(); at != no_handle; at = ladder.next_worse(memory.ladders, at)) {
    const Level& level = memory.ladders.levels[at];
    if (level.key != key(waiting ? opposite(side) : side, level.price)) return false;
    if (level.side() != side || level.symbol() != symbol_ || level.is_empty()) return false;
    QuantityLots hidden_total{0};
    for (const bool hidden : {false, true}) {
      QuantityLots total{0};
      std::uint32_t count = 0;
      Handle older = no_handle;
      for (Handle order = hidden ? level.hidden_first : level.first; order != no_handle;
           order = memory.orders[order].next) {
        const Order& o = memory.orders[order];
        if (o.prev != older || o.level != at || o.leaves == QuantityLots{0}) return false;
        if ((o.is_waiting != 0) != waiting || o.side != side) return false;
        if ((o.is_hidden() && !waiting) != hidden) return false;
        if (older != no_handle && memory.orders.details(older).priority.value >=
                                      memory.orders.details(order).priority.value) {
          return false;
        }
        (hidden ? hidden_total : total) += o.leaves;
        hidden_total += o.reserve;
        ++count;
        older = order;
      }
      if (count != (hidden ? level.hidden_count : level.order_count)) return false;
      if (older != (hidden ? level.hidden_last : level.last)) return false;
      if (!hidden && total != level.total) return false;
    }
    if (hidden_total != level.hidden_total) return false;
  }
  return true;
}

}  // namespace bourse
