// Amend: an open order gets a new price, a new open quantity or a new stop price.
//   Shape:  less quantity at the same price keeps the place of the order; all else is as if it came
//           anew under its old id, and may trade. O(1) and the orders it meets.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: a RejectReason to the account; the order stands as it stood.
#pragma once

#include "matching/cancels.h"      // find_target
#include "matching/new_order.h"    // passive_price, place_peg, wait_for_price
#include "matching/order_entry.h"  // check_amend
#include "matching/plain.h"        // move_plain
#include "matching/risk.h"         // check_rules, check_limits

namespace bourse {

// All that is open of the order becomes `quantity`; it is in no queue.
inline void set_open_quantity(EngineState& state, Handle handle, QuantityLots quantity) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  if (state.accounts[order.account].tracks_positions) [[unlikely]] {
    const SymbolId symbol = memory.orders.details(handle).symbol;
    QuantityLots& open = state.positions.find_or_add(order.account, symbol)->open(order.side);
    open = open + quantity - memory.orders.open(handle);
  }
  order.leaves = quantity;
  memory.orders.details(handle).reserve = QuantityLots{0};
}

inline RejectReason check_amend_of(EngineState& state, const Command& command, Handle handle) {
  const Order& order = state.book_memory.orders[handle];
  const OrderDetails& details = state.book_memory.orders.details(handle);
  const OrderBody& body = command.order;
  const InstrumentBody& instrument = *state.instruments.find(details.symbol);
  const RejectReason entry = check_amend(command, instrument);
  if (entry != RejectReason::none) return entry;
  const bool needs_price = order.type == OrderType::limit || order.type == OrderType::stop_limit;
  if (needs_price && body.price == no_price) return RejectReason::bad_field;
  const bool new_stop = body.stop_price != PriceTicks{0} && body.stop_price != no_price;
  if (new_stop) {
    const bool waits_at_price = order.is_waiting && order.type != OrderType::trailing_stop;
    if (!waits_at_price) return RejectReason::amend_invalid;
    if (body.stop_price < instrument.price_min || body.stop_price > instrument.price_max) {
      return RejectReason::price_collar;
    }
  }
  const Book& book = state.book_of(details.symbol);
  if (book.trading.is_ruled) {
    const RejectReason rules = check_rules(book.trading, command);
    if (rules != RejectReason::none) return rules;
  }
  if (!state.accounts[order.account].is_limited) return RejectReason::none;
  const QuantityLots open = order.leaves + details.reserve;
  const QuantityLots added = body.quantity > open ? body.quantity - open : QuantityLots{0};
  return check_limits(state, order.account, details.symbol, order.side, body.price, body.quantity,
                      added);
}

// Less of it, in its place: an iceberg gives from its reserve first.
template <class Reports>
void reduce_in_place(EngineState& state, Reports& reports, Book& book, Handle handle,
                     QuantityLots quantity, std::uint32_t flags) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  Level& level = memory.level_of(handle);
  QuantityLots& reserve = memory.orders.details(handle).reserve;
  const QuantityLots less = order.leaves + reserve - quantity;
  const QuantityLots hidden_less = std::min(less, reserve);
  const QuantityLots shown = order.leaves - (less - hidden_less);
  if (!order.is_hidden() && (hidden_less == QuantityLots{0} || shown != order.leaves)) {
    reports.modified(book, level, handle, level.price, shown, event_flags::priority_kept);
  }
  reports.toggle(handle);
  (order.is_hidden() ? level.hidden_total : level.total) -= order.leaves - shown;
  level.hidden_total -= hidden_less;
  const QuantityLots still_hidden = reserve - hidden_less;
  set_open_quantity(state, handle, quantity);
  order.leaves = shown;
  reserve = still_hidden;
  reports.toggle(handle);
  reports.replaced(handle, flags);
}

template <class Reports>
void amend_resting(EngineState& state, Reports& reports, Book& book, Handle handle,
                   const Command& command, PriceTicks price, bool meets, std::uint32_t flags) {
  BookMemory& memory = state.book_memory;
  Order& order = memory.orders[handle];
  Level& level = memory.level_of(handle);
  const QuantityLots quantity = command.order.quantity;
  const bool keeps_place = price == level.price && quantity <= memory.orders.open(handle) &&
                           (command.order_flags & order_flags::lose_priority) == 0;
  if (keeps_place) return reduce_in_place(state, reports, book, handle, quantity, flags);
  if (meets) {
    withdraw(state, reports, book, handle, CancelReason::amended, 0);
  } else {
    const QuantityLots display = memory.orders.details(handle).display_quantity;
    const QuantityLots shown = display == QuantityLots{0} ? quantity : std::min(display, quantity);
    if (!order.is_hidden()) {
      reports.modified(book, level, handle, price, shown, event_flags::priority_lost);
    }
    reports.toggle(handle);
    book.take_out(memory, handle);
  }
  set_open_quantity(state, handle, quantity);
  order.price = price;
  reports.replaced(handle, flags);
  if (!meets) return place_quietly(state, reports, book, handle, price);
  const std::uint64_t key_min = book.worst_key_taken(order.side, price);
  end_taker(state, reports, book, handle, match(state, reports, book, handle, key_min));
}

// A stop or a peg: it waits or stands anew, behind all others there.
template <class Reports>
[[gnu::noinline]] void amend_follower(EngineState& state, Reports& reports, Book& book,
                                      Handle handle, const OrderBody& body) {
  BookMemory& memory = state.book_memory;
  OrderDetails& details = memory.orders.details(handle);
  withdraw(state, reports, book, handle, CancelReason::amended, 0);
  set_open_quantity(state, handle, body.quantity);
  memory.orders[handle].price = body.price;
  if (body.stop_price != PriceTicks{0} && body.stop_price != no_price) {
    details.stop_price = body.stop_price;
  }
  reports.replaced(handle);
  if (memory.orders[handle].is_waiting) return wait_for_price(state, reports, book, handle);
  const PriceTicks price =
      peg_price(memory.orders, book, handle, book.best_price(memory, Side::buy),
                book.best_price(memory, Side::sell));
  place_peg(state, reports, book, handle, price);
}

template <class Reports>
[[gnu::noinline, gnu::flatten]] void amend_special(EngineState& state, Reports& reports,
                                                   const Command& command, Handle handle) {
  const auto reject = [&](RejectReason reason) { reports.rejected(command, reason); };
  const RejectReason fault = check_amend_of(state, command, handle);
  if (fault != RejectReason::none) return reject(fault);
  BookMemory& memory = state.book_memory;
  Book& book = state.book_of(handle);
  const Order& order = memory.orders[handle];
  if (order.is_waiting || order.type == OrderType::pegged) {
    amend_follower(state, reports, book, handle, command.order);
  } else {
    PriceTicks price = command.order.price;
    std::uint32_t flags = 0;
    bool meets = book.trading.phase == Phase::continuous &&
                 price != memory.level_of(handle).price && book.crosses(order.side, price);
    if (meets && (order.flags & order_flags::post_only) != 0) {
      const bool slides = (order.flags & order_flags::slide) != 0;
      if (slides) price = passive_price(memory, book, order.side);
      if (!slides || price == no_price) return reject(RejectReason::would_cross);
      meets = false;
      flags = exec_flags::slid;
    }
    amend_resting(state, reports, book, handle, command, price, meets, flags);
  }
  settle(state, reports, book);
}

template <class Reports>
[[gnu::always_inline]] inline void apply_amend(EngineState& state, Reports& reports,
                                               const Command& command) {
  const Handle handle = find_target(state, command);
  if (handle == no_handle) return reports.rejected(command, RejectReason::unknown_order);
  if (move_plain(state, reports, command, handle)) [[likely]]
    return;
  amend_special(state, reports, command, handle);
}

}  // namespace bourse
