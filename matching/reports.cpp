#include "matching/reports.h"

#include "matching/auction_terms.h"  // auction_terms

namespace bourse {
namespace {

// The action codes of docs/PROTOCOL.md (those of DBN).
std::uint64_t status_action(const Trading& trading) {
  if (trading.is_delisted) return 15;
  switch (trading.phase) {
    case Phase::pre_open:
      return 1;
    case Phase::opening_auction:
      return 2;
    case Phase::continuous:
      return 7;
    case Phase::volatility_auction:
      return 9;
    case Phase::halted:
      return 8;
    case Phase::closing_auction:
      return 11;
    case Phase::closed:
      return 12;
    case Phase::none:
      break;
  }
  return 0;
}

}  // namespace

void EventReports::rejected(const Command& command, RejectReason reason, std::uint32_t flags) {
  ExecEvent& added = next_report(command.account);
  ExecEvent event{};
  event.exec_sequence = added.exec_sequence;
  event.client_sequence = command.client_sequence;
  event.price = no_price;
  event.last_price = no_price;
  event.account = command.account;
  event.symbol = command.symbol;
  event.type = ExecType::rejected;
  const bool is_new = command.type == CommandType::new_order;
  const bool is_amend = command.type == CommandType::amend;
  if (is_new || is_amend || command.type == CommandType::cancel) {
    event.order_id = command.order.order_id;
    event.group = command.order.group;
    event.client_order_id = command.order.client_order_id;
    if (!is_new) event.type = ExecType::cancel_rejected;
  }
  if (is_new || is_amend) {
    event.price = command.order.price;
    event.quantity = command.order.quantity;
  }
  if (is_new) {
    event.status = OrderStatus::rejected;
    event.side = command.order.side;
    event.order_type = command.order.type;
    event.time_in_force = command.order.time_in_force;
  }
  event.reject_reason = reason;
  event.flags = flags;
  added = event;
}

void EventReports::acknowledged(const Command& command) {
  if (command.account == AccountId{0}) return;
  ExecEvent& added = next_report(command.account);
  ExecEvent event{};
  event.exec_sequence = added.exec_sequence;
  event.client_sequence = command.client_sequence;
  event.price = no_price;
  event.last_price = no_price;
  event.account = command.account;
  event.symbol = command.symbol;
  event.type = ExecType::accepted;
  added = event;
}

void EventReports::auction_matched(Book& book, PriceTicks price, Handle buy, Handle sell,
                                   QuantityLots quantity, MatchId match_id) {
  const OrderPool& orders = state_.book_memory.orders;
  note_trade(match_id, price);
  const auto tell = [&](Handle order, Handle other, std::uint16_t flags) {
    PublicEvent& event =
        public_event(book, EventKind::execute, state_.book_memory.level_of(order), order);
    event.price = price;
    event.quantity = quantity;
    event.aux = match_id.value();
    event.taker_order_id = orders[other].is_hidden() ? OrderId{0} : orders[other].id;
    event.flags = flags;
  };
  const bool buy_shown = !orders[buy].is_hidden();
  const bool sell_shown = !orders[sell].is_hidden();
  if (buy_shown) tell(buy, sell, event_flags::auction);
  if (sell_shown) {
    const std::uint16_t second = buy_shown ? event_flags::auction_other_side : std::uint16_t{0};
    tell(sell, buy, static_cast<std::uint16_t>(event_flags::auction | second));
  }
  if (!buy_shown && !sell_shown) {
    PublicEvent& event = market_event(book, EventKind::trade);
    event.price = price;
    event.quantity = quantity;
    event.aux = match_id.value();
    event.flags = event_flags::auction;
  }
  fill(buy, quantity, price, match_id, Liquidity::none, exec_flags::auction);
  fill(sell, quantity, price, match_id, Liquidity::none, exec_flags::auction);
}

PublicEvent& EventReports::market_event(Book& book, EventKind kind) {
  PublicEvent& event = out_.add_public();
  event = {};
  event.kind = kind;
  event.symbol = book.symbol();
  event.price = no_price;
  event.rpt_sequence = book.next_rpt(state_.book_memory.hash);
  return event;
}

void EventReports::status_changed(Book& book) {
  market_event(book, EventKind::status).aux = status_action(book.trading);
}

void EventReports::indicated(Book& book, PriceTicks price, QuantityLots paired, Side side,
                             QuantityLots surplus) {
  PublicEvent& event = market_event(book, EventKind::imbalance);
  event.price = price;
  event.quantity = paired;
  event.side = side;
  event.leaves = surplus;
  pack(auction_terms(book), event);
}

void EventReports::defined(Book& book) { market_event(book, EventKind::definition); }

void EventReports::busted(Book& book, const BustBody& bust) {
  PublicEvent& event = market_event(book, EventKind::bust);
  event.price = bust.price;
  event.quantity = bust.quantity;
  event.aux = bust.match_id.value();
  for (const bool buys : {true, false}) {
    const AccountId account = buys ? bust.buyer : bust.seller;
    if (account == AccountId{0}) continue;
    ExecEvent& added = next_report(account);
    ExecEvent report{};
    report.exec_sequence = added.exec_sequence;
    report.account = account;
    report.symbol = book.symbol();
    report.order_id = buys ? bust.buy_order : bust.sell_order;
    report.price = no_price;
    report.last_price = bust.price;
    report.last_quantity = bust.quantity;
    report.match_id = bust.match_id;
    report.side = buys ? Side::buy : Side::sell;
    report.type = ExecType::restated;
    report.flags = exec_flags::administrator;
    added = report;
  }
}

}  // namespace bourse
