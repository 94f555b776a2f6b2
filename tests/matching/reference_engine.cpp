#include "tests/matching/reference_engine.h"

#include <algorithm>

namespace bourse {

ReferenceEngine::ReferenceEngine(const EngineLimits& limits)
    : room_(limits), limits_(limits), accounts_counted_(limits.accounts_max) {}

void ReferenceEngine::apply(const Command& command) {
  publics.clear();
  execs.clear();
  now_ = command.time;
  matches_ = 0;
  execute(command);
  for (std::size_t i = 0; i < publics.size(); ++i) {
    const auto same_symbol = [&](const PublicEvent& e) { return e.symbol == publics[i].symbol; };
    if (std::none_of(publics.begin() + static_cast<std::ptrdiff_t>(i) + 1, publics.end(),
                     same_symbol)) {
      publics[i].flags |= event_flags::last;
    }
  }
}

void ReferenceEngine::execute(const Command& command) {
  switch (command.type) {
    case CommandType::new_order:
      return admit(command) ? new_order(command) : void();
    case CommandType::amend:
      return admit(command) ? amend(command) : void();
    case CommandType::cancel:
      return admit(command) ? cancel_one(command) : void();
    case CommandType::mass_cancel:
      return !command.account || admit(command) ? mass_cancel(command) : void();
    case CommandType::cancel_after:
      return admit(command) ? cancel_after(command) : void();
    case CommandType::clock:
      return clock();
    case CommandType::define_instrument:
      return define_instrument(command);
    case CommandType::change_instrument:
      return change_instrument(command);
    case CommandType::delist_instrument:
      return delist_instrument(command);
    case CommandType::set_phase:
      return set_phase(command);
    case CommandType::set_rules:
      return set_rules(command);
    case CommandType::set_account:
      return set_account(command);
    case CommandType::bust_trade:
      return bust(command);
    case CommandType::open_epoch:
      return open_epoch(command);
    default:
      return reject(command, RejectReason::bad_field);
  }
}

ExecEvent ReferenceEngine::next_report(AccountId account) {
  ExecEvent report{};
  report.account = account;
  report.price = no_price;
  report.last_price = no_price;
  if (account.value() >= 1 && account.value() <= accounts_counted_) {
    report.exec_sequence = ExecSequence{++accounts_[account].reports};
  }
  return report;
}

ExecEvent ReferenceEngine::about(const Order& order, ExecType type) {
  ExecEvent report = next_report(order.command.account);
  const OrderBody& body = order.body();
  report.order_id = body.order_id;
  report.client_sequence = order.command.client_sequence;
  report.price = body.price;
  report.quantity = order.open() + order.filled;
  report.filled = order.filled;
  report.leaves = order.open();
  report.symbol = order.command.symbol;
  report.group = body.group;
  report.type = type;
  report.status = order.filled ? OrderStatus::partially_filled : OrderStatus::open;
  report.side = body.side;
  report.order_type = body.type;
  report.time_in_force = body.time_in_force;
  report.client_order_id = body.client_order_id;
  return report;
}

// What was open of the order is gone: canceled or expired.
void ReferenceEngine::tell_over(const Order& order, ExecType type, RejectReason reason,
                                std::uint32_t flags) {
  ExecEvent report = about(order, type);
  report.status = type == ExecType::canceled ? OrderStatus::canceled : OrderStatus::expired;
  report.leaves = QuantityLots{0};
  report.reject_reason = reason;
  report.flags = flags;
  tell(report);
}

void ReferenceEngine::tell_fill(const Order& order, QuantityLots quantity, PriceTicks price,
                                Liquidity liquidity, std::uint32_t flags) {
  const bool is_whole = !order.open();
  ExecEvent report = about(order, is_whole ? ExecType::fill : ExecType::partial_fill);
  if (is_whole) report.status = OrderStatus::filled;
  report.last_price = price;
  report.last_quantity = quantity;
  report.match_id = MatchId{match_id_};
  report.liquidity = liquidity;
  report.flags = flags;
  tell(report);
}

void ReferenceEngine::reject(const Command& command, RejectReason reason, std::uint32_t flags) {
  const OrderBody& order = command.order;
  ExecEvent report = next_report(command.account);
  report.client_sequence = command.client_sequence;
  report.symbol = command.symbol;
  report.type = ExecType::rejected;
  report.reject_reason = reason;
  report.flags = flags;
  switch (command.type) {
    case CommandType::new_order:
      report.status = OrderStatus::rejected;
      report.side = order.side;
      report.order_type = order.type;
      report.time_in_force = order.time_in_force;
      [[fallthrough]];
    case CommandType::amend:
      report.price = order.price;
      report.quantity = order.quantity;
      [[fallthrough]];
    case CommandType::cancel:
      report.order_id = order.order_id;
      report.group = order.group;
      report.client_order_id = order.client_order_id;
      if (command.type != CommandType::new_order) report.type = ExecType::cancel_rejected;
      break;
    default:
      break;
  }
  tell(report);
}

void ReferenceEngine::acknowledge(const Command& command) {
  if (!command.account) return;
  ExecEvent report = next_report(command.account);
  report.client_sequence = command.client_sequence;
  report.symbol = command.symbol;
  report.type = ExecType::accepted;
  tell(report);
}

PublicEvent& ReferenceEngine::show(Market& market, EventKind kind) {
  PublicEvent event{};
  event.kind = kind;
  event.symbol = market.symbol;
  event.price = no_price;
  event.rpt_sequence = RptSequence{++market.events};
  publics.push_back(event);
  return publics.back();
}

PublicEvent& ReferenceEngine::show(Market& market, EventKind kind, const Order& order) {
  PublicEvent& event = show(market, kind);
  event.side = order.side();
  event.order_id = order.body().order_id;
  event.price = order.at;
  event.quantity = event.leaves = order.shown;
  return event;
}

void ReferenceEngine::show_add(Market& market, const Order& order) {
  if (!order.is_hidden()) show(market, EventKind::add, order);
}

bool ReferenceEngine::takes(AccountId account) const {
  return account.value() >= 1 && account.value() <= limits_.accounts_max;
}

bool ReferenceEngine::tracks(AccountId account) const {
  const auto found = accounts_.find(account);
  return found != accounts_.end() && found->second.tracks_positions;
}

ReferenceEngine::Market* ReferenceEngine::market(SymbolId symbol) {
  const auto found = markets_.find(symbol);
  return found == markets_.end() ? nullptr : &found->second;
}

// The target of a cancel or an amend: an open order of this account, in the symbol if one is named.
ReferenceEngine::Found ReferenceEngine::find(const Command& command) {
  for (auto& [symbol, market] : markets_) {
    if (command.symbol && command.symbol != symbol) continue;
    for (Order& order : market.orders) {
      if (order.body().order_id != command.order.order_id) continue;
      if (order.command.account == command.account) return {&market, &order};
    }
  }
  return {};
}

void ReferenceEngine::open(Market& market, const Order& order) {
  market.orders.push_back(order);
  market.orders.back().birth = ++births_;
}

// Behind all others of its price and kind; an iceberg with as much as it shows.
void ReferenceEngine::put_in_book(Market& market, Order& order, PriceTicks price) {
  order.at = price;
  order.place = Place::book;
  order.seniority = ++seniority_;
  const QuantityLots all = order.open();
  const QuantityLots display = order.body().display_quantity;
  order.shown = display ? std::min(display, all) : all;
  order.reserve = all - order.shown;
  if (order.birth == 0) open(market, order);
}

// The order is in no queue any more; all that is open of it could be matched.
void ReferenceEngine::take_out(Market& market, Order& order, CancelReason reason,
                               std::uint16_t flags) {
  if (order.place == Place::book && !order.is_hidden() && order.at != no_price) {
    PublicEvent& event = show(market, EventKind::cancel, order);
    event.leaves = QuantityLots{0};
    event.aux = static_cast<std::uint64_t>(reason);
    event.flags = flags;
  }
  order.place = Place::taker;
  order.at = no_price;
  order.shown = order.open();
  order.reserve = QuantityLots{0};
}

void ReferenceEngine::close(Market& market, const Order& order) {
  const std::uint64_t birth = order.birth;
  if (birth != 0) market.orders.remove_if([&](const Order& o) { return o.birth == birth; });
}

void ReferenceEngine::cancel(Market& market, Order& order, const Words& words) {
  take_out(market, order, words.reason, words.event_flags);
  const bool expires = words.reason == CancelReason::expired;
  tell_over(order, expires ? ExecType::expired : ExecType::canceled, words.exec_reason,
            words.exec_flags);
  close(market, order);
}

void ReferenceEngine::fill(Order& order, QuantityLots quantity) {
  order.shown -= quantity;
  order.filled += quantity;
  if (!tracks(order.command.account)) return;
  const auto change = static_cast<std::int64_t>(quantity.value());
  positions_[{order.command.account, order.command.symbol}] += order.buys() ? change : -change;
}

std::size_t ReferenceEngine::open_orders() const {
  std::size_t count = 0;
  for (const auto& [symbol, market] : markets_) count += market.orders.size();
  return count;
}

std::vector<const ReferenceOrder*> ReferenceEngine::orders(SymbolId symbol, Side side,
                                                           Place place) const {
  std::vector<const Order*> found;
  for (const Order& order : markets_.at(symbol).orders) {
    if (order.side() == side && order.place == place) found.push_back(&order);
  }
  const auto comes_before = [&](const Order* a, const Order* b) {
    if (a->at != b->at) {
      if (a->at == no_price || b->at == no_price) return b->at == no_price;
      // Buys: the highest price trades first, the lowest stop price triggers first.
      return ((place == Place::book) == (side == Side::buy)) == (a->at > b->at);
    }
    if (a->at == no_price) return a->birth < b->birth;
    if (place == Place::book && a->is_hidden() != b->is_hidden()) return b->is_hidden();
    return a->seniority < b->seniority;
  };
  std::stable_sort(found.begin(), found.end(), comes_before);
  return found;
}

Phase ReferenceEngine::phase(SymbolId symbol) const { return markets_.at(symbol).phase; }

std::int64_t ReferenceEngine::position(AccountId account, SymbolId symbol) const {
  const auto found = positions_.find({account, symbol});
  return found == positions_.end() ? 0 : found->second;
}

}  // namespace bourse
