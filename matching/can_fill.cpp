#include "matching/can_fill.h"

#include "matching/self_trade.h"  // is_self_trade

namespace bourse {
namespace {

struct LevelCount {
  bool fits;              // the order can go on: enough matches, nobody of its own
  std::uint64_t matches;  // that the level takes
};

// Refills of an iceberg come back behind younger orders, so who is met is known for the whole level
// only: where one stands in front, all of the level is counted. Else just who is needed.
LevelCount count_level(const BookMemory& memory, const Level& level, const Order& taker,
                       QuantityLots quantity) {
  const bool covers = level.total + level.hidden_total >= quantity;
  LevelCount count{true, 0};
  QuantityLots open{0};
  bool has_iceberg = false;
  for (const bool hidden : {false, true}) {
    const OrderQueue& queue = hidden ? level.hidden : level.displayed;
    for (QueuePlace place = queue.begin(memory.lines); place != no_place;
         place = OrderQueue::next(memory.lines, place)) {
      if (covers && !has_iceberg && open >= quantity) return count;
      const Handle at = order_at(memory.lines, place);
      const Order& order = memory.orders[at];
      if (is_self_trade(taker, order)) return {false, 0};
      ++count.matches;
      open += order.leaves;
      const bool is_enough = covers && !has_iceberg && open >= quantity;
      if (order.is_plain || is_enough) continue;
      const OrderDetails& details = memory.orders.details(at);
      if (details.reserve == QuantityLots{0}) continue;
      const std::uint64_t display = details.display_quantity.value();
      has_iceberg = true;
      count.matches += (details.reserve.value() + display - 1) / display;
    }
  }
  return count;
}

}  // namespace

bool can_fill(const BookMemory& memory, const Book& book, const Order& taker, std::uint64_t key_min,
              QuantityLots quantity, std::uint32_t matches_max) {
  const Ladder& side = book.ladder(opposite(taker.side));
  PriceTicks last_trade = book.trading.reference();
  for (Handle at = side.best(); at != no_handle; at = side.next_worse(memory.ladders, at)) {
    const Level& level = memory.ladders.levels[at];
    if (level.key < key_min || book.trading.leaves_band(level.price, last_trade)) return false;
    const LevelCount count = count_level(memory, level, taker, quantity);
    const QuantityLots open = level.total + level.hidden_total;
    if (open >= quantity) return count.fits && count.matches <= matches_max;
    if (!count.fits || count.matches >= matches_max) return false;
    matches_max -= static_cast<std::uint32_t>(count.matches);
    quantity -= open;
    last_trade = level.price;
  }
  return false;
}

}  // namespace bourse
