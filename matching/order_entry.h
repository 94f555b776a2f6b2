// The entry checks: what can be said about an order from its fields and its instrument alone.
//   Shape:  pure functions, O(1).
//   Units:  ticks, lots.
//   Owner:  any thread.
//   Errors: the first rule that is broken, as a RejectReason; none if the order may go on.
#pragma once

#include "matching/command.h"  // Command, InstrumentBody
#include "matching/types.h"    // RejectReason

namespace bourse {

// Fields out of range, and options that contradict each other: bad_field. Kinds that this engine
// does not take: unsupported. Then the instrument's limits: price_collar (outside price_min ..
// price_max), bad_lot (below quantity_min), max_quantity.
RejectReason find_fault(const Command& command, const InstrumentBody& instrument);
RejectReason check_amend(const Command& command, const InstrumentBody& instrument);

// A limit order with no option and nothing wrong: nearly all are, and one look tells.
inline bool is_plain(const Command& command, const InstrumentBody& instrument) {
  const OrderBody& order = command.order;
  const std::uint64_t options =
      static_cast<std::uint64_t>(order.stop_price.value()) | order.display_quantity.value() |
      order.min_quantity.value() | static_cast<std::uint64_t>(order.expire_at.value()) |
      static_cast<std::uint64_t>(order.self_trade_prevention) |
      static_cast<std::uint64_t>(command.order_flags) | static_cast<std::uint64_t>(command.peg);
  const auto side = static_cast<unsigned>(order.side) - 1;
  const auto time_in_force = static_cast<unsigned>(order.time_in_force) - 1;
  return options == 0 && order.order_id != OrderId{0} && side < 2 && time_in_force < 3 &&
         order.type == OrderType::limit && order.price >= instrument.price_min &&
         order.price <= instrument.price_max && order.quantity >= instrument.quantity_min &&
         order.quantity <= instrument.quantity_max;
}

inline RejectReason check_new_order(const Command& command, const InstrumentBody& instrument) {
  if (is_plain(command, instrument)) [[likely]]
    return RejectReason::none;
  return find_fault(command, instrument);
}

}  // namespace bourse
