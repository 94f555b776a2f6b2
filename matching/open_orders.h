// Open orders: how an order becomes one of the book, and how it ceases to be one.
//   Shape:  small steps that the rules are made of; each keeps book, id table, accounts, timers,
//           positions and the state's hash in agreement. O(1), with a timer O(log n).
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matching/engine_state.h"  // EngineState
#include "matching/followers.h"     // stop_following

namespace bourse {

// Known by its id and by its account from now on.
inline void open_order(EngineState& state, Book& book, Handle handle) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  order.is_open = true;
  memory.ids.insert(order.id, handle, memory.id_of());
  Account& account = state.accounts[order.account];
  order.account_place = account.open.append(memory.lines, handle);
  if (account.tracks_positions) [[unlikely]] {
    Position& position = *state.positions.find_or_add(order.account, book.symbol());
    position.open(order.side) += memory.orders.open(handle);
  }
  if (order.is_plain) [[likely]]
    return;
  if (order.time_in_force == TimeInForce::gtd) {
    state.orders_due.set(handle, memory.orders.details(handle).expire_at, order.id.value());
  }
}

// What is counted or planned besides for an order that was open.
[[gnu::noinline]] inline void forget_order(EngineState& state, Handle handle) {
  BookMemory& memory = state.book_memory;
  const Order& order = memory.orders[handle];
  const SymbolId symbol = memory.orders.details(handle).symbol;
  if (order.time_in_force == TimeInForce::gtd) state.orders_due.remove(handle);
  if (order.follows || order.is_waiting) {
    stop_following(memory, state.book_of(symbol).trading, handle);
  }
  if (state.accounts[order.account].tracks_positions) {
    Position& position = *state.positions.find_or_add(order.account, symbol);
    position.open(order.side) -= memory.orders.open(handle);
  }
}

// The order is no more; it must be in no queue. Its handle is free.
[[gnu::always_inline]] inline void close_order(EngineState& state, Handle handle) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  if (order.is_open) {
    memory.ids.erase(order.id, handle);
    Account& account = state.accounts[order.account];
    account.open.erase(memory.lines, order.account_place);
    if (!order.is_plain || account.tracks_positions) [[unlikely]]
      forget_order(state, handle);
  }
  memory.orders.release(handle);
}

// At the end of its queue at this price, an iceberg with as much as it shows. Says nothing.
template <class Reports>
void place_quietly(EngineState& state, Reports& reports, Book& book, Handle handle,
                   PriceTicks price) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  OrderDetails& details = memory.orders.details(handle);
  if (!order.is_plain) [[unlikely]] {
    const QuantityLots open = order.leaves + details.reserve;
    const QuantityLots display = details.display_quantity;
    order.leaves = display == QuantityLots{0} ? open : std::min(display, open);
    details.reserve = open - order.leaves;
  }
  details.priority = Priority::of(state.sequence, state.placed_count++);
  if (!order.is_open) open_order(state, book, handle);
  book.append(memory, handle, price);
  reports.identify(handle, book.symbol(), price);
  reports.toggle(handle);
}

template <class Reports>
void place(EngineState& state, Reports& reports, Book& book, Handle handle, PriceTicks price) {
  place_quietly(state, reports, book, handle, price);
  if (!state.book_memory.orders[handle].is_hidden()) {
    reports.added(book, state.book_memory.level_of(handle), handle);
  }
}

// After a match, which toggled the maker out: it keeps its place, shows more behind the others, or
// is gone.
template <class Reports>
void settle_maker(EngineState& state, Reports& reports, Book& book, Handle maker,
                  QuantityLots quantity) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[maker];
  Level& level = memory.level_of(maker);
  (order.is_hidden() ? level.hidden_total : level.total) -= quantity;
  if (order.leaves != QuantityLots{0}) return reports.toggle(maker);
  const PriceTicks price = level.price;
  book.take_out(memory, maker);
  if (order.is_plain || memory.orders.details(maker).reserve == QuantityLots{0}) [[likely]]
    return close_order(state, maker);
  place(state, reports, book, maker, price);
}

// What an order shows or hides is taken out of the book or of the stops; it stays open.
template <class Reports>
[[gnu::always_inline]] inline void withdraw(EngineState& state, Reports& reports, Book& book,
                                            Handle handle, CancelReason reason,
                                            std::uint16_t flags) {
  BookMemory& memory = state.book_memory;
  const Order& order = memory.orders[handle];
  reports.toggle(handle);
  if (order.level == no_handle) return;  // a peg without a price to follow, a stop without one
  if (!order.is_hidden() && !order.is_waiting) {
    reports.removed(book, memory.level_of(handle), handle, reason, flags);
  }
  book.take_out(memory, handle);
}

// Why an order is cancelled, for its owner and for everybody.
struct CancelWords {
  CancelReason reason = CancelReason::requested;
  std::uint16_t event_flags = 0;
  std::uint32_t exec_flags = 0;
  RejectReason exec_reason = RejectReason::none;
};

template <class Reports>
[[gnu::always_inline]] inline void cancel_order(EngineState& state, Reports& reports, Book& book,
                                                Handle handle, const CancelWords& words) {
  withdraw(state, reports, book, handle, words.reason, words.event_flags);
  if (words.reason == CancelReason::expired) {
    reports.expired(handle, RejectReason::none);
  } else {
    reports.canceled(handle, words.exec_flags, words.exec_reason);
  }
  close_order(state, handle);
}

}  // namespace bourse
