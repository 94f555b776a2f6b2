// Events: what the engine decided. Values in a buffer that the caller gives; nobody is called back.
//   Shape:  PublicEvent 64 bytes, what everybody may see; ExecEvent 144 bytes, what one account may
//           see. The two never share bytes: account and client ids live in ExecEvent only.
//           Offsets are asserted and part of the log format (docs/JOURNAL.md).
//   Units:  ticks and lots. Sequence and time belong to the transaction, not to the event.
//   Owner:  EventBuffer belongs to the thread that calls Engine::apply and is reused; it allocates
//           in its constructor only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "matching/check.h"    // CHECK
#include "matching/command.h"  // ClientOrderId
#include "matching/types.h"    // PriceTicks, ...

namespace bourse {

enum class EventKind : std::uint8_t {
  none = 0,
  add = 1,         // order rests: price, quantity displayed
  modify = 2,      // order changed in place: new price, new quantity; aux = previous quantity
  cancel = 3,      // quantity removed; leaves 0 = gone; aux = CancelReason
  execute = 4,     // resting order hit: executed price and quantity, aux = match id
  trade = 5,       // print that touches no displayed order: side is the aggressor's, aux = match id
  clear = 6,       // book of the symbol emptied
  status = 7,      // trading status changed: aux = DBN status action code
  definition = 8,  // instrument defined or changed; details in the transaction's command
  imbalance = 9,   // auction: indicative price and paired quantity; side and leaves: the surplus;
                   // aux = Phase
  bust = 10,       // a trade is void: price, quantity, aux = its match id
};

enum class CancelReason : std::uint8_t {
  none = 0,
  requested = 1,
  amended = 2,   // taken out to match again at its new price; an add may follow, same order id
  reduced = 3,   // imported feeds: partial cancel
  replaced = 4,  // imported feeds: replaced by another order id
  mass_cancel = 5,
  disconnect = 6,
  dead_man = 7,
  kill_switch = 8,
  self_trade = 9,
  expired = 10,  // DAY or GTD
  delisted = 11,
};

// Bits of PublicEvent::flags: the MBO event flags of docs/PROTOCOL.md.
namespace event_flags {
inline constexpr std::uint16_t last = 1;  // last public event of its symbol in the transaction
inline constexpr std::uint16_t snapshot = 2;
inline constexpr std::uint16_t priority_kept = 4;
inline constexpr std::uint16_t priority_lost = 8;
inline constexpr std::uint16_t implied = 16;
inline constexpr std::uint16_t auction = 32;
inline constexpr std::uint16_t cancel_on_disconnect = 64;
inline constexpr std::uint16_t self_trade_prevention = 128;
inline constexpr std::uint16_t expired = 256;
inline constexpr std::uint16_t bad_clock = 512;
// The second of the two executes of an auction match, of the sell order: the same match id again,
// not a trade of its own.
inline constexpr std::uint16_t auction_other_side = 1024;
}  // namespace event_flags

struct PublicEvent {
  EventKind kind;
  Side side;            // of the resting order; of the aggressor for a trade
  std::uint16_t flags;  // event_flags::...
  SymbolId symbol;
  OrderId order_id;  // the resting order
  PriceTicks price;
  QuantityLots quantity;
  std::uint64_t aux;       // by kind, see EventKind
  OrderId taker_order_id;  // execute, trade: the aggressor; else none
  QuantityLots leaves;     // displayed quantity of the resting order after this event
  RptSequence rpt_sequence;
};
static_assert(sizeof(PublicEvent) == 64 && std::is_trivially_copyable_v<PublicEvent>);
static_assert(offsetof(PublicEvent, symbol) == 4 && offsetof(PublicEvent, order_id) == 8);
static_assert(offsetof(PublicEvent, price) == 16 && offsetof(PublicEvent, aux) == 32);
static_assert(offsetof(PublicEvent, rpt_sequence) == 56);

enum class ExecType : std::uint8_t {  // numbers of docs/PROTOCOL.md
  accepted = 0,
  fill = 1,
  partial_fill = 2,
  canceled = 3,
  replaced = 4,
  rejected = 5,
  expired = 6,  // the rest of an IOC or of a market order, a FOK that could not fill
  restated = 7,
  triggered = 8,
  cancel_rejected = 9,  // a cancel or an amend that was refused
};

enum class OrderStatus : std::uint8_t {
  none = 0,
  open = 1,
  partially_filled = 2,
  filled = 3,
  canceled = 4,
  rejected = 5,
  expired = 6,
  waiting = 7,  // a stop that has not been triggered
};

enum class Liquidity : std::uint8_t { none = 0, maker = 1, taker = 2 };

// Bits of ExecEvent::flags.
namespace exec_flags {
inline constexpr std::uint32_t duplicate = 1;  // the client sequence had been used before
inline constexpr std::uint32_t cancel_on_disconnect = 2;
inline constexpr std::uint32_t self_trade_prevention = 4;
inline constexpr std::uint32_t administrator = 8;
inline constexpr std::uint32_t mass_cancel = 16;
inline constexpr std::uint32_t dead_man = 32;
inline constexpr std::uint32_t kill_switch = 64;
inline constexpr std::uint32_t slid = 128;  // accepted at another price, see price
inline constexpr std::uint32_t auction = 256;
}  // namespace exec_flags

struct ExecEvent {
  ExecSequence exec_sequence;  // dense per account
  OrderId order_id;
  ClientSequence client_sequence;  // of the command that made the order, or of the refused command
  PriceTicks price;
  QuantityLots quantity;  // total of the order as last accepted
  QuantityLots filled;    // cumulative
  QuantityLots leaves;
  PriceTicks last_price;  // fill: the maker's price
  QuantityLots last_quantity;
  MatchId match_id;
  AccountId account;
  SymbolId symbol;
  GroupId group;
  RejectReason reject_reason;
  ExecType type;
  OrderStatus status;
  Side side;
  OrderType order_type;
  TimeInForce time_in_force;
  Liquidity liquidity;
  std::uint32_t flags;            // exec_flags::...
  ClientOrderId client_order_id;  // last: the log leaves out a tail of zeros
};
static_assert(sizeof(ExecEvent) == 144 && std::is_trivially_copyable_v<ExecEvent>);
static_assert(offsetof(ExecEvent, account) == 80 && offsetof(ExecEvent, reject_reason) == 92);
static_assert(offsetof(ExecEvent, side) == 96 && offsetof(ExecEvent, flags) == 100);
static_assert(offsetof(ExecEvent, client_order_id) == 104);

// The budgets of one transaction. Part of the rules (the same on every machine), because they bound
// its size: what is left over is done by the clock commands that follow at once, except that the
// rest of an order that has met matches_per_command_max others expires.
inline constexpr std::uint32_t matches_per_command_max = 4096;
inline constexpr std::uint32_t cascade_matches_max =
    896;  // then no further stop is triggered; each counts too
inline constexpr std::uint32_t auction_matches_max = 2048;
inline constexpr std::uint32_t cancels_per_command_max = 4096;

class EventBuffer {
 public:
  // A match is an execute and perhaps an iceberg's refill; two reports.
  static constexpr std::size_t public_events_max =
      2 * (matches_per_command_max + cascade_matches_max) + 64;
  static constexpr std::size_t exec_events_max = public_events_max;

  EventBuffer()
      : public_(std::make_unique<PublicEvent[]>(public_events_max)),
        execs_(std::make_unique<ExecEvent[]>(exec_events_max)) {}

  void clear() { public_count_ = exec_count_ = 0; }
  // The returned slot is uninitialised memory of the previous use: assign the whole event.
  PublicEvent& add_public() {
    CHECK(public_count_ < public_events_max);
    return public_[public_count_++];
  }
  ExecEvent& add_exec() {
    CHECK(exec_count_ < exec_events_max);
    return execs_[exec_count_++];
  }
  std::span<PublicEvent> public_events() { return {public_.get(), public_count_}; }
  std::span<const PublicEvent> public_events() const { return {public_.get(), public_count_}; }
  std::size_t public_count() const { return public_count_; }
  std::size_t exec_count() const { return exec_count_; }
  std::span<const ExecEvent> exec_events() const { return {execs_.get(), exec_count_}; }

 private:
  std::unique_ptr<PublicEvent[]> public_;
  std::unique_ptr<ExecEvent[]> execs_;
  std::size_t public_count_ = 0;
  std::size_t exec_count_ = 0;
};

}  // namespace bourse
