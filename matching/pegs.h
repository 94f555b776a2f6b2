// Pegged orders: hidden, at a distance from the best displayed prices, and they move with them.
//   Shape:  looked at once per transaction, when a displayed best price has changed: O(pegs and
//           trailing stops of the symbol), in markets that have any.
//   Units:  ticks.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matching/matcher.h"  // match, end_taker

namespace bourse {

// Where a pegged order stands between these best displayed prices; no_price: nowhere. It never
// meets the other side's displayed orders: those it would only take from who came to trade.
inline PriceTicks peg_price(const OrderPool& orders, const Book& book, Handle handle,
                            PriceTicks bid, PriceTicks ask) {
  const Order& order = orders[handle];
  const PegReference reference = orders.following(handle).peg;
  const bool buys = order.side == Side::buy;
  const PriceTicks own = buys ? bid : ask;
  const PriceTicks other = buys ? ask : bid;
  PriceTicks price = reference == PegReference::market ? other : own;
  if (reference == PegReference::midpoint) {
    if (bid == no_price || ask == no_price) return no_price;
    const std::int64_t width = ask.value() - bid.value();
    // Rounded down for a buy and up for a sell, also where an auction's book crosses.
    price = bid + TickDelta{buys ? width >> 1 : (width + 1) >> 1};
  }
  if (price == no_price) return no_price;
  const TickDelta distance{orders.details(handle).stop_price.value()};
  price = buys ? price - distance : price + distance;
  constexpr TickDelta one{1};
  if (order.price != no_price) {
    price = buys ? std::min(price, order.price) : std::max(price, order.price);
  }
  if (other != no_price) price = buys ? std::min(price, other - one) : std::max(price, other + one);
  return price < book.price_min() || price > book.price_max() ? no_price : price;
}

// Puts a pegged order (in no queue) where it belongs now; on its way it may meet hidden orders.
template <class Reports>
void place_peg(EngineState& state, Reports& reports, Book& book, Handle handle, PriceTicks price) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  if (price != no_price && book.trading.phase == Phase::continuous) {
    const MatchEnd end =
        match(state, reports, book, handle, book.worst_key_taken(order.side, price));
    if (end == MatchEnd::interrupted) {
      interrupt(state, reports, book);
    } else if (end != MatchEnd::no_match) {
      return end_taker(state, reports, book, handle, end);
    }
  }
  if (price != no_price) return place(state, reports, book, handle, price);
  memory.orders.details(handle).priority = Priority::of(state.sequence, state.placed_count++);
  reports.identify(handle, book.symbol(), no_price);
  reports.toggle(handle);
}

// Moves every peg whose price has changed. False if there was no room for all in the transaction.
template <class Reports>
bool move_pegs(EngineState& state, Reports& reports, Book& book) {
  BookMemory& memory = state.book_memory;
  Trading& trading = book.trading;
  const PriceTicks bid = book.best_price(memory, Side::buy);
  const PriceTicks ask = book.best_price(memory, Side::sell);
  if (trading.pegs_stand && bid == trading.peg_bid && ask == trading.peg_ask) return true;
  for (Handle at = trading.oldest_follower; at != no_handle;) {
    const Order& order = memory.orders[at];
    const Handle next = memory.orders.following(at).next;
    const auto wanted = [&] { return peg_price(memory.orders, book, at, bid, ask); };
    const PriceTicks stands = order.level == no_handle ? no_price : memory.level_of(at).price;
    if (order.type != OrderType::pegged || wanted() == stands) {
      at = next;
      continue;
    }
    if (state.match_count >= cascade_matches_max) return false;
    const std::uint32_t before = state.match_count;
    withdraw(state, reports, book, at, CancelReason::none, 0);
    place_peg(state, reports, book, at, wanted());
    // Whoever was matched or cancelled may be the next of the list; those that stand right are
    // passed over.
    at = state.match_count == before ? next : trading.oldest_follower;
  }
  trading.peg_bid = bid;
  trading.peg_ask = ask;
  trading.pegs_stand = true;
  return true;
}

}  // namespace bourse
