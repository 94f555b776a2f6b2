#include "matching/order_entry.h"

namespace bourse {
namespace {

RejectReason check_price(PriceTicks price, const InstrumentBody& instrument) {
  if (price == no_price) return RejectReason::bad_field;
  if (price < instrument.price_min) return RejectReason::price_collar;
  if (price > instrument.price_max) return RejectReason::price_collar;
  return RejectReason::none;
}

// 0 is how a field says nothing, unless the instrument trades there.
RejectReason check_stop_price(PriceTicks price, const InstrumentBody& instrument) {
  const RejectReason reason = check_price(price, instrument);
  return reason != RejectReason::none && price == PriceTicks{0} ? RejectReason::bad_field : reason;
}

RejectReason check_quantity(QuantityLots quantity, const InstrumentBody& instrument) {
  if (quantity < instrument.quantity_min) return RejectReason::bad_lot;
  if (quantity > instrument.quantity_max) return RejectReason::max_quantity;
  return RejectReason::none;
}

bool has(const Command& command, std::uint8_t flag) { return (command.order_flags & flag) != 0; }

RejectReason check_flags(const Command& command) {
  constexpr std::uint8_t known = order_flags::post_only | order_flags::reduce_only |
                                 order_flags::hidden | order_flags::lose_priority |
                                 order_flags::slide | order_flags::cancel_on_disconnect |
                                 order_flags::prevent_in_group;
  if ((command.order_flags & ~known) != 0) return RejectReason::bad_field;
  if (has(command, order_flags::reduce_only)) return RejectReason::unsupported;
  return RejectReason::none;
}

RejectReason check_words(const Command& command) {
  const OrderBody& order = command.order;
  if (order.order_id == OrderId{0}) return RejectReason::bad_field;
  if (order.side != Side::buy && order.side != Side::sell) return RejectReason::bad_field;
  if (order.type == OrderType::none || order.type > OrderType::pegged) {
    return RejectReason::bad_field;
  }
  if (order.time_in_force == TimeInForce::none || order.time_in_force > TimeInForce::gtd) {
    return RejectReason::bad_field;
  }
  if (order.self_trade_prevention > SelfTradePrevention::decrement) return RejectReason::bad_field;
  if (command.peg > PegReference::midpoint) return RejectReason::bad_field;
  return check_flags(command);
}

bool is_stop(OrderType type) {
  return type == OrderType::stop || type == OrderType::stop_limit ||
         type == OrderType::trailing_stop;
}

// Do the options of the order go together?
bool is_coherent(const Command& command, const InstrumentBody& instrument) {
  const OrderBody& order = command.order;
  const bool stays =
      order.time_in_force != TimeInForce::ioc && order.time_in_force != TimeInForce::fok;
  const bool priced = order.type == OrderType::limit || order.type == OrderType::stop_limit;
  const bool pegged = order.type == OrderType::pegged;
  const QuantityLots none{0};
  // "Rest or nothing" contradicts whatever never rests.
  if (has(command, order_flags::post_only) && (order.type != OrderType::limit || !stays)) {
    return false;
  }
  if (has(command, order_flags::slide) && !has(command, order_flags::post_only)) return false;
  if (has(command, order_flags::hidden) && !pegged && (!priced || !stays)) return false;
  if (order.display_quantity != none) {
    if (!priced || !stays || has(command, order_flags::hidden)) return false;
    if (order.display_quantity < instrument.quantity_min) return false;
    if (order.display_quantity > order.quantity) return false;
  }
  if (order.min_quantity != none &&
      (order.time_in_force != TimeInForce::ioc || order.min_quantity > order.quantity)) {
    return false;
  }
  const bool expires = order.time_in_force == TimeInForce::gtd;
  if (expires ? order.expire_at <= command.time : order.expire_at != TimeNs{0}) return false;
  if ((is_stop(order.type) || pegged) && !stays) return false;
  if ((command.peg != PegReference::none) != pegged) return false;
  if (order.type == OrderType::trailing_stop || pegged) {
    // A distance: no farther than the range of prices is wide.
    const std::int64_t distance = order.stop_price.value();
    const auto width = static_cast<std::uint64_t>(instrument.price_max.value()) -
                       static_cast<std::uint64_t>(instrument.price_min.value());
    return distance >= (pegged ? 0 : 1) && static_cast<std::uint64_t>(distance) <= width;
  }
  return is_stop(order.type) || order.stop_price == PriceTicks{0} || order.stop_price == no_price;
}

}  // namespace

RejectReason check_new_order(const Command& command, const InstrumentBody& instrument) {
  const OrderBody& order = command.order;
  if (const RejectReason words = check_words(command); words != RejectReason::none) return words;
  if (!is_coherent(command, instrument)) return RejectReason::bad_field;
  const bool needs_price = order.type == OrderType::limit || order.type == OrderType::stop_limit;
  if (needs_price || order.price != no_price) {
    const RejectReason price = check_price(order.price, instrument);
    if (price != RejectReason::none) return price;
  }
  if (order.type == OrderType::stop || order.type == OrderType::stop_limit) {
    const RejectReason stop = check_stop_price(order.stop_price, instrument);
    if (stop != RejectReason::none) return stop;
  }
  return check_quantity(order.quantity, instrument);
}

RejectReason check_amend(const Command& command, const InstrumentBody& instrument) {
  if (const RejectReason flags = check_flags(command); flags != RejectReason::none) return flags;
  const OrderBody& order = command.order;
  // What an order is does not change; how much, at which price and stop price does.
  constexpr std::uint8_t taken = order_flags::post_only | order_flags::lose_priority;
  if ((command.order_flags & ~taken) != 0) return RejectReason::unsupported;
  if (order.display_quantity != QuantityLots{0} || order.min_quantity != QuantityLots{0} ||
      order.expire_at != TimeNs{0} || command.peg != PegReference::none ||
      order.self_trade_prevention != SelfTradePrevention::none) {
    return RejectReason::unsupported;
  }
  if (order.price != no_price) {
    const RejectReason price = check_price(order.price, instrument);
    if (price != RejectReason::none) return price;
  }
  return check_quantity(order.quantity, instrument);
}

}  // namespace bourse
