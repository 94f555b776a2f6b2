// A new order: refused with a reason, or accepted and then matched, placed, or left to wait.
//   Shape:  O(1) and the orders it meets.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: a RejectReason to the account; nothing else has changed then.
#pragma once

#include <cstdint>

#include "matching/can_fill.h"     // can_fill
#include "matching/matcher.h"      // match, end_taker
#include "matching/order_entry.h"  // check_new_order
#include "matching/plain.h"        // add_plain
#include "matching/risk.h"         // check_rules, check_limits
#include "matching/settle.h"       // settle, stops, pegs

namespace bourse {

// The last price that does not meet the other side; no_price if there is none in range.
inline PriceTicks passive_price(const BookMemory& memory, const Book& book, Side side) {
  const Handle best = book.ladder(opposite(side)).best();
  const PriceTicks price = memory.ladders.levels[best].price;
  if (side == Side::buy) {
    return price == book.price_min() ? no_price : price - TickDelta{1};
  }
  return price == book.price_max() ? no_price : price + TickDelta{1};
}

// Writes the order of the command into the pool: each of its lines at once, not field by field.
inline Handle take_order(BookMemory& memory, const Command& command, PriceTicks price) {
  const OrderBody& body = command.order;
  const bool pegged = body.type == OrderType::pegged;
  const bool plain =
      is_plain_order(body.type, body.time_in_force, command.order_flags, body.display_quantity);
  const Handle handle = memory.orders.take();
  memory.orders[handle] = Order{
      .id = body.order_id,
      .price = price,
      .leaves = body.quantity,
      .filled = QuantityLots{0},
      .level = no_handle,
      .place = no_place,
      .account = command.account,
      .account_place = no_place,
      .group = body.group,
      .side = body.side,
      .type = body.type,
      .time_in_force = body.time_in_force,
      .self_trade_prevention = body.self_trade_prevention,
      .flags = static_cast<std::uint8_t>(command.order_flags | (pegged ? order_flags::hidden : 0)),
      .is_plain = plain,
      .is_open = false,
      .is_waiting = false,
      .follows = false,
      .has_client_order_id = !body.client_order_id.empty(),
      .reserved_ = {}};
  OrderDetails& details = memory.orders.details(handle);
  details.client_sequence = command.client_sequence;
  details.stop_price = body.stop_price;
  details.display_quantity = body.display_quantity;
  details.expire_at = body.expire_at;
  details.reserve = QuantityLots{0};
  details.session = command.session;
  details.symbol = command.symbol;
  if (pegged) [[unlikely]]
    memory.orders.following(handle).peg = command.peg;
  if (!body.client_order_id.empty()) [[unlikely]]
    memory.orders.set_client_order_id(handle, body.client_order_id);
  return handle;
}

template <class Reports>
[[gnu::noinline]] void accept_stop(EngineState& state, Reports& reports, Book& book,
                                   Handle handle) {
  BookMemory& memory = state.book_memory;
  memory.orders.following(handle).extreme = book.trading.last_trade;
  memory.orders[handle].is_waiting = true;
  reports.accepted(handle, OrderStatus::waiting, 0);
  open_order(state, book, handle);
  start_following(memory, book.trading, handle);
  wait_for_price(state, reports, book, handle);
}

template <class Reports>
[[gnu::noinline]] void accept_peg(EngineState& state, Reports& reports, Book& book, Handle handle) {
  BookMemory& memory = state.book_memory;
  reports.accepted(handle, OrderStatus::open, 0);
  open_order(state, book, handle);
  start_following(memory, book.trading, handle);
  const PriceTicks price =
      peg_price(memory.orders, book, handle, book.best_price(memory, Side::buy),
                book.best_price(memory, Side::sell));
  place_peg(state, reports, book, handle, price);
}

// What it may not meet or must meet at once, for an order that is to be matched now.
template <class Reports>
void accept_taker(EngineState& state, Reports& reports, Book& book, Handle handle,
                  const OrderBody& body, std::uint32_t flags) {
  BookMemory& memory = state.book_memory;
  reports.accepted(handle, OrderStatus::open, flags);
  const PriceTicks price = memory.orders[handle].price;
  if (book.trading.phase != Phase::continuous) [[unlikely]] {
    return place(state, reports, book, handle, price);
  }
  const std::uint64_t key_min = body.type == OrderType::market
                                    ? market_key(memory, book, body.side, price)
                                    : book.worst_key_taken(body.side, price);
  const QuantityLots at_once =
      body.time_in_force == TimeInForce::fok ? body.quantity : body.min_quantity;
  if (at_once != QuantityLots{0} &&
      !can_fill(memory, book, memory.orders[handle], key_min, at_once, matches_per_command_max)) {
    return end_taker(state, reports, book, handle, MatchEnd::no_match);
  }
  end_taker(state, reports, book, handle, match(state, reports, book, handle, key_min));
}

template <class Reports>
[[gnu::noinline, gnu::flatten]] void apply_special_order(EngineState& state, Reports& reports,
                                                         const Command& command) {
  const auto reject = [&](RejectReason reason) { reports.rejected(command, reason); };
  Book* const book = state.book(command.symbol);
  if (book == nullptr) return reject(RejectReason::unknown_instrument);
  const OrderBody& body = command.order;
  const RejectReason entry = check_new_order(command, *state.instruments.find(command.symbol));
  if (entry != RejectReason::none) return reject(entry);
  if (book->trading.is_ruled) [[unlikely]] {
    if (book->trading.is_delisted) return reject(RejectReason::delisted);
    const RejectReason rules = check_rules(book->trading, command);
    if (rules != RejectReason::none) return reject(rules);
  }
  const Account& account = state.accounts[command.account];
  if (account.is_limited) [[unlikely]] {
    const RejectReason limits = check_limits(state, command.account, command.symbol, body.side,
                                             body.price, body.quantity, body.quantity);
    if (limits != RejectReason::none) return reject(limits);
  }
  BookMemory& memory = state.book_memory;
  if (memory.find_order(body.order_id) != no_handle) {
    return reject(RejectReason::duplicate_order_id);
  }
  const bool may_stay = body.type != OrderType::market && body.time_in_force != TimeInForce::ioc &&
                        body.time_in_force != TimeInForce::fok;
  if (may_stay) {
    if (account.open_orders_max != 0 && account.open.count >= account.open_orders_max) {
      return reject(RejectReason::open_orders_limit);
    }
    if (memory.ids.entry_count() >= state.limits.orders_max) {
      return reject(RejectReason::book_full);
    }
  }
  PriceTicks price = body.price;
  std::uint32_t flags = 0;
  if ((command.order_flags & order_flags::post_only) != 0 &&
      book->trading.phase == Phase::continuous && book->crosses(body.side, price)) {
    const bool slides = (command.order_flags & order_flags::slide) != 0;
    if (slides) price = passive_price(memory, *book, body.side);
    if (!slides || price == no_price) return reject(RejectReason::would_cross);
    flags = exec_flags::slid;
  }
  const Handle handle = take_order(memory, command, price);
  if (body.type == OrderType::limit || body.type == OrderType::market) [[likely]] {
    accept_taker(state, reports, *book, handle, body, flags);
  } else if (body.type == OrderType::pegged) {
    accept_peg(state, reports, *book, handle);
  } else {
    accept_stop(state, reports, *book, handle);
  }
  settle(state, reports, *book);
}

template <class Reports>
[[gnu::always_inline]] inline void apply_new_order(EngineState& state, Reports& reports,
                                                   const Command& command) {
  if (add_plain(state, reports, command)) [[likely]]
    return;
  apply_special_order(state, reports, command);
}

}  // namespace bourse
