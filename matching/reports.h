// The reports: one place where events are filled in, so that every field of each is accounted for.
//   Shape:  EventReports is what the engine tells its decisions to: each function appends events to
//           the caller's EventBuffer and counts the sequence of the account or the symbol. The
//           rules are templates over it, so that another listener with the same functions can be
//           put in its place at no cost (bench/challenge_adapter has one).
//   Units:  ticks, lots.
//   Owner:  the thread of the engine; lives for one command.
//   Errors: none.
#pragma once

#include <cstdint>

#include "matching/book.h"          // Book, BookMemory
#include "matching/engine_state.h"  // EngineState
#include "matching/event.h"         // EventBuffer, PublicEvent, ExecEvent

namespace bourse {

inline constexpr ClientOrderId no_client_order_id{};

class EventReports {
 public:
  EventReports(EngineState& state, EventBuffer& out) : state_(state), out_(out) {}

  // The state's hash: called before and after a change of an order that is open.
  void toggle(Handle order) {
    state_.book_memory.hash.orders ^= state_.book_memory.orders.hash(order);
  }
  // An order takes a new place: called before it is toggled in.
  void identify(Handle order, SymbolId symbol, PriceTicks price) {
    state_.book_memory.orders.identify(order, symbol, price);
  }

  void rejected(const Command& command, RejectReason reason, std::uint32_t flags = 0);
  // The decision about a command that is not about one order of the account.
  void acknowledged(const Command& command);

  void accepted(Handle order, OrderStatus status, std::uint32_t flags) {
    ExecEvent& event = report(order, ExecType::accepted);
    event.status = status;
    event.flags = flags;
  }
  void replaced(Handle order, std::uint32_t flags = 0) {
    ExecEvent& event = report(order, ExecType::replaced);
    event.flags = flags;
    if (state_.book_memory.orders[order].is_waiting) event.status = OrderStatus::waiting;
  }
  void restated(Handle order, std::uint32_t flags) {
    report(order, ExecType::restated).flags = flags;
  }
  void triggered(Handle order) { report(order, ExecType::triggered); }
  // What was open of the order is gone; its quantities are still those before.
  void canceled(Handle order, std::uint32_t flags, RejectReason reason) {
    ExecEvent& event = report(order, ExecType::canceled);
    event.status = OrderStatus::canceled;
    event.leaves = QuantityLots{0};
    event.flags = flags;
    event.reject_reason = reason;
  }
  void expired(Handle order, RejectReason reason) {
    ExecEvent& event = report(order, ExecType::expired);
    event.status = OrderStatus::expired;
    event.leaves = QuantityLots{0};
    event.reject_reason = reason;
  }

  // The order shows its leaves at the end of a level's queue.
  void added(Book& book, const Level& level, Handle order) {
    public_event(book, EventKind::add, level, order);
  }
  // The order shows nothing any more.
  void removed(Book& book, const Level& level, Handle order, CancelReason reason,
               std::uint16_t flags) {
    PublicEvent& event = public_event(book, EventKind::cancel, level, order);
    event.aux = static_cast<std::uint64_t>(reason);
    event.leaves = QuantityLots{0};
    event.flags = flags;
  }
  // The order will show `quantity` at `price`.
  void modified(Book& book, const Level& level, Handle order, PriceTicks price,
                QuantityLots quantity, std::uint16_t flags) {
    PublicEvent& event = public_event(book, EventKind::modify, level, order);
    event.aux = event.quantity.value();
    event.quantity = event.leaves = quantity;
    event.price = price;
    event.flags = flags;
  }
  // The quantities of both orders are those after the match.
  void matched(Book& book, const Level& level, Handle taker, Handle maker, QuantityLots quantity,
               MatchId match_id) {
    const Order& k = state_.book_memory.orders[maker];
    note_trade(match_id, level.price);
    PublicEvent& event = public_event(book, EventKind::execute, level, maker);
    event.quantity = quantity;
    event.aux = match_id.value();
    event.taker_order_id = state_.book_memory.orders[taker].id;
    if (k.is_hidden()) [[unlikely]] {
      // A print: nobody learns which order it was.
      event.kind = EventKind::trade;
      event.side = opposite(k.side);
      event.order_id = OrderId{0};
      event.leaves = QuantityLots{0};
    }
    fill(taker, quantity, level.price, match_id, Liquidity::taker, 0);
    fill(maker, quantity, level.price, match_id, Liquidity::maker, 0);
  }
  // The same in an auction, where nobody takes.
  void auction_matched(Book& book, PriceTicks price, Handle buy, Handle sell, QuantityLots quantity,
                       MatchId match_id);
  void status_changed(Book& book);
  void indicated(Book& book, PriceTicks price, QuantityLots paired, Side side,
                 QuantityLots surplus);
  void defined(Book& book);
  void busted(Book& book, const BustBody& bust);

 private:
  ExecEvent& next_report(AccountId account) {
    ExecEvent& event = out_.add_exec();
    event.exec_sequence = state_.counts(account)
                              ? state_.accounts.next_exec_sequence(account, state_.book_memory.hash)
                              : ExecSequence{0};
    event.account = account;
    return event;
  }

  ExecEvent& report(Handle handle, ExecType type) {
    const Order& order = state_.book_memory.orders[handle];
    const OrderDetails& details = state_.book_memory.orders.details(handle);
    ExecEvent& event = next_report(order.account);
    const QuantityLots open = order.leaves + details.reserve;
    event.order_id = order.id;
    event.client_sequence = details.client_sequence;
    event.price = order.price;
    event.quantity = open + order.filled;
    event.filled = order.filled;
    event.leaves = open;
    event.last_price = no_price;
    event.last_quantity = QuantityLots{0};
    event.match_id = MatchId{0};
    event.symbol = details.symbol;
    event.group = order.group;
    event.reject_reason = RejectReason::none;
    event.type = type;
    event.status =
        order.filled == QuantityLots{0} ? OrderStatus::open : OrderStatus::partially_filled;
    event.side = order.side;
    event.order_type = order.type;
    event.time_in_force = order.time_in_force;
    event.liquidity = Liquidity::none;
    event.flags = 0;
    event.client_order_id =
        *(order.has_client_order_id ? &state_.book_memory.orders.client_order_id(handle)
                                    : &no_client_order_id);
    return event;
  }

  void fill(Handle order, QuantityLots quantity, PriceTicks price, MatchId match_id,
            Liquidity liquidity, std::uint32_t flags) {
    ExecEvent& event = report(order, ExecType::partial_fill);
    event.last_price = price;
    event.last_quantity = quantity;
    event.match_id = match_id;
    event.liquidity = liquidity;
    event.flags = flags;
    if (event.leaves != QuantityLots{0}) return;
    event.type = ExecType::fill;
    event.status = OrderStatus::filled;
  }

  // About an order as it stands.
  PublicEvent& public_event(Book& book, EventKind kind, const Level& level, Handle handle) {
    const Order& order = state_.book_memory.orders[handle];
    PublicEvent& event = out_.add_public();
    event.kind = kind;
    event.side = order.side;
    event.flags = 0;
    event.symbol = book.symbol();
    event.order_id = order.id;
    event.price = level.price;
    event.quantity = order.leaves;
    event.aux = 0;
    event.taker_order_id = OrderId{0};
    event.leaves = order.leaves;
    event.rpt_sequence = book.next_rpt(state_.book_memory.hash);
    return event;
  }
  PublicEvent& market_event(Book& book, EventKind kind);

  void note_trade(MatchId match_id, PriceTicks price) {
    state_.book_memory.hash.trades +=
        mix64(match_id.value() * hash_weights[0] +
              static_cast<std::uint64_t>(price.value()) * hash_weights[1]);
  }

  EngineState& state_;
  EventBuffer& out_;
};

}  // namespace bourse
