#include "matching/book.h"

namespace bourse {

Handle Book::best_displayed(const BookMemory& memory, Side side) const {
  Handle at = ladder(side).best();
  while (at != no_handle && memory.ladders.levels[at].displayed.is_empty()) {
    at = ladder(side).next_worse(memory.ladders, at);
  }
  return at;
}

void Book::wait(BookMemory& memory, Handle handle, PriceTicks stop_price) {
  const Side side = memory.orders[handle].side;
  append_to(memory, stops(side), handle, key(opposite(side), stop_price), stop_price);
}

void Book::take_out_special(BookMemory& memory, Handle handle) {
  Order& order = memory.orders[handle];
  Level& level = memory.ladders.levels[order.level];
  const bool hidden = order.is_hidden() && !order.is_waiting;
  (hidden ? level.hidden : level.displayed).erase(memory.lines, order.place);
  (hidden ? level.hidden_total : level.total) -= order.leaves;
  level.hidden_total -= memory.orders.details(handle).reserve;
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
      const OrderQueue& queue = hidden ? level.hidden : level.displayed;
      for (QueuePlace place = queue.begin(memory.lines); place != no_place;
           place = OrderQueue::next(memory.lines, place)) {
        const Handle order = order_at(memory.lines, place);
        const Order& o = memory.orders[order];
        if (o.place != place || o.level != at || o.leaves == QuantityLots{0}) return false;
        if (o.is_waiting != waiting || o.side != side) return false;
        if ((o.is_hidden() && !waiting) != hidden) return false;
        if (older != no_handle && memory.orders.details(older).priority.value >=
                                      memory.orders.details(order).priority.value) {
          return false;
        }
        (hidden ? hidden_total : total) += o.leaves;
        hidden_total += memory.orders.details(order).reserve;
        ++count;
        older = order;
      }
      if (count != queue.count) return false;
      if (!hidden && total != level.total) return false;
    }
    if (hidden_total != level.hidden_total) return false;
  }
  return true;
}

}  // namespace bourse
