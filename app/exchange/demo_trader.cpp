#include "app/exchange/demo_trader.h"

#include <algorithm>

#include "matching/check.h"  // CHECK

namespace bourse {

DemoTrader::DemoTrader(AccountId account, ClientSequence last) : account_(account), last_(last) {}

void DemoTrader::adopt(const OpenOrder& order) {
  resting_.push_back({order.order_id, order.symbol, order.side, order.price, order.leaves, false});
}

void DemoTrader::on_report(const ExecEvent& report) {
  const auto answer = [&](auto&& matches) {
    const auto at = std::find_if(unanswered_.begin(), unanswered_.end(), matches);
    if (at != unanswered_.end()) unanswered_.erase(at);
  };
  // Reports about an order carry the client sequence of the command that made it; those about an
  // amend or a cancel are known by their target.
  const auto of_order = [&](const Unanswered& u) {
    return u.target == OrderId{0} && u.sequence == report.client_sequence;
  };
  const auto of_target = [&](const Unanswered& u) { return u.target == report.order_id; };
  const auto order = std::find_if(resting_.begin(), resting_.end(), [&](const Resting& resting) {
    return resting.id == report.order_id;
  });
  switch (report.type) {
    case ExecType::accepted:
      answer(of_order);
      resting_.push_back(
          {report.order_id, report.symbol, report.side, report.price, report.leaves, false});
      break;
    case ExecType::rejected:
      answer(of_order);
      break;
    case ExecType::replaced:
      answer(of_target);
      if (order == resting_.end()) break;
      order->price = report.price;
      order->leaves = report.leaves;
      order->is_asked = false;
      break;
    case ExecType::cancel_rejected:
      answer(of_target);
      set_asked(report.order_id, false);
      break;
    case ExecType::canceled:
      answer(of_target);
      forget(report.order_id);
      break;
    case ExecType::expired:
      forget(report.order_id);
      break;
    case ExecType::fill:
    case ExecType::partial_fill:
      if (report.leaves == QuantityLots{0})
        forget(report.order_id);
      else if (order != resting_.end())
        order->leaves = report.leaves;
      break;
    case ExecType::restated:
    case ExecType::triggered:
      break;
  }
}

std::size_t DemoTrader::open_count(SymbolId symbol, Side side) const {
  const auto same = [&](const auto& o) { return o.symbol == symbol && o.side == side; };
  const auto count = std::count_if(resting_.begin(), resting_.end(), same) +
                     std::count_if(unanswered_.begin(), unanswered_.end(),
                                   [&](const Unanswered& u) { return u.may_rest && same(u); });
  return static_cast<std::size_t>(count);
}

Command DemoTrader::order(const Wish& wish) {
  const bool is_market = wish.price == no_price;
  Command command = ask(CommandType::new_order, wish.symbol, OrderId{0});
  unanswered_.back().side = wish.side;
  unanswered_.back().may_rest = wish.time_in_force == TimeInForce::gtc;
  command.order.price = wish.price;
  command.order.quantity = wish.quantity;
  command.order.side = wish.side;
  command.order.type = is_market ? OrderType::market : OrderType::limit;
  command.order.time_in_force = wish.time_in_force;
  if (wish.post_only) command.order_flags = order_flags::post_only;
  return command;
}

Command DemoTrader::amend(Resting& target, PriceTicks price, QuantityLots quantity) {
  target.is_asked = true;
  Command command = ask(CommandType::amend, target.symbol, target.id);
  command.order.price = price;
  command.order.quantity = quantity;
  return command;
}

Command DemoTrader::cancel(Resting& target) {
  target.is_asked = true;
  return ask(CommandType::cancel, target.symbol, target.id);
}

Command DemoTrader::cancel_gone(SymbolId symbol) {
  return ask(CommandType::cancel, symbol, last_gone_);
}

void DemoTrader::take_back() {
  CHECK(!unanswered_.empty());
  set_asked(unanswered_.back().target, false);
  unanswered_.pop_back();  // the client sequence stays used: gaps are allowed
}

Command DemoTrader::ask(CommandType type, SymbolId symbol, OrderId target) {
  CHECK(may_ask());
  last_ = ClientSequence{last_.value() + 1};
  unanswered_.push_back({last_, target, symbol, Side::none, false});
  Command command{};
  command.type = type;
  command.symbol = symbol;
  command.account = account_;
  command.client_sequence = last_;
  command.order.order_id = target;
  return command;
}

void DemoTrader::set_asked(OrderId id, bool asked) {
  for (Resting& resting : resting_)
    if (resting.id == id) resting.is_asked = asked;
}

void DemoTrader::forget(OrderId id) {
  const auto gone =
      std::erase_if(resting_, [id](const Resting& resting) { return resting.id == id; });
  if (gone != 0) last_gone_ = id;
}

}  // namespace bourse
