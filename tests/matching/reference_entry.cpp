// Order entry as the naive twin does it: what is refused and why, new orders and amends.
#include <algorithm>

#include "tests/matching/reference_engine.h"

namespace bourse {
namespace {

__extension__ using Wide = unsigned __int128;  // sums and products that never overflow
__extension__ using SignedWide = __int128;

bool never_rests(const OrderBody& order) {
  return order.time_in_force == TimeInForce::ioc || order.time_in_force == TimeInForce::fok;
}

bool is_stop_type(OrderType type) {
  return type == OrderType::stop || type == OrderType::stop_limit ||
         type == OrderType::trailing_stop;
}

bool is_given(PriceTicks stop_price) {
  return stop_price != PriceTicks{0} && stop_price != no_price;
}

Wide notional(PriceTicks price, QuantityLots quantity) {
  const SignedWide size = price.value() < 0 ? -SignedWide{price.value()} : price.value();
  return static_cast<Wide>(size) * quantity.value();
}

RejectReason check_price(PriceTicks price, const InstrumentBody& range) {
  if (price == no_price) return RejectReason::bad_field;
  const bool inside = price >= range.price_min && price <= range.price_max;
  return inside ? RejectReason::none : RejectReason::price_collar;
}

RejectReason check_quantity(QuantityLots quantity, const InstrumentBody& range) {
  if (quantity < range.quantity_min) return RejectReason::bad_lot;
  return quantity > range.quantity_max ? RejectReason::max_quantity : RejectReason::none;
}

RejectReason check_flags(std::uint8_t flags) {
  if ((flags & 128) != 0) return RejectReason::bad_field;
  return (flags & order_flags::reduce_only) != 0 ? RejectReason::unsupported : RejectReason::none;
}

}  // namespace

// What every trader's command meets first. False: refused, and told.
bool ReferenceEngine::admit(const Command& command) {
  const auto refuse = [&](RejectReason reason, std::uint32_t flags = 0) {
    reject(command, reason, flags);
    return false;
  };
  if (!takes(command.account)) return refuse(RejectReason::unknown_account);
  ClientSequence& last = accounts_[command.account].client_sequence;
  if (command.client_sequence) {
    if (command.client_sequence <= last) {
      return refuse(RejectReason::duplicate_client_sequence, exec_flags::duplicate);
    }
    last = command.client_sequence;
  }
  const bool is_order = command.type == CommandType::new_order ||
                        command.type == CommandType::amend || command.type == CommandType::cancel;
  if (!is_order) return true;
  const TimeNs until = command.order.valid_until;
  if (until && command.time > until) return refuse(RejectReason::expired_valid_until);
  if (command.type == CommandType::cancel) return true;
  const RejectReason reason = check_account(command);
  return reason == RejectReason::none ? true : refuse(reason);
}

RejectReason ReferenceEngine::check_account(const Command& command) {
  Account& account = accounts_[command.account];
  if (account.limits.status != AccountStatus::enabled) return RejectReason::account_disabled;
  const bool is_limited = account.limits.orders_per_second != 0;
  return is_limited && !take_token(account) ? RejectReason::order_rate : RejectReason::none;
}

// A bucket of orders_burst tokens, in billionths, that refills by orders_per_second.
bool ReferenceEngine::take_token(Account& account) const {
  constexpr std::uint64_t one = 1'000'000'000;
  const AccountBody& limits = account.limits;
  const std::uint64_t burst =
      limits.orders_burst != 0 ? limits.orders_burst : limits.orders_per_second;
  const auto passed = static_cast<std::uint64_t>(now_.value() - account.tokens_at.value());
  const Wide tokens = account.tokens_e9 + Wide{passed} * limits.orders_per_second;
  account.tokens_e9 = static_cast<std::uint64_t>(std::min(tokens, Wide{burst} * one));
  account.tokens_at = now_;
  if (account.tokens_e9 < one) return false;
  account.tokens_e9 -= one;
  return true;
}

RejectReason ReferenceEngine::check_kind(const Command& command) const {
  const OrderBody& order = command.order;
  const bool known =
      order.order_id != OrderId{0} && (order.side == Side::buy || order.side == Side::sell) &&
      order.type >= OrderType::limit && order.type <= OrderType::pegged &&
      order.time_in_force >= TimeInForce::gtc && order.time_in_force <= TimeInForce::gtd &&
      order.self_trade_prevention <= SelfTradePrevention::decrement &&
      command.peg <= PegReference::midpoint;
  return known ? check_flags(command.order_flags) : RejectReason::bad_field;
}

// Every line is one rule about options that contradict each other.
bool ReferenceEngine::goes_together(const Command& command,
                                    const InstrumentBody& instrument) const {
  const OrderBody& o = command.order;
  const auto has = [&](std::uint8_t flag) { return (command.order_flags & flag) != 0; };
  const bool limit = o.type == OrderType::limit;
  const bool peg = o.type == OrderType::pegged;
  const bool priced = limit || o.type == OrderType::stop_limit;
  const bool gtd = o.time_in_force == TimeInForce::gtd;
  if (has(order_flags::post_only) && (!limit || never_rests(o))) return false;
  if (has(order_flags::slide) && !has(order_flags::post_only)) return false;
  if (has(order_flags::hidden) && !peg && (!priced || never_rests(o))) return false;
  if (o.display_quantity) {
    if (!priced || never_rests(o)) return false;
    if (has(order_flags::hidden)) return false;
    if (o.display_quantity < instrument.quantity_min) return false;
    if (o.display_quantity > o.quantity) return false;
  }
  if (o.min_quantity && o.time_in_force != TimeInForce::ioc) return false;
  if (o.min_quantity > o.quantity) return false;
  if (gtd && o.expire_at <= command.time) return false;
  if (!gtd && o.expire_at) return false;
  if ((is_stop_type(o.type) || peg) && never_rests(o)) return false;
  if (peg != (command.peg != PegReference::none)) return false;
  if (peg || o.type == OrderType::trailing_stop) {
    const SignedWide width =
        SignedWide{instrument.price_max.value()} - instrument.price_min.value();
    if (o.stop_price.value() > width) return false;
    return o.stop_price.value() >= (peg ? 0 : 1);
  }
  return is_stop_type(o.type) || !is_given(o.stop_price);
}

RejectReason ReferenceEngine::check_ranges(const Command& command,
                                           const InstrumentBody& instrument) const {
  const OrderBody& order = command.order;
  const bool needs_price = order.type == OrderType::limit || order.type == OrderType::stop_limit;
  if (needs_price || order.price != no_price) {
    const RejectReason reason = check_price(order.price, instrument);
    if (reason != RejectReason::none) return reason;
  }
  if (order.type == OrderType::stop || order.type == OrderType::stop_limit) {
    const bool zero_is_a_price =
        instrument.price_min <= PriceTicks{0} && instrument.price_max >= PriceTicks{0};
    if (!order.stop_price && !zero_is_a_price) return RejectReason::bad_field;
    const RejectReason reason = check_price(order.stop_price, instrument);
    if (reason != RejectReason::none) return reason;
  }
  return check_quantity(order.quantity, instrument);
}

RejectReason ReferenceEngine::check_rules(const Market& market, const Command& command) const {
  const OrderBody& order = command.order;
  const RulesBody& rules = market.rules;
  if (!takes_orders(market.phase)) return RejectReason::halted;
  const bool at_once = order.type == OrderType::market || never_rests(order);
  if (command.type == CommandType::new_order && collects(market.phase) && at_once) {
    return RejectReason::wrong_phase;
  }
  if (order.price == no_price) return RejectReason::none;
  if (rules.static_band != TickDelta{0} && rules.reference_price) {
    const SignedWide away = SignedWide{order.price.value()} - rules.reference_price.value();
    if ((away < 0 ? -away : away) > rules.static_band.value()) return RejectReason::price_collar;
  }
  const Wide value = notional(order.price, order.quantity);
  if (value < rules.notional_min) return RejectReason::min_notional;
  const bool too_much = rules.notional_max != 0 && value > rules.notional_max;
  return too_much ? RejectReason::max_notional : RejectReason::none;
}

RejectReason ReferenceEngine::check_limits(const Market& market, const Command& command, Side side,
                                           QuantityLots added) const {
  const auto found = accounts_.find(command.account);
  if (found == accounts_.end()) return RejectReason::none;
  const AccountBody& limits = found->second.limits;
  const OrderBody& order = command.order;
  if (limits.quantity_max && order.quantity > limits.quantity_max) {
    return RejectReason::max_quantity;
  }
  if (limits.notional_max != 0 && order.price != no_price &&
      notional(order.price, order.quantity) > limits.notional_max) {
    return RejectReason::max_notional;
  }
  if (!limits.position_max || !added) return RejectReason::none;
  SignedWide reached = position(command.account, market.symbol);
  if (side == Side::sell) reached = -reached;
  for (const Order& open : market.orders) {
    if (open.command.account != command.account || open.side() != side) continue;
    reached += static_cast<SignedWide>(open.open().value());
  }
  reached += static_cast<SignedWide>(added.value());
  const bool too_far = reached > static_cast<SignedWide>(limits.position_max.value());
  return too_far ? RejectReason::position_limit : RejectReason::none;
}

// The last price that does not cross the other side; no_price if there is none in range.
PriceTicks ReferenceEngine::passive_price(const Market& market, Side side) const {
  const PriceTicks other = best(market, opposite(side))->at;
  const TickDelta one{1};
  if (side == Side::buy) return other == market.instrument.price_min ? no_price : other - one;
  return other == market.instrument.price_max ? no_price : other + one;
}

void ReferenceEngine::new_order(const Command& command) {
  const OrderBody& body = command.order;
  const auto refuse = [&](RejectReason reason) {
    if (reason != RejectReason::none) reject(command, reason);
    return reason != RejectReason::none;
  };
  Market* const market = this->market(command.symbol);
  if (market == nullptr) return reject(command, RejectReason::unknown_instrument);
  if (refuse(check_kind(command))) return;
  if (!goes_together(command, market->instrument)) return reject(command, RejectReason::bad_field);
  if (refuse(check_ranges(command, market->instrument))) return;
  if (market->is_delisted) return reject(command, RejectReason::delisted);
  if (refuse(check_rules(*market, command))) return;
  if (refuse(check_limits(*market, command, body.side, body.quantity))) return;
  std::uint32_t open_of_account = 0;
  for (const auto& [symbol, other] : markets_) {
    for (const Order& open : other.orders) {
      if (open.body().order_id == body.order_id) {
        return reject(command, RejectReason::duplicate_order_id);
      }
      if (open.command.account == command.account) ++open_of_account;
    }
  }
  if (body.type != OrderType::market && !never_rests(body)) {
    const std::uint32_t open_max = accounts_[command.account].limits.open_orders_max;
    if (open_max != 0 && open_of_account >= open_max) {
      return reject(command, RejectReason::open_orders_limit);
    }
    if (open_orders() >= limits_.orders_max) return reject(command, RejectReason::book_full);
  }
  Order order;
  order.command = command;
  order.shown = body.quantity;
  std::uint32_t flags = 0;
  const bool continuous = market->phase == Phase::continuous;
  if (order.has(order_flags::post_only) && continuous && crosses(*market, body.side, body.price)) {
    const bool slides = order.has(order_flags::slide);
    const PriceTicks passive = slides ? passive_price(*market, body.side) : no_price;
    if (passive == no_price) return reject(command, RejectReason::would_cross);
    order.command.order.price = passive;
    flags = exec_flags::slid;
  }
  order.is_stop = is_stop_type(body.type);
  ExecEvent accepted = about(order, ExecType::accepted);
  accepted.flags = flags;
  if (order.is_stop) accepted.status = OrderStatus::waiting;
  tell(accepted);
  if (order.is_stop) {
    order.best_trade = market->last_trade;
    open(*market, order);
    wait(*market, market->orders.back());
  } else if (order.is(OrderType::pegged)) {
    open(*market, order);
    place_peg(*market, market->orders.back());
  } else if (!continuous) {
    put_in_book(*market, order, order.body().price);
    show_add(*market, order);
  } else {
    const PriceTicks worst =
        order.is(OrderType::market) ? market_worst(*market, order) : order.body().price;
    const QuantityLots at_once =
        body.time_in_force == TimeInForce::fok ? body.quantity : body.min_quantity;
    const bool is_hopeless = at_once && !can_fill(*market, order, worst, at_once);
    end_taker(*market, order, is_hopeless ? End::no_match : match(*market, order, worst));
  }
  settle(*market);
}

RejectReason ReferenceEngine::check_amend(const Market& market, const Order& order,
                                          const Command& command) const {
  const OrderBody& asked = command.order;
  if (const RejectReason r = check_flags(command.order_flags); r != RejectReason::none) return r;
  constexpr int taken = order_flags::post_only | order_flags::lose_priority;
  const bool changes_its_kind = (command.order_flags & ~taken) != 0 || asked.display_quantity ||
                                asked.min_quantity || asked.expire_at ||
                                command.peg != PegReference::none ||
                                asked.self_trade_prevention != SelfTradePrevention::none;
  if (changes_its_kind) return RejectReason::unsupported;
  if (asked.price != no_price) {
    const RejectReason reason = check_price(asked.price, market.instrument);
    if (reason != RejectReason::none) return reason;
  }
  const RejectReason quantity = check_quantity(asked.quantity, market.instrument);
  if (quantity != RejectReason::none) return quantity;
  const bool needs_price = order.is(OrderType::limit) || order.is(OrderType::stop_limit);
  if (needs_price && asked.price == no_price) return RejectReason::bad_field;
  if (is_given(asked.stop_price)) {
    if (!order.is_stop || order.is(OrderType::trailing_stop)) return RejectReason::amend_invalid;
    const RejectReason reason = check_price(asked.stop_price, market.instrument);
    if (reason != RejectReason::none) return reason;
  }
  const RejectReason rules = check_rules(market, command);
  if (rules != RejectReason::none) return rules;
  const QuantityLots open = order.open();
  const QuantityLots added = asked.quantity > open ? asked.quantity - open : QuantityLots{0};
  return check_limits(market, command, order.side(), added);
}

void ReferenceEngine::amend(const Command& command) {
  const auto [market, order] = find(command);
  if (order == nullptr) return reject(command, RejectReason::unknown_order);
  const RejectReason reason = check_amend(*market, *order, command);
  if (reason != RejectReason::none) return reject(command, reason);
  if (!order->follows()) {
    amend_resting(*market, *order, command);
    return settle(*market);
  }
  take_out(*market, *order, CancelReason::amended);
  OrderBody& body = order->command.order;
  order->shown = command.order.quantity;
  body.price = command.order.price;
  if (is_given(command.order.stop_price)) body.stop_price = command.order.stop_price;
  ExecEvent report = about(*order, ExecType::replaced);
  if (order->is_stop) report.status = OrderStatus::waiting;
  tell(report);
  order->is_stop ? wait(*market, *order) : place_peg(*market, *order);
  settle(*market);
}

void ReferenceEngine::amend_resting(Market& market, Order& order, const Command& command) {
  PriceTicks price = command.order.price;
  const QuantityLots quantity = command.order.quantity;
  bool meets = market.phase == Phase::continuous && price != order.at &&
               crosses(market, order.side(), price);
  std::uint32_t slid = 0;
  if (meets && order.has(order_flags::post_only)) {
    const bool slides = order.has(order_flags::slide);
    price = slides ? passive_price(market, order.side()) : no_price;
    if (price == no_price) return reject(command, RejectReason::would_cross);
    meets = false;
    slid = exec_flags::slid;
  }
  const auto tell_replaced = [&] {
    ExecEvent report = about(order, ExecType::replaced);
    report.flags = slid;
    tell(report);
  };
  const QuantityLots shown_before = order.shown;
  const auto show_modify = [&](std::uint16_t flag) {
    if (order.is_hidden()) return;
    PublicEvent& event = show(market, EventKind::modify, order);
    event.flags = flag;
    event.aux = shown_before.value();
  };
  const bool keeps_place = price == order.at && quantity <= order.open() &&
                           (command.order_flags & order_flags::lose_priority) == 0;
  if (keeps_place) {
    // The reserve of an iceberg gives first; nobody sees that.
    const QuantityLots less = order.open() - quantity;
    const QuantityLots from_reserve = std::min(less, order.reserve);
    order.reserve -= from_reserve;
    order.shown -= less - from_reserve;
    if (!from_reserve || order.shown != shown_before) show_modify(event_flags::priority_kept);
    return tell_replaced();
  }
  if (meets) {
    take_out(market, order, CancelReason::amended);
  }
  order.command.order.price = price;
  order.shown = quantity;
  order.reserve = QuantityLots{0};
  tell_replaced();
  if (meets) return end_taker(market, order, match(market, order, price));
  put_in_book(market, order, price);
  show_modify(event_flags::priority_lost);
}

}  // namespace bourse
