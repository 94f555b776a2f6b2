// The matcher: an order meets the orders of the other side.
//   Shape:  one loop for both sides; O(orders matched). At most matches_per_command_max matches of
//           one taker; the rest of the order then expires.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: none; whoever comes here has been checked and accepted.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matching/engine_state.h"  // EngineState
#include "matching/open_orders.h"   // open_order, close_order, place, remove_maker
#include "matching/phase_change.h"  // interrupt
#include "matching/self_trade.h"    // is_self_trade, prevent_self_trade

namespace bourse {

enum class MatchEnd : std::uint8_t {
  filled,
  no_match,  // nothing left that it takes
  canceled,  // self-trade prevention took what was left
  out_of_budget,
  interrupted,  // the next price is outside the dynamic band
};

// Moves what both sides of a match have open to what they have filled.
inline void fill_order(EngineState& state, Order& order, SymbolId symbol, QuantityLots quantity) {
  order.leaves -= quantity;
  order.filled += quantity;
  if (state.accounts[order.account].tracks_positions) [[unlikely]] {
    Position& position = *state.positions.find_or_add(order.account, symbol);
    position.fill(order.side, quantity);
    if (order.is_open) position.open(order.side) -= quantity;
  }
}

inline void note_trade_price(Trading& trading, PriceTicks price) {
  trading.last_trade = price;
  if (trading.followers == 0) [[likely]]
    return;
  trading.trade_low = trading.trade_low == no_price ? price : std::min(trading.trade_low, price);
  trading.trade_high = trading.trade_high == no_price ? price : std::max(trading.trade_high, price);
}

// Matches what `taker` (all of it in leaves, in no queue) can take at keys >= key_min.
template <class Reports>
MatchEnd match(EngineState& state, Reports& reports, Book& book, Handle taker,
               std::uint64_t key_min) {
  BookMemory& memory = state.book_memory;
  Order& t = memory.orders[taker];
  const Ladder& makers = book.ladder(opposite(t.side));
  const std::uint32_t budget_end = state.match_count + matches_per_command_max;
  while (t.leaves != QuantityLots{0}) {
    const Handle at = makers.best();
    if (at == no_handle) return MatchEnd::no_match;
    const Level& level = memory.ladders.levels[at];
    if (level.key < key_min) return MatchEnd::no_match;
    if (state.match_count >= budget_end) return MatchEnd::out_of_budget;
    if (book.trading.is_banded) [[unlikely]] {
      if (book.trading.leaves_band(level.price, book.trading.reference())) {
        return MatchEnd::interrupted;
      }
    }
    const Handle maker = level.front(memory.lines);
    Order& m = memory.orders[maker];
    ++state.match_count;
    if (is_self_trade(t, m)) [[unlikely]] {
      if (prevent_self_trade(state, reports, book, taker, maker)) return MatchEnd::canceled;
      continue;
    }
    const QuantityLots quantity = std::min(t.leaves, m.leaves);
    state.match_id = MatchId{state.match_id.value() + 1};
    note_trade_price(book.trading, level.price);
    reports.toggle(maker);
    fill_order(state, t, book.symbol(), quantity);
    fill_order(state, m, book.symbol(), quantity);
    reports.matched(book, level, taker, maker, quantity, state.match_id);
    settle_maker(state, reports, book, maker, quantity);
  }
  return MatchEnd::filled;
}

// Ends the taker after match(): what is left rests, or is gone and told so.
template <class Reports>
void end_taker(EngineState& state, Reports& reports, Book& book, Handle taker, MatchEnd end) {
  BookMemory& memory = state.book_memory;
  Order& t = memory.orders[taker];
  if (end == MatchEnd::interrupted) interrupt(state, reports, book);
  if (end == MatchEnd::filled || end == MatchEnd::canceled) return close_order(state, taker);
  if (t.may_rest() && end != MatchEnd::out_of_budget) {
    return place(state, reports, book, taker, t.price);
  }
  RejectReason reason = RejectReason::none;
  if (end == MatchEnd::out_of_budget) {
    reason = RejectReason::book_full;
  } else if (end == MatchEnd::interrupted) {
    reason = RejectReason::price_collar;
  } else if (t.filled == QuantityLots{0}) {
    reason = RejectReason::no_liquidity;
  }
  reports.expired(taker, reason);
  close_order(state, taker);
}

}  // namespace bourse
