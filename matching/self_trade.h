// Self-trade prevention: what happens when a taker meets an order of its own account.
//   Shape:  O(1) per meeting; the taker's mode decides.
//   Units:  lots.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <algorithm>

#include "matching/open_orders.h"  // cancel_order, place

namespace bourse {

inline bool is_self_trade(const Order& taker, const Order& maker) {
  if (taker.self_trade_prevention == SelfTradePrevention::none) [[likely]]
    return false;
  if (taker.account != maker.account) return false;
  return (taker.flags & order_flags::prevent_in_group) == 0 || taker.group == maker.group;
}

// An order loses quantity without a trade: less is open, and less was ordered.
inline void shrink(EngineState& state, Order& order, SymbolId symbol, QuantityLots quantity) {
  order.leaves -= quantity;
  if (order.is_open && state.accounts[order.account].tracks_positions) {
    state.positions.find_or_add(order.account, symbol)->open(order.side) -= quantity;
  }
}

template <class Reports>
void decrement_maker(EngineState& state, Reports& reports, Book& book, Handle maker,
                     QuantityLots quantity) {
  BookMemory& memory = state.book_memory;
  Order& m = memory.orders[maker];
  Level& level = memory.level_of(maker);
  const PriceTicks price = level.price;
  reports.toggle(maker);
  if (!m.is_hidden() && m.leaves != quantity) {
    reports.modified(book, level, maker, price, m.leaves - quantity,
                     event_flags::priority_kept | event_flags::self_trade_prevention);
  } else if (!m.is_hidden()) {
    reports.removed(book, level, maker, CancelReason::self_trade,
                    event_flags::self_trade_prevention);
  }
  (m.is_hidden() ? level.hidden_total : level.total) -= quantity;
  shrink(state, m, book.symbol(), quantity);
  if (m.leaves != QuantityLots{0}) {
    reports.toggle(maker);
  } else {
    book.take_out(memory, maker);
    place(state, reports, book, maker, price);  // the next part of an iceberg
  }
  reports.restated(maker, exec_flags::self_trade_prevention);
}

// True if the taker is told to be canceled; false if it goes on.
template <class Reports>
[[gnu::noinline]] bool prevent_self_trade(EngineState& state, Reports& reports, Book& book,
                                          Handle taker, Handle maker) {
  constexpr CancelWords words{.reason = CancelReason::self_trade,
                              .event_flags = event_flags::self_trade_prevention,
                              .exec_flags = exec_flags::self_trade_prevention,
                              .exec_reason = RejectReason::self_trade};
  const auto cancel_taker = [&] {
    reports.canceled(taker, words.exec_flags, words.exec_reason);
    return true;
  };
  Order& t = state.book_memory.orders[taker];
  const Order& m = state.book_memory.orders[maker];
  switch (t.self_trade_prevention) {
    case SelfTradePrevention::cancel_newest:
      return cancel_taker();
    case SelfTradePrevention::cancel_oldest:
      cancel_order(state, reports, book, maker, words);
      return false;
    case SelfTradePrevention::cancel_both:
      cancel_order(state, reports, book, maker, words);
      return cancel_taker();
    default:
      break;
  }
  const QuantityLots quantity = std::min(t.leaves, m.leaves);
  if (m.leaves == quantity && state.book_memory.orders.details(maker).reserve == QuantityLots{0}) {
    cancel_order(state, reports, book, maker, words);
  } else {
    decrement_maker(state, reports, book, maker, quantity);
  }
  if (t.leaves == quantity) return cancel_taker();
  shrink(state, t, book.symbol(), quantity);
  reports.restated(taker, exec_flags::self_trade_prevention);
  return false;
}

}  // namespace bourse
