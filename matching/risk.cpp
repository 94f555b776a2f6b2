#include "matching/risk.h"

namespace bourse {
namespace {

// |price| x quantity, at most 2^64 - 1.
std::uint64_t notional_of(PriceTicks price, QuantityLots quantity) {
  const std::int64_t p = price.value();
  const std::uint64_t size =
      p < 0 ? ~static_cast<std::uint64_t>(p) + 1 : static_cast<std::uint64_t>(p);
  std::uint64_t product = 0;
  return __builtin_mul_overflow(size, quantity.value(), &product) ? ~std::uint64_t{0} : product;
}

// Is the price farther from the middle than the band? Without overflow at any price.
bool is_outside(PriceTicks price, PriceTicks middle, TickDelta band) {
  const auto distance =
      price < middle
          ? static_cast<std::uint64_t>(middle.value()) - static_cast<std::uint64_t>(price.value())
          : static_cast<std::uint64_t>(price.value()) - static_cast<std::uint64_t>(middle.value());
  return distance > static_cast<std::uint64_t>(band.value());
}

}  // namespace

RejectReason check_account(EngineState& state, Account& account) {
  if (account.status != AccountStatus::enabled) return RejectReason::account_disabled;
  if (account.orders_per_second != 0 && !state.accounts.take_token(account, state.time)) {
    return RejectReason::order_rate;
  }
  return RejectReason::none;
}

RejectReason check_rules(const Trading& trading, const Command& command) {
  const OrderBody& order = command.order;
  if (!takes_orders(trading.phase)) return RejectReason::halted;
  if (command.type == CommandType::new_order && trading.phase != Phase::continuous) {
    const bool at_once = order.type == OrderType::market ||
                         order.time_in_force == TimeInForce::ioc ||
                         order.time_in_force == TimeInForce::fok;
    if (at_once) return RejectReason::wrong_phase;
  }
  const RulesBody& rules = trading.rules;
  if (order.price == no_price) return RejectReason::none;
  if (rules.static_band != TickDelta{0} && rules.reference_price != PriceTicks{0} &&
      is_outside(order.price, rules.reference_price, rules.static_band)) {
    return RejectReason::price_collar;
  }
  if ((rules.notional_min | rules.notional_max) != 0) {
    const std::uint64_t notional = notional_of(order.price, order.quantity);
    if (notional < rules.notional_min) return RejectReason::min_notional;
    if (rules.notional_max != 0 && notional > rules.notional_max) {
      return RejectReason::max_notional;
    }
  }
  return RejectReason::none;
}

RejectReason check_limits(EngineState& state, AccountId account, SymbolId symbol, Side side,
                          PriceTicks price, QuantityLots quantity, QuantityLots added) {
  const Account& limits = state.accounts[account];
  if (limits.quantity_max != QuantityLots{0} && quantity > limits.quantity_max) {
    return RejectReason::max_quantity;
  }
  if (limits.notional_max != 0 && price != no_price &&
      notional_of(price, quantity) > limits.notional_max) {
    return RejectReason::max_notional;
  }
  if (!limits.tracks_positions) return RejectReason::none;
  const Position* const position = state.positions.find_or_add(account, symbol);
  if (position == nullptr) return RejectReason::book_full;
  if (limits.position_max != QuantityLots{0} && added != QuantityLots{0} &&
      !position->allows(side, added, limits.position_max)) {
    return RejectReason::position_limit;
  }
  return RejectReason::none;
}

}  // namespace bourse
