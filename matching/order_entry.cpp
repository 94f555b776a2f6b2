#include "matching/order_entry.h"

namespace bourse {
namespace {

RejectReason check_price(PriceTicks price, const InstrumentBody& instrument) {
  if (price == no_price) return RejectReason::bad_field;
  if (price < instrument.price_min) return RejectReason::price_collar;
  if (price > instrument.price_max) return RejectReason::price_collar;
  return RejectReason::none;
}

RejectReason check_quantity(QuantityLots quantity, const InstrumentBody& instrument) {
  if (quantity < instrument.quantity_min) return RejectReason::bad_lot;
  if (quantity > instrument.quantity_max) return RejectReason::max_quantity;
  return RejectReason::none;
}

bool uses_reserved_fields(const OrderBody& order) {
  return (order.stop_price != PriceTicks{0} && order.stop_price != no_price) ||
         order.display_quantity != QuantityLots{0} || order.min_quantity != QuantityLots{0} ||
         order.expire_at != TimeNs{0} || order.self_trade_prevention != SelfTradePrevention::none;
}

RejectReason check_flags(const Command& command) {
  constexpr std::uint8_t reserved = order_flags::reduce_only | order_flags::hidden;
  constexpr std::uint8_t taken = order_flags::post_only | order_flags::lose_priority;
  if ((command.order_flags & ~(taken | reserved)) != 0) return RejectReason::bad_field;
  if ((command.order_flags & reserved) != 0) return RejectReason::unsupported;
  return RejectReason::none;
}

RejectReason check_kind(const Command& command) {
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
  if (const RejectReason flags = check_flags(command); flags != RejectReason::none) return flags;
  if (order.type > OrderType::market || order.time_in_force > TimeInForce::fok) {
    return RejectReason::unsupported;
  }
  if (uses_reserved_fields(order)) return RejectReason::unsupported;
  // Post-only says "rest or nothing": it contradicts whatever never rests.
  if ((command.order_flags & order_flags::post_only) != 0 &&
      (order.type == OrderType::market || order.time_in_force != TimeInForce::gtc)) {
    return RejectReason::bad_field;
  }
  return RejectReason::none;
}

}  // namespace

RejectReason find_fault(const Command& command, const InstrumentBody& instrument) {
  const OrderBody& order = command.order;
  if (const RejectReason kind = check_kind(command); kind != RejectReason::none) return kind;
  if (order.type == OrderType::limit || order.price != no_price) {
    const RejectReason price = check_price(order.price, instrument);
    if (price != RejectReason::none) return price;
  }
  return check_quantity(order.quantity, instrument);
}

RejectReason check_amend(const Command& command, const InstrumentBody& instrument) {
  if (const RejectReason flags = check_flags(command); flags != RejectReason::none) return flags;
  if (uses_reserved_fields(command.order)) return RejectReason::unsupported;
  const RejectReason price = check_price(command.order.price, instrument);
  if (price != RejectReason::none) return price;
  return check_quantity(command.order.quantity, instrument);
}

}  // namespace bourse
