// The entry checks: what can be said about an order from its fields and its instrument alone.
//   Shape:  pure functions, O(1).
//   Units:  ticks, lots.
//   Owner:  any thread.
//   Errors: the first rule that is broken, as a RejectReason; none if the order may go on.
#pragma once

#include <cstddef>
#include <cstring>

#include "matching/command.h"  // Command, InstrumentBody
#include "matching/types.h"    // RejectReason

namespace bourse {

// Fields out of range, and options that contradict each other: bad_field. Kinds that this engine
// does not take: unsupported. Then the instrument's limits: price_collar (outside price_min ..
// price_max), bad_lot (below quantity_min), max_quantity.
RejectReason check_new_order(const Command& command, const InstrumentBody& instrument);
RejectReason check_amend(const Command& command, const InstrumentBody& instrument);

// A limit order that shows all of its quantity, with no option that matters unless it meets
// another, and with all of its fields in range but price and quantity.
inline bool is_plain(const Command& command) {
  constexpr std::uint8_t rest_flags =
      order_flags::post_only | order_flags::cancel_on_disconnect | order_flags::prevent_in_group;
  const OrderBody& order = command.order;
  // Side, type, time in force and self-trade prevention are neighbours, as are the command's type,
  // flags and peg. The bits that may be set are masked out; nothing may be left.
  std::uint32_t words;
  std::uint32_t kind;
  std::memcpy(&words, &order.side, sizeof words);
  std::memcpy(&kind, &command.type, sizeof kind);
  static_assert(offsetof(OrderBody, self_trade_prevention) == offsetof(OrderBody, side) + 3);
  static_assert(offsetof(Command, peg) == offsetof(Command, type) + 2);
  constexpr std::uint32_t buy_limit_gtc = 0x00'01'01'01;  // the first: sides 1 to 2, times 1 to 4
  const std::uint32_t odd_words = (words - buy_limit_gtc) & 0xfc'fc'ff'fe;
  const std::uint32_t odd_kind = (kind - static_cast<std::uint32_t>(CommandType::new_order)) &
                                 ~(std::uint32_t{rest_flags} << 8);
  const std::uint64_t options = static_cast<std::uint64_t>(order.stop_price.value()) |
                                order.display_quantity.value() | order.min_quantity.value() |
                                static_cast<std::uint64_t>(order.expire_at.value());
  return (options | odd_words | odd_kind) == 0 && order.order_id != OrderId{0};
}

// An amend of price and quantity alone.
inline bool is_plain_amend(const Command& command) {
  const OrderBody& order = command.order;
  const std::uint64_t options = static_cast<std::uint64_t>(order.stop_price.value()) |
                                order.display_quantity.value() | order.min_quantity.value() |
                                static_cast<std::uint64_t>(order.expire_at.value()) |
                                static_cast<std::uint64_t>(order.self_trade_prevention) |
                                static_cast<std::uint64_t>(command.peg);
  constexpr std::uint8_t taken = order_flags::post_only | order_flags::lose_priority;
  return (options | (command.order_flags & ~taken)) == 0;
}

}  // namespace bourse
