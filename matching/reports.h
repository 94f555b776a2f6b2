// The reports: one place where events are filled in, so that every field of each is accounted for.
//   Shape:  inline functions; each appends to the caller's EventBuffer and counts the sequence of
//           the account or the symbol it belongs to.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <cstdint>

#include "matching/book.h"          // Book, BookMemory
#include "matching/engine_state.h"  // EngineState
#include "matching/event.h"         // EventBuffer, PublicEvent, ExecEvent

namespace bourse {

// What all reports about the order that a command brings have in common. `order_id` and the rest
// come from the command: an order is reported as it was sent, accepted or not.
inline ExecEvent report_of_command(const Command& command) {
  const OrderBody& order = command.order;
  return {.exec_sequence = ExecSequence{0},
          .order_id = order.order_id,
          .client_sequence = command.client_sequence,
          .price = order.price,
          .quantity = order.quantity,
          .filled = QuantityLots{0},
          .leaves = QuantityLots{0},
          .last_price = no_price,
          .last_quantity = QuantityLots{0},
          .match_id = MatchId{0},
          .account = command.account,
          .symbol = command.symbol,
          .group = order.group,
          .reject_reason = RejectReason::none,
          .type = ExecType::accepted,
          .status = OrderStatus::open,
          .side = order.side,
          .order_type = order.type,
          .time_in_force = order.time_in_force,
          .liquidity = Liquidity::none,
          .flags = 0,
          .client_order_id = order.client_order_id};
}

// The same about an order that rests.
inline ExecEvent report_of_order(const BookMemory& memory, Handle handle) {
  const Order& order = memory.orders[handle];
  const OrderDetails& details = memory.orders.details(handle);
  const Level& level = memory.ladders.levels[order.level];
  return {
      .exec_sequence = ExecSequence{0},
      .order_id = order.id,
      .client_sequence = details.client_sequence,
      .price = level.price,
      .quantity = order.leaves + details.filled,
      .filled = details.filled,
      .leaves = order.leaves,
      .last_price = no_price,
      .last_quantity = QuantityLots{0},
      .match_id = MatchId{0},
      .account = order.account,
      .symbol = level.symbol,
      .group = details.group,
      .reject_reason = RejectReason::none,
      .type = ExecType::accepted,
      .status =
          details.filled == QuantityLots{0} ? OrderStatus::open : OrderStatus::partially_filled,
      .side = level.side,
      .order_type = details.type,
      .time_in_force = details.time_in_force,
      .liquidity = Liquidity::none,
      .flags = 0,
      .client_order_id = details.has_client_order_id ? details.client_order_id : ClientOrderId{}};
}

// Appends the report and gives it the next number of its account; one that names no account of this
// engine keeps number 0.
inline void add_report(EngineState& state, EventBuffer& out, const ExecEvent& report) {
  ExecEvent& event = out.add_exec();
  event = report;
  if (state.accounts.knows(report.account)) {
    event.exec_sequence = state.accounts.next_exec_sequence(report.account, state.book_memory.hash);
  }
}

inline void add_rejection(EngineState& state, EventBuffer& out, const Command& command,
                          RejectReason reason, std::uint32_t flags = 0) {
  ExecEvent report{};
  if (command.type == CommandType::new_order) {
    report = report_of_command(command);
    report.type = ExecType::rejected;
    report.status = OrderStatus::rejected;
  } else {
    report.client_sequence = command.client_sequence;
    report.price = no_price;
    report.last_price = no_price;
    report.account = command.account;
    report.symbol = command.symbol;
    report.type = ExecType::rejected;
    if (command.type == CommandType::amend || command.type == CommandType::cancel) {
      report.order_id = command.order.order_id;
      report.group = command.order.group;
      report.client_order_id = command.order.client_order_id;
      report.type = ExecType::cancel_rejected;
    }
    if (command.type == CommandType::amend) {
      report.price = command.order.price;
      report.quantity = command.order.quantity;
    }
  }
  report.reject_reason = reason;
  report.flags = flags;
  add_report(state, out, report);
}

inline void add_public_event(EngineState& state, Book& book, EventBuffer& out,
                             const PublicEvent& event) {
  PublicEvent& added = out.add_public();
  added = event;
  added.symbol = book.symbol();
  added.rpt_sequence = book.next_rpt(state.book_memory.hash);
}

}  // namespace bourse
