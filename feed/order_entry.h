// The edge of the exchange: what a trader asks becomes a Command in the gate, or is refused here.
//   Shape:  refused at the edge is only what cannot be put into a Command exactly (unknown
//           instrument, off tick, off lot, unknown words) and what the gate has no room for;
//           everything else is decided by the engine and lies in the log.
//   Units:  in: decimal text or wire integers; out: ticks and lots.
//   Owner:  one io thread, which alone pushes into this Gate.
//   Errors: a Refusal with a stable code: nothing was sequenced, the client sequence is not used.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "feed/instrument_table.h"  // InstrumentTable
#include "feed/order_frames.h"      // WireOrder, OrderOperation
#include "matching/command.h"       // Command
#include "matching/sequencer.h"     // Gate
#include "matching/types.h"         // AccountId, ...

namespace bourse {

// What the JSON operations order, amend and cancel say; decimals are still text.
struct OrderText {
  OrderOperation operation = OrderOperation::none;
  ClientSequence client_sequence{0};
  OrderId order_id{0};      // amend, cancel
  std::string_view symbol;  // may be left out for cancel
  std::string_view side;    // "buy", "sell"
  std::string_view type;    // "limit" (also if left out), "market", ...
  std::string_view price;
  std::string_view quantity;
  std::string_view time_in_force;          // "gtc" (also if left out), "ioc", "fok", ...
  std::string_view self_trade_prevention;  // left out: none
  std::string_view client_order_id;
  bool post_only = false;
  bool lose_priority = false;  // amend: to the back of the queue in any case
  GroupId group{0};
  std::int64_t valid_ms = 0;  // 0: always valid
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

class OrderEntry {
 public:
  using Outcome = std::expected<void, Refusal>;

  OrderEntry(Gate gate, const InstrumentTable& instruments);

  Outcome submit(const OrderText& order, const Sender& sender);
  Outcome submit(const WireOrder& order, const Sender& sender);

  // From now on every request is refused with `draining`.
  void drain() { draining_ = true; }
  std::uint64_t sent_count() const { return sent_count_; }
  std::uint64_t busy_count() const { return busy_count_; }

 private:
  Outcome push(const Command& command);

  Gate gate_;
  const InstrumentTable& instruments_;
  bool draining_ = false;
  std::uint64_t sent_count_ = 0;
  std::uint64_t busy_count_ = 0;
};

// OrderText, WireOrder -> Command, without the gate.
std::expected<Command, Refusal> command_of(const OrderText& order, const Sender& sender,
                                           const InstrumentTable& instruments);
std::expected<Command, Refusal> command_of(const WireOrder& order, const Sender& sender,
                                           const InstrumentTable& instruments);

}  // namespace bourse
