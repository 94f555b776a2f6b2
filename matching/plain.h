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

// It meets the other side: from here on nothing is shorter but the checks.
template <class Reports>
[[gnu::noinline]] bool meet_plain(EngineState& state, Reports& reports, const Command& command,
                                  Book& book) {
  const OrderBody& body = command.order;
  BookMemory& memory = state.book_memory;
  const bool never_rests = body.time_in_force == TimeInForce::ioc;
  if ((command.order_flags & order_flags::post_only) != 0) return false;
  if (body.time_in_force == TimeInForce::fok || (never_rests && command.order_flags != 0)) {
    return false;
  }
  if (memory.find_order(body.order_id) != no_handle) return false;
  if (!never_rests && memory.ids.entry_count() >= state.limits.orders_max) return false;
  const Handle handle = memory.orders.take();
  Order& order = memory.orders.write_plain(handle, command, Priority{0});
  order.is_open = false;
  order.level = no_handle;
  reports.accepted(handle, OrderStatus::open, 0);
  const std::uint64_t key_min = book.worst_key_taken(body.side, body.price);
  end_taker(state, reports, book, handle, match(state, reports, book, handle, key_min));
  return true;
}

// It never rests and meets nobody.
template <class Reports>
[[gnu::noinline]] bool pass_plain(EngineState& state, Reports& reports, const Command& command) {
  BookMemory& memory = state.book_memory;
  if (command.order_flags != 0 || memory.find_order(command.order.order_id) != no_handle) {
    return false;
  }
  const Handle handle = memory.orders.take();
  memory.orders.write_plain(handle, command, Priority{0});
  reports.accepted(handle, OrderStatus::open, 0);
  reports.expired(handle, RejectReason::no_liquidity);
  memory.orders.release(handle);
  return true;
}

template <class Reports>
[[gnu::always_inline]] inline bool add_plain(EngineState& state, Reports& reports,
                                             const Command& command) {
  const OrderBody& body = command.order;
  const Side side = body.side;
  const PriceTicks price = body.price;
  const QuantityLots quantity = body.quantity;
  BookMemory& memory = state.book_memory;
  Account& account = state.accounts[command.account];
  Book* const book = state.book(command.symbol);
  if (book == nullptr || account.is_bound || !book->trading.is_plain() || !is_plain(command) ||
      !book->allows(price, quantity)) [[unlikely]] {
    return false;
  }
  const std::uint64_t key = book->key(side, price);
  if (book->meets(side, key)) return meet_plain(state, reports, command, *book);
  if (body.time_in_force == TimeInForce::ioc || body.time_in_force == TimeInForce::fok) {
    return pass_plain(state, reports, command);
  }
  if (memory.ids.entry_count() >= state.limits.orders_max) [[unlikely]]
    return false;
  const Handle handle = memory.orders.take();
  if (!memory.ids.insert_new(body.order_id, handle, memory.id_of())) [[unlikely]] {
    memory.orders.release(handle);
    return false;
  }
  Order& order = memory.orders.write_plain(handle, command, Priority::of(state.sequence, 0));
  state.placed_count = 1;
  order.account_place = account.open.append(memory.lines, handle);
  book->append_plain(memory, handle, order, key);
  reports.identify(handle, book->symbol(), price);
  reports.toggle(handle);
  reports.accepted(handle, OrderStatus::open, 0);
  reports.added(*book, memory.level_of(handle), handle);
  return true;
}

// A cancel of an order that `handle` names and that is the account's.
template <class Reports>
[[gnu::always_inline]] inline bool cancel_plain(EngineState& state, Reports& reports,
                                                Handle handle) {
  BookMemory& memory = state.book_memory;
  const Order& order = memory.orders[handle];
  Account& account = state.accounts[order.account];
  if (!order.is_plain || account.is_bound) return false;
  const Level& level = memory.level_of(handle);
  Book& book = state.book_of(level.symbol());
  if (book.trading.followers != 0) return false;
  reports.toggle(handle);
  reports.removed(book, level, handle, CancelReason::requested, 0);
  reports.canceled(handle, 0, RejectReason::none);
  book.take_out_plain(memory, order);
  account.open.erase(memory.lines, order.account_place);
  memory.ids.erase(order.id, handle);
  memory.orders.release(handle);
  return true;
}

// An amend to another price or to more, of an order that `handle` names and that is the account's.
template <class Reports>
[[gnu::always_inline]] inline bool move_plain(EngineState& state, Reports& reports,
                                              const Command& command, Handle handle) {
  const PriceTicks price = command.order.price;
  const QuantityLots quantity = command.order.quantity;
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  if (!order.is_plain || state.accounts[command.account].is_bound || !is_plain_amend(command)) {
    return false;
  }
  const Level& level = memory.level_of(handle);
  Book& book = state.book_of(level.symbol());
  if (!book.allows(price, quantity) || !book.trading.is_plain()) return false;
  const Side side = order.side;
  const std::uint64_t key = book.key(side, price);
  const bool keeps_place = price == level.price && quantity <= order.leaves &&
                           (command.order_flags & order_flags::lose_priority) == 0;
  if (keeps_place || book.meets(side, key)) return false;
  reports.modified(book, level, handle, price, quantity, event_flags::priority_lost);
  reports.toggle(handle);
  book.take_out_plain(memory, order);
  order.leaves = quantity;
  order.price = price;
  reports.replaced(handle);
  memory.orders.details(handle).priority = Priority::of(state.sequence, 0);
  state.placed_count = 1;
  book.append_plain(memory, handle, order, key);
  reports.identify(handle, book.symbol(), price);
  reports.toggle(handle);
  return true;
}

}  // namespace bourse
