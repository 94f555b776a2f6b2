// From a trader's words to a Command: exactly, or not at all.
//   Shape:  pure functions; what a Command cannot say exactly (unknown instrument, off tick, off
//           lot, unknown words) is refused here, everything else is the engine's to decide.
//   Units:  in: decimal text or wire integers; out: ticks and lots.
//   Owner:  any thread.
//   Errors: a Refusal with a stable code.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "feed/instrument_table.h"    // InstrumentTable
#include "feed/trade/order_frames.h"  // WireOrder, OrderOperation
#include "matching/command.h"         // Command
#include "matching/types.h"           // AccountId, ...

namespace bourse {

// What the JSON operations say; decimals are still text.
struct OrderText {
  OrderOperation operation = OrderOperation::none;
  ClientSequence client_sequence{0};
  OrderId order_id{0};      // amend, cancel
  std::string_view symbol;  // may be left out for cancel and mass_cancel
  std::string_view side;    // "buy", "sell"
  std::string_view type;    // "limit" (also if left out), "market", ...
  std::string_view price;
  std::string_view quantity;
  std::string_view stop_price;             // stop, stop_limit
  std::string_view distance;               // trailing_stop, pegged: in the quote currency
  std::string_view peg;                    // pegged: "primary", "market", "midpoint"
  std::string_view display;                // iceberg: the quantity that is shown
  std::string_view minimum;                // ioc: at least so much, or nothing
  TimeNs expire_at{0};                     // gtd
  std::string_view time_in_force;          // "gtc" (also if left out), "ioc", "fok", ...
  std::string_view self_trade_prevention;  // left out: none
  std::string_view client_order_id;
  bool post_only = false;
  bool slide = false;  // with post_only: rest one tick behind instead of a refusal
  bool hidden = false;
  bool cancel_on_disconnect = false;
  bool prevent_in_group = false;  // self-trade prevention by group, not by account
  bool lose_priority = false;     // amend: to the back of the queue in any case
  GroupId group{0};               // mass_cancel, cancel_after: 0 = all
  bool this_session = false;      // mass_cancel, cancel_after: only orders of this session
  std::int64_t after_ms = 0;      // cancel_after: 0 disarms
  std::int64_t valid_ms = 0;      // 0: always valid
  TimeNs client_time{0};
};

struct Sender {
  AccountId account{0};
  SessionId session{0};
  TimeNs now{0};  // what valid_ms counts from
};

struct Refusal {
  std::uint16_t code;   // RejectReason or ControlError
  std::string message;  // what is wrong, with the value
};

std::expected<Command, Refusal> command_of(const OrderText& order, const Sender& sender,
                                           const InstrumentTable& instruments);
std::expected<Command, Refusal> command_of(const WireOrder& order, const Sender& sender,
                                           const InstrumentTable& instruments);

}  // namespace bourse
