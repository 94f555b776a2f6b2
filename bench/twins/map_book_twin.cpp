#include "bench/twins/map_book_twin.h"

#include <algorithm>

namespace bourse {

template <class Levels>
std::uint64_t MapBookTwin::take(Levels& levels, std::int64_t price, std::uint64_t quantity,
                                bool is_buy) {
  while (quantity > 0 && !levels.empty()) {
    auto best = levels.begin();
    if (is_buy ? best->first > price : best->first < price) break;
    Level& level = best->second;
    while (quantity > 0 && !level.empty()) {
      Order& maker = level.front();
      const std::uint64_t filled = std::min(quantity, maker.quantity);
      quantity -= filled;
      maker.quantity -= filled;
      ++trades_;
      traded_ += filled;
      if (maker.quantity > 0) continue;
      orders_.erase(maker.id);
      level.pop_front();
    }
    if (level.empty()) levels.erase(best);
  }
  return quantity;
}

void MapBookTwin::add(std::uint32_t symbol, Side side, std::uint64_t id, std::int64_t price,
                      std::uint64_t quantity, bool rests) {
  Book& book = books_[symbol];
  const bool is_buy = side == Side::buy;
  quantity =
      is_buy ? take(book.asks, price, quantity, true) : take(book.bids, price, quantity, false);
  if (quantity == 0 || !rests) return;
  Level& level = is_buy ? book.bids[price] : book.asks[price];
  orders_[id] = {symbol, side, price, level.insert(level.end(), {id, quantity})};
}

bool MapBookTwin::remove(std::uint64_t id, Place& was) {
  const auto found = orders_.find(id);
  if (found == orders_.end()) return false;
  was = found->second;
  Book& book = books_[was.symbol];
  const auto erase = [&](auto& levels) {
    const auto level = levels.find(was.price);
    level->second.erase(was.order);
    if (level->second.empty()) levels.erase(level);
  };
  was.side == Side::buy ? erase(book.bids) : erase(book.asks);
  orders_.erase(found);
  return true;
}

void MapBookTwin::apply(const Command& command) {
  const std::lock_guard lock(mutex_);
  const auto& order = command.order;
  Place was{};
  switch (command.type) {
    case CommandType::new_order:
      add(command.symbol.value(), order.side, order.order_id.value(), order.price.value(),
          order.quantity.value(), order.time_in_force != TimeInForce::ioc);
      break;
    case CommandType::cancel:
      remove(order.order_id.value(), was);
      break;
    case CommandType::amend:
      // Priority is lost: the order leaves and comes again.
      if (remove(order.order_id.value(), was))
        add(was.symbol, was.side, order.order_id.value(), order.price.value(),
            order.quantity.value(), true);
      break;
    default:
      break;
  }
}

}  // namespace bourse
