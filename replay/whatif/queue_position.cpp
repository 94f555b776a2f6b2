#include "replay/whatif/queue_position.h"

#include <algorithm>

namespace bourse {

// An order joins the end of a queue when it is added or has lost its place.
void QueuePosition::follow_own(const PublicEvent& event) {
  const bool rejoins =
      event.kind == EventKind::add ||
      (event.kind == EventKind::modify && (event.flags & event_flags::priority_kept) == 0);
  if (rejoins) {
    joined_.push_back(event.order_id);
    watched_[event.order_id] = {
        .symbol = event.symbol, .side = event.side, .price = event.price, .ahead = {}, .total = 0};
  }
  const bool leaves = event.kind == EventKind::cancel || event.kind == EventKind::execute;
  if (leaves && event.leaves == QuantityLots{0}) {
    watched_.erase(event.order_id);
    std::erase(joined_, event.order_id);
  }
}

void QueuePosition::follow_other(const PublicEvent& event, const Changed& changed) {
  for (auto& [id, watched] : watched_) {
    if (watched.symbol != event.symbol) continue;
    if (event.kind == EventKind::clear) {
      watched.ahead.clear();
      watched.total = 0;
      continue;
    }
    const auto found = watched.ahead.find(event.order_id.value());
    if (found == watched.ahead.end()) continue;
    std::uint64_t left = found->second;
    if (event.kind == EventKind::cancel || event.kind == EventKind::execute) {
      left = event.leaves.value();
    } else if (event.kind == EventKind::modify) {
      const bool stays = (event.flags & event_flags::priority_kept) != 0;
      left = stays ? event.quantity.value() : 0;
    } else {
      continue;
    }
    if (left == found->second) continue;
    watched.total -= found->second - std::min(left, found->second);
    found->second = left;
    if (left == 0) watched.ahead.erase(found);
    changed(id, watched.price, QuantityLots{watched.total},
            static_cast<std::uint32_t>(watched.ahead.size()));
  }
}

// After the command: all that stands before it in its queue.
void QueuePosition::join(OrderId id, const Engine& engine, const Changed& changed) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  Watched& watched = found->second;
  watched.ahead.clear();
  watched.total = 0;
  bool is_before = true;
  engine.for_each_order(watched.symbol, watched.side, [&](const OpenOrder& order) {
    if (order.price != watched.price) return;
    if (order.order_id == id) is_before = false;
    if (!is_before) return;
    watched.ahead[order.order_id.value()] = order.displayed.value();
    watched.total += order.displayed.value();
  });
  changed(id, watched.price, QuantityLots{watched.total},
          static_cast<std::uint32_t>(watched.ahead.size()));
}

}  // namespace bourse
