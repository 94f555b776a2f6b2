#include "replay/text/transaction_rows.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "replay/text/decimal.h"      // price_text, quantity_text
#include "replay/text/order_words.h"  // side_name, ...

namespace bourse {
namespace {

std::string_view side_or_nothing(Side side) {
  return side == Side::none ? std::string_view() : side_name(side);
}

void add_word(std::string& text, std::string_view word) {
  if (word.empty()) return;
  if (!text.empty()) text += ' ';
  text += word;
}

std::string event_flags_text(std::uint16_t flags) {
  static constexpr std::array<std::pair<std::uint16_t, std::string_view>, 10> names{{
      {event_flags::last, "last"},
      {event_flags::snapshot, "snapshot"},
      {event_flags::priority_kept, "priority_kept"},
      {event_flags::priority_lost, "priority_lost"},
      {event_flags::implied, "implied"},
      {event_flags::auction, "auction"},
      {event_flags::cancel_on_disconnect, "cancel_on_disconnect"},
      {event_flags::self_trade_prevention, "self_trade_prevention"},
      {event_flags::expired, "expired"},
      {event_flags::bad_clock, "bad_clock"},
  }};
  std::string text;
  for (const auto& [bit, name] : names) {
    if ((flags & bit) != 0) add_word(text, name);
  }
  return text;
}

std::string_view cancel_reason_name(std::uint64_t reason) {
  switch (static_cast<CancelReason>(reason)) {
    case CancelReason::requested:
      return "requested";
    case CancelReason::amended:
      return "amended";
    case CancelReason::reduced:
      return "reduced";
    case CancelReason::replaced:
      return "replaced";
    default:
      return {};
  }
}

std::string order_detail(const Command& command) {
  std::string text;
  const OrderBody& order = command.order;
  if (command.type == CommandType::new_order) {
    add_word(text, order_type_name(order.type));
    add_word(text, time_in_force_name(order.time_in_force));
    if ((command.order_flags & order_flags::post_only) != 0) add_word(text, "post_only");
  }
  if (command.session) add_word(text, fmt::format("session={}", command.session.value()));
  if (order.valid_until) add_word(text, fmt::format("valid_until={}", order.valid_until.value()));
  return text;
}

}  // namespace

std::string_view command_name(CommandType type) {
  switch (type) {
    case CommandType::none:
      return "none";
    case CommandType::new_order:
      return "new_order";
    case CommandType::amend:
      return "amend";
    case CommandType::cancel:
      return "cancel";
    case CommandType::define_instrument:
      return "define_instrument";
    case CommandType::open_epoch:
      return "open_epoch";
    case CommandType::mass_cancel:
      return "mass_cancel";
    case CommandType::clock:
      return "clock";
    case CommandType::set_phase:
      return "set_phase";
    case CommandType::set_rules:
      return "set_rules";
    case CommandType::set_account:
      return "set_account";
    case CommandType::cancel_after:
      return "cancel_after";
    case CommandType::change_instrument:
      return "change_instrument";
    case CommandType::delist_instrument:
      return "delist_instrument";
    case CommandType::bust_trade:
      return "bust_trade";
    case CommandType::imported:
      return "imported";
  }
  return "unknown";
}

std::string_view event_name(EventKind kind) {
  switch (kind) {
    case EventKind::none:
      return "none";
    case EventKind::add:
      return "add";
    case EventKind::modify:
      return "modify";
    case EventKind::cancel:
      return "cancel";
    case EventKind::execute:
      return "execute";
    case EventKind::trade:
      return "trade";
    case EventKind::clear:
      return "clear";
    case EventKind::status:
      return "status";
    case EventKind::definition:
      return "definition";
    case EventKind::imbalance:
      return "imbalance";
    case EventKind::bust:
      return "bust";
  }
  return "unknown";
}

std::string TransactionRows::symbol_text(SymbolId symbol) const {
  if (!symbol) return {};
  const auto found = instruments_.find(symbol);
  if (found == instruments_.end()) return fmt::format("#{}", symbol.value());
  return std::string(found->second.symbol_view());
}

std::string TransactionRows::price(SymbolId symbol, PriceTicks ticks) const {
  if (ticks == no_price) return {};
  const auto found = instruments_.find(symbol);
  if (found == instruments_.end()) return fmt::format("{}t", ticks.value());
  return price_text(ticks, found->second);
}

std::string TransactionRows::quantity(SymbolId symbol, QuantityLots lots) const {
  const auto found = instruments_.find(symbol);
  if (found == instruments_.end()) return fmt::format("{}l", lots.value());
  return quantity_text(lots, found->second);
}

void TransactionRows::learn(const TransactionView& transaction) {
  const bool defines = transaction.command_type() == CommandType::define_instrument ||
                       transaction.command_type() == CommandType::change_instrument;
  if (!defines) return;
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind == EventKind::definition) {
      instruments_[event.symbol] = transaction.command().instrument;
    }
  }
}

Row TransactionRows::command_row(const Command& command) const {
  Row row;
  row.part = RowPart::command;
  row.kind = command_name(command.type);
  row.account = command.account.value();
  row.client_sequence = command.client_sequence.value();
  row.symbol = symbol_text(command.symbol);
  switch (command.type) {
    case CommandType::new_order:
    case CommandType::amend:
      row.price = price(command.symbol, command.order.price);
      row.quantity = quantity(command.symbol, command.order.quantity);
      [[fallthrough]];
    case CommandType::cancel:
      row.side = side_or_nothing(command.order.side);
      row.order_id = command.order.order_id.value();
      row.client_order_id = command.order.client_order_id.view();
      row.detail = order_detail(command);
      break;
    case CommandType::define_instrument: {
      const InstrumentBody& body = command.instrument;
      row.symbol = body.symbol_view();
      row.detail = fmt::format("tick_size_e9={} lot_size={} quantity_exponent={}",
                               body.tick_size_e9, body.lot_size, body.quantity_exponent);
      break;
    }
    case CommandType::open_epoch: {
      const EpochBody& body = command.epoch;
      row.detail =
          fmt::format("epoch={} symbols_max={} accounts_max={} orders_max={}", body.epoch.value(),
                      body.symbols_max, body.accounts_max, body.orders_max);
      break;
    }
    default:
      break;
  }
  return row;
}

Row TransactionRows::event_row(const PublicEvent& event) const {
  Row row;
  row.part = RowPart::event;
  row.kind = event_name(event.kind);
  row.symbol = symbol_text(event.symbol);
  row.side = side_or_nothing(event.side);
  row.rpt_sequence = event.rpt_sequence.value();
  if (event.kind != EventKind::imbalance) {  // which has other things there
    row.order_id = event.order_id.value();
    row.other_order_id = event.taker_order_id.value();
  }
  const bool has_order = event.kind != EventKind::definition && event.kind != EventKind::clear &&
                         event.kind != EventKind::status && event.kind != EventKind::imbalance;
  if (has_order) {
    row.price = price(event.symbol, event.price);
    row.quantity = quantity(event.symbol, event.quantity);
    row.leaves = quantity(event.symbol, event.leaves);
  }
  switch (event.kind) {
    case EventKind::execute:
    case EventKind::trade:
      row.match_id = event.aux;
      break;
    case EventKind::cancel:
      add_word(row.detail, cancel_reason_name(event.aux));
      break;
    case EventKind::modify:
      add_word(row.detail, fmt::format("from={}", quantity(event.symbol, QuantityLots{event.aux})));
      break;
    case EventKind::status:
      add_word(row.detail, fmt::format("action={}", event.aux));
      break;
    default:
      break;
  }
  add_word(row.detail, event_flags_text(event.flags));
  return row;
}

Row TransactionRows::report_row(const ExecEvent& exec) const {
  Row row;
  row.part = RowPart::report;
  row.kind = exec_type_name(exec.type);
  row.symbol = symbol_text(exec.symbol);
  row.side = side_or_nothing(exec.side);
  row.order_id = exec.order_id.value();
  row.account = exec.account.value();
  row.exec_sequence = exec.exec_sequence.value();
  row.client_sequence = exec.client_sequence.value();
  row.client_order_id = exec.client_order_id.view();
  row.match_id = exec.match_id.value();
  const bool is_fill = exec.type == ExecType::fill || exec.type == ExecType::partial_fill;
  row.price = price(exec.symbol, is_fill ? exec.last_price : exec.price);
  row.quantity = quantity(exec.symbol, is_fill ? exec.last_quantity : exec.quantity);
  row.leaves = quantity(exec.symbol, exec.leaves);
  if (exec.liquidity != Liquidity::none) add_word(row.detail, liquidity_name(exec.liquidity));
  if (exec.reject_reason != RejectReason::none)
    add_word(row.detail, reject_name(exec.reject_reason));
  if ((exec.flags & exec_flags::duplicate) != 0) add_word(row.detail, "duplicate");
  add_word(row.detail, fmt::format("filled={}", quantity(exec.symbol, exec.filled)));
  return row;
}

const std::vector<Row>& TransactionRows::rows(const TransactionView& transaction) {
  learn(transaction);
  rows_.clear();
  rows_.push_back(command_row(transaction.command()));
  for (const PublicEvent& event : transaction.public_events()) rows_.push_back(event_row(event));
  for (std::size_t i = 0; i < transaction.exec_count(); ++i) {
    rows_.push_back(report_row(transaction.exec_event(i)));
  }
  return rows_;
}

}  // namespace bourse
