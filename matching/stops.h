// Stops: orders that wait for a trade at their price, and then become takers.
//   Shape:  they wait in two ladders of the book, next to trigger first; one look tells whether
//           one does. A trailing stop moves once per transaction: O(trailing stops and pegs of the
//           symbol), in markets that have any.
//   Units:  ticks.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matching/matcher.h"  // match, end_taker

namespace bourse {

// Where a trailing stop triggers at present; no_price before the first trade.
inline PriceTicks trailing_price(const BookMemory& memory, const Book& book, Handle handle) {
  const PriceTicks extreme = memory.orders.following(handle).extreme;
  if (extreme == no_price) return no_price;
  const TickDelta distance{memory.orders.details(handle).stop_price.value()};
  const bool sells = memory.orders[handle].side == Side::sell;
  const PriceTicks price = sells ? extreme - distance : extreme + distance;
  return std::clamp(price, book.price_min(), book.price_max());
}

// The order waits for its price, as the youngest there.
template <class Reports>
void wait_for_price(EngineState& state, Reports& reports, Book& book, Handle handle) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  OrderDetails& details = memory.orders.details(handle);
  order.is_waiting = true;
  details.priority = Priority::of(state.sequence, state.placed_count++);
  const bool trails = order.type == OrderType::trailing_stop;
  const PriceTicks price = trails ? trailing_price(memory, book, handle) : details.stop_price;
  if (price != no_price) book.wait(memory, handle, price);
  reports.identify(handle, book.symbol(), price);
  reports.toggle(handle);
}

// The next stop that the last trade triggers, no_handle if there is none.
inline Handle next_triggered(const BookMemory& memory, const Book& book) {
  const PriceTicks last = book.trading.last_trade;
  if (last == no_price) return no_handle;
  if (const Handle at = book.stops(Side::buy).best(); at != no_handle) {
    const Level& level = memory.ladders.levels[at];
    if (level.price <= last) return level.displayed.front(memory.lines);
  }
  if (const Handle at = book.stops(Side::sell).best(); at != no_handle) {
    const Level& level = memory.ladders.levels[at];
    if (level.price >= last) return level.displayed.front(memory.lines);
  }
  return no_handle;
}

// The worst key that a market order takes: its own protection, or that of the symbol's rules.
inline std::uint64_t market_key(const BookMemory& memory, const Book& book, Side side,
                                PriceTicks protection) {
  const TickDelta distance = book.trading.rules.market_protection;
  if (protection != no_price || distance == TickDelta{0}) {
    return book.worst_key_taken(side, protection);
  }
  const PriceTicks best = book.best_price(memory, opposite(side));
  if (best == no_price) return 0;
  const PriceTicks worst = side == Side::buy ? best + distance : best - distance;
  return book.worst_key_taken(side, std::clamp(worst, book.price_min(), book.price_max()));
}

template <class Reports>
void trigger(EngineState& state, Reports& reports, Book& book, Handle handle) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  withdraw(state, reports, book, handle, CancelReason::none, 0);
  stop_following(memory, book.trading, handle);
  ++state.match_count;  // it has reports even if it meets nobody
  reports.triggered(handle);
  const PriceTicks price = order.price;
  const std::uint64_t key_min = order.type == OrderType::stop_limit
                                    ? book.worst_key_taken(order.side, price)
                                    : market_key(memory, book, order.side, price);
  const MatchEnd end = match(state, reports, book, handle, key_min);
  end_taker(state, reports, book, handle, end);
}

// Trailing stops follow the trades since they were last looked at.
template <class Reports>
void move_trailing_stops(EngineState& state, Reports& reports, Book& book) {
  BookMemory& memory = state.book_memory;
  Trading& trading = book.trading;
  if (trading.trade_low == no_price) return;
  for (Handle at = trading.oldest_follower; at != no_handle;
       at = memory.orders.following(at).next) {
    const Order& order = memory.orders[at];
    if (order.type != OrderType::trailing_stop) continue;
    PriceTicks& extreme = memory.orders.following(at).extreme;
    const PriceTicks traded = order.side == Side::sell ? trading.trade_high : trading.trade_low;
    const bool better =
        extreme == no_price || (order.side == Side::sell ? traded > extreme : traded < extreme);
    if (!better) continue;
    withdraw(state, reports, book, at, CancelReason::none, 0);
    extreme = traded;
    wait_for_price(state, reports, book, at);
  }
  trading.trade_low = trading.trade_high = no_price;
}

}  // namespace bourse
