// The straight way of nearly all messages: a limit order, and its move to another price, where
// neither the order nor the account nor the market has anything special.
//   Shape:  one look tells whether it applies; then the same steps as on the general way, without
//           the questions whose answers are known. False: nothing has changed, go the general way;
//           it gives the same answer (the twin of the tests and its rules know only one way).
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: none; whatever is to be refused goes the general way.
#pragma once

#include "matching/engine_state.h"  // EngineState
#include "matching/matcher.h"       // match, end_taker
#include "matching/order_entry.h"   // is_plain

namespace bourse {

// At the end of the queue at its price: the book, the order's place in time, and the hash.
template <class Reports>
[[gnu::always_inline]] inline void stand_plain(EngineState& state, Reports& reports, Book& book,
                                               Handle handle, Side side, std::uint64_t key,
                                               PriceTicks price) {
  BookMemory& memory = state.book_memory;
  memory.orders.details(handle).priority = Priority::of(state.sequence, state.placed_count++);
  book.append(memory, handle, side, key, price);
  reports.identify(handle, book.symbol(), price);
  reports.toggle(handle);
}

// It meets the other side: from here on nothing is shorter but the checks.
template <class Reports>
[[gnu::noinline]] bool meet_plain(EngineState& state, Reports& reports, const Command& command,
                                  Book& book) {
  const OrderBody& body = command.order;
  const Account& account = state.accounts[command.account];
  BookMemory& memory = state.book_memory;
  if ((command.order_flags & order_flags::post_only) != 0) return false;
  if (body.time_in_force == TimeInForce::fok) return false;
  if (memory.find_order(body.order_id) != no_handle) return false;
  if (body.time_in_force != TimeInForce::ioc) {
    if (account.open_orders_max != 0 && account.open.count >= account.open_orders_max) return false;
    if (memory.ids.entry_count() >= state.limits.orders_max) return false;
  } else if (command.order_flags != 0) {
    return false;
  }
  const Handle handle = memory.orders.take();
  memory.orders.write_plain(handle, command);
  Order& order = memory.orders[handle];
  order.is_open = false;
  order.level = no_handle;
  reports.accepted(handle, OrderStatus::open, 0);
  const std::uint64_t key_min = book.worst_key_taken(body.side, body.price);
  end_taker(state, reports, book, handle, match(state, reports, book, handle, key_min));
  return true;
}

template <class Reports>
[[gnu::always_inline]] inline bool add_plain(EngineState& state, Reports& reports,
                                             const Command& command) {
  const OrderBody& body = command.order;
  Book* const book = state.book(command.symbol);
  if (book == nullptr || !is_plain(command) || !book->allows(body.price, body.quantity) ||
      !book->trading.is_plain()) [[unlikely]] {
    return false;
  }
  Account& account = state.accounts[command.account];
  if (account.is_limited) return false;
  const std::uint64_t key = book->key(body.side, body.price);
  if (book->meets(body.side, key)) return meet_plain(state, reports, command, *book);
  BookMemory& memory = state.book_memory;
  if (body.time_in_force == TimeInForce::ioc || body.time_in_force == TimeInForce::fok) {
    if (command.order_flags != 0 || memory.find_order(body.order_id) != no_handle) return false;
    const Handle handle = memory.orders.take();
    memory.orders.write_plain(handle, command);
    reports.accepted(handle, OrderStatus::open, 0);
    reports.expired(handle, RejectReason::no_liquidity);
    memory.orders.release(handle);
    return true;
  }
  if (account.open_orders_max != 0 && account.open.count >= account.open_orders_max) return false;
  if (memory.ids.entry_count() >= state.limits.orders_max) return false;
  const Handle handle = memory.orders.take();
  if (!memory.ids.insert_new(body.order_id, handle, memory.id_of())) [[unlikely]] {
    memory.orders.release(handle);
    return false;
  }
  memory.orders.write_plain(handle, command);
  Order& order = memory.orders[handle];
  order.account_place = account.open.append(memory.lines, handle);
  stand_plain(state, reports, *book, handle, body.side, key, body.price);
  reports.accepted(handle, OrderStatus::open, 0);
  reports.added(*book, memory.level_of(handle), handle);
  return true;
}

// An amend to another price or to more, of an order that `handle` names and that is the account's.
template <class Reports>
[[gnu::always_inline]] inline bool move_plain(EngineState& state, Reports& reports,
                                              const Command& command, Handle handle) {
  const OrderBody& body = command.order;
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  if (!order.is_plain || !is_plain_amend(command)) return false;
  const Level& level = memory.level_of(handle);
  Book& book = state.book_of(level.symbol());
  const std::uint64_t key = book.key(order.side, body.price);
  const bool keeps_place = body.price == level.price && body.quantity <= order.leaves &&
                           (command.order_flags & order_flags::lose_priority) == 0;
  if (keeps_place || !book.allows(body.price, body.quantity) || !book.trading.is_plain() ||
      state.accounts[command.account].is_limited || book.meets(order.side, key)) {
    return false;
  }
  reports.modified(book, level, handle, body.price, body.quantity, event_flags::priority_lost);
  reports.toggle(handle);
  book.take_out(memory, handle);
  order.leaves = body.quantity;
  order.price = body.price;
  reports.replaced(handle);
  stand_plain(state, reports, book, handle, order.side, key, body.price);
  return true;
}

}  // namespace bourse
