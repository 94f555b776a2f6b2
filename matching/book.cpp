#include "matching/book.h"

namespace bourse {

bool Book::can_fill(const BookMemory& memory, Side makers, std::uint64_t key_min,
                    QuantityLots quantity, std::uint32_t matches_max) const {
  const Ladder& side = ladder(makers);
  for (Handle at = side.best(); at != no_handle; at = side.next_worse(memory.ladders, at)) {
    const Level& level = memory.ladders.levels[at];
    if (level.key < key_min) return false;
    if (level.total < quantity) {
      if (level.order_count >= matches_max) return false;
      quantity -= level.total;
      matches_max -= level.order_count;
      continue;
    }
    // The last level: fewer of its orders may do.
    for (Handle order = level.first; matches_max > 0; order = memory.orders[order].next) {
      if (memory.orders[order].leaves >= quantity) return true;
      quantity -= memory.orders[order].leaves;
      --matches_max;
    }
    return false;
  }
  return false;
}

void Book::place(BookMemory& memory, Handle handle, Side side, PriceTicks price) {
  Order& order = memory.orders[handle];
  const Handle at = ladder(side).find_or_insert(memory.ladders, key(side, price));
  Level& level = memory.ladders.levels[at];
  order.level = at;
  order.next = no_handle;
  order.prev = level.last;
  if (level.order_count == 0) {
    level.price = price;
    level.symbol = symbol_;
    level.side = side;
    level.first = handle;
  } else {
    memory.orders[level.last].next = handle;
  }
  level.last = handle;
  ++level.order_count;
  level.total += order.leaves;
  memory.orders.identify(handle, symbol_, side, price);
  memory.hash.orders ^= memory.orders.hash(handle);
}

void Book::take_out(BookMemory& memory, Handle handle) {
  const Order& order = memory.orders[handle];
  memory.hash.orders ^= memory.orders.hash(handle);
  Level& level = memory.ladders.levels[order.level];
  (order.prev == no_handle ? level.first : memory.orders[order.prev].next) = order.next;
  (order.next == no_handle ? level.last : memory.orders[order.next].prev) = order.prev;
  level.total -= order.leaves;
  if (--level.order_count == 0) {
    DCHECK(level.total == QuantityLots{0});
    ladder(level.side).erase(memory.ladders, order.level);
  }
}

bool Book::consistent(const BookMemory& memory) const {
  for (const Side side : {Side::buy, Side::sell}) {
    if (!ladder(side).consistent(memory.ladders)) return false;
    for (Handle at = ladder(side).best(); at != no_handle;
         at = ladder(side).next_worse(memory.ladders, at)) {
      const Level& level = memory.ladders.levels[at];
      if (level.key != key(side, level.price) || level.side != side || level.symbol != symbol_) {
        return false;
      }
      QuantityLots total{0};
      std::uint32_t count = 0;
      Handle older = no_handle;
      for (Handle order = level.first; order != no_handle; order = memory.orders[order].next) {
        const Order& o = memory.orders[order];
        if (o.prev != older || o.level != at || o.leaves == QuantityLots{0}) return false;
        if (older != no_handle && memory.orders.details(older).priority.value >=
                                      memory.orders.details(order).priority.value) {
          return false;
        }
        total += o.leaves;
        ++count;
        older = order;
      }
      if (count == 0 || count != level.order_count) return false;
      if (total != level.total || older != level.last) return false;
    }
  }
  return true;
}

}  // namespace bourse
