// The reports: one place where events are filled in, so that every field of each is accounted for.
//   Shape:  each function appends an event to the caller's EventBuffer, counts the sequence of the
//           account or the symbol it belongs to, and returns it for what is special about it.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <cstdint>

#include "matching/book.h"          // Book, BookMemory
#include "matching/engine_state.h"  // EngineState
#include "matching/event.h"         // EventBuffer, PublicEvent, ExecEvent

namespace bourse {

inline constexpr ClientOrderId no_client_order_id{};

// The next report of an account, written in the place where it stays. One that names no account of
// this engine keeps number 0. The caller fills in every other field.
inline ExecEvent& next_report(EngineState& state, EventBuffer& out, AccountId account) {
  ExecEvent& event = out.add_exec();
  event.exec_sequence = state.counts(account)
                            ? state.accounts.next_exec_sequence(account, state.book_memory.hash)
                            : ExecSequence{0};
  event.account = account;
  return event;
}

// A report about the order that a command brings: an order is told as it was sent.
inline ExecEvent& report_of_command(EngineState& state, EventBuffer& out, const Command& command) {
  const OrderBody& order = command.order;
  ExecEvent& event = next_report(state, out, command.account);
  event.order_id = order.order_id;
  event.client_sequence = command.client_sequence;
  event.price = order.price;
  event.quantity = order.quantity;
  event.filled = QuantityLots{0};
  event.leaves = order.quantity;
  event.last_price = no_price;
  event.last_quantity = QuantityLots{0};
  event.match_id = MatchId{0};
  event.symbol = command.symbol;
  event.group = order.group;
  event.reject_reason = RejectReason::none;
  event.type = ExecType::accepted;
  event.status = OrderStatus::open;
  event.side = order.side;
  event.order_type = order.type;
  event.time_in_force = order.time_in_force;
  event.liquidity = Liquidity::none;
  event.flags = 0;
  event.client_order_id = order.client_order_id;
  return event;
}

// A report about an order that rests.
inline ExecEvent& report_of_order(EngineState& state, EventBuffer& out, const Level& level,
                                  Handle handle, ExecType type) {
  const Order& order = state.book_memory.orders[handle];
  const OrderDetails& details = state.book_memory.orders.details(handle);
  ExecEvent& event = next_report(state, out, order.account);
  event.order_id = order.id;
  event.client_sequence = details.client_sequence;
  event.price = level.price;
  event.quantity = order.leaves + details.filled;
  event.filled = details.filled;
  event.leaves = order.leaves;
  event.last_price = no_price;
  event.last_quantity = QuantityLots{0};
  event.match_id = MatchId{0};
  event.symbol = level.symbol;
  event.group = details.group;
  event.reject_reason = RejectReason::none;
  event.type = type;
  event.status =
      details.filled == QuantityLots{0} ? OrderStatus::open : OrderStatus::partially_filled;
  event.side = level.side;
  event.order_type = details.type;
  event.time_in_force = details.time_in_force;
  event.liquidity = Liquidity::none;
  event.flags = 0;
  event.client_order_id =
      *(details.has_client_order_id ? &details.client_order_id : &no_client_order_id);
  return event;
}

void add_rejection(EngineState& state, EventBuffer& out, const Command& command,
                   RejectReason reason, std::uint32_t flags = 0);

// A public event of the book about an order of it, with all of `quantity` still open.
inline PublicEvent& add_public_event(EngineState& state, Book& book, EventBuffer& out,
                                     EventKind kind, const Level& level, OrderId id,
                                     QuantityLots quantity) {
  PublicEvent& event = out.add_public();
  event.kind = kind;
  event.side = level.side;
  event.flags = 0;
  event.symbol = book.symbol();
  event.order_id = id;
  event.price = level.price;
  event.quantity = quantity;
  event.aux = 0;
  event.taker_order_id = OrderId{0};
  event.leaves = quantity;
  event.rpt_sequence = book.next_rpt(state.book_memory.hash);
  return event;
}

}  // namespace bourse
