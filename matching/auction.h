// The call auction: one price for all, found from both ladders, and the matches at that price.
//   Shape:  find_auction_price: O(levels that cross). uncross: O(matches), at most
//           auction_matches_max in one transaction.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: none; a book that does not cross has no auction price.
#pragma once

#include <cstdint>

#include "matching/matcher.h"       // fill_order, note_trade_price
#include "matching/open_orders.h"   // settle_maker
#include "matching/phase_change.h"  // pend

namespace bourse {

struct AuctionPrice {
  PriceTicks price;      // no_price: nothing crosses
  QuantityLots paired;   // what would be matched
  Side side;             // of the surplus; none if there is none
  QuantityLots surplus;  // what would be left at this price or better
};

// Of all prices: most quantity, then least surplus, then nearest to the reference (the last trade,
// or that of the rules), then the lower price. Reserves and hidden orders count.
AuctionPrice find_auction_price(const BookMemory& memory, const Book& book);

// Matches at one price until nothing crosses it. False if the transaction has no room for all.
template <class Reports>
bool uncross(EngineState& state, Reports& reports, Book& book, PriceTicks price) {
  BookMemory& memory = state.book_memory;
  const std::uint64_t buy_key = book.key(Side::buy, price);
  const std::uint64_t sell_key = book.key(Side::sell, price);
  const auto front = [&](Side side) {
    const Level& level = memory.ladders.levels[book.ladder(side).best()];
    return level.front(memory.lines);
  };
  for (;;) {
    const Handle bid = book.ladder(Side::buy).best();
    const Handle ask = book.ladder(Side::sell).best();
    if (bid == no_handle || ask == no_handle) return true;
    if (memory.ladders.levels[bid].key < buy_key) return true;
    if (memory.ladders.levels[ask].key < sell_key) return true;
    if (state.match_count >= 2 * auction_matches_max) return false;
    state.match_count += 2;  // both sides have events of their own
    const Handle buy = front(Side::buy);
    const Handle sell = front(Side::sell);
    Order& b = memory.orders[buy];
    Order& s = memory.orders[sell];
    const QuantityLots quantity = std::min(b.leaves, s.leaves);
    state.match_id = MatchId{state.match_id.value() + 1};
    note_trade_price(book.trading, price);
    reports.toggle(buy);
    reports.toggle(sell);
    fill_order(state, b, book.symbol(), quantity);
    fill_order(state, s, book.symbol(), quantity);
    reports.auction_matched(book, price, buy, sell, quantity, state.match_id);
    settle_maker(state, reports, book, buy, quantity);
    settle_maker(state, reports, book, sell, quantity);
  }
}

}  // namespace bourse
