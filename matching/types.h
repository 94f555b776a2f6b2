// The words of the exchange: strong integer types and enumerations that every floor speaks.
//   Shape:  each type wraps one integer, is trivially copyable and has no implicit conversion.
//   Units:  in the type (PriceTicks, QuantityLots, TimeNs); plain integers carry theirs in the
//   name. Arithmetic: PriceTicks - PriceTicks = TickDelta, PriceTicks +- TickDelta = PriceTicks,
//           QuantityLots +- QuantityLots = QuantityLots, TimeNs +- nanoseconds as int64 via
//           value().
//   Errors: none; arithmetic does not check overflow, the engine's entry checks bound its inputs.
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace bourse {

static_assert(std::endian::native == std::endian::little,
              "the log and the wire are little-endian images of these types");

template <class Rep, class Tag>
class Strong {
 public:
  using rep = Rep;
  Strong() = default;  // trivial, so that records can be unions; write T{} for zero
  constexpr explicit Strong(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(Strong, Strong) = default;

 private:
  Rep value_;
};

using PriceTicks = Strong<std::int64_t, struct PriceTicksTag>;       // price / tick size
using TickDelta = Strong<std::int64_t, struct TickDeltaTag>;         // a difference of prices
using QuantityLots = Strong<std::uint64_t, struct QuantityLotsTag>;  // quantity / lot size
using OrderId =
    Strong<std::uint64_t, struct OrderIdTag>;  // sequence of the order's birth; 0 = none
using MatchId = Strong<std::uint64_t, struct MatchIdTag>;      // dense from 1 over the whole engine
using SymbolId = Strong<std::uint32_t, struct SymbolIdTag>;    // dense from 1; 0 = none
using AccountId = Strong<std::uint32_t, struct AccountIdTag>;  // dense from 1; 0 = none
using SessionId =
    Strong<std::uint32_t, struct SessionIdTag>;  // connection that sent a command; 0 = none
using GroupId = Strong<std::uint32_t, struct GroupIdTag>;  // a trader's own order group; 0 = none
using Sequence =
    Strong<std::uint64_t, struct SequenceTag>;  // of a transaction; dense from 1; 0 = none
using ClientSequence =
    Strong<std::uint64_t, struct ClientSequenceTag>;    // per account; 0 = not used
using TimeNs = Strong<std::int64_t, struct TimeNsTag>;  // since the Unix epoch, UTC
using RptSequence =
    Strong<std::uint64_t, struct RptSequenceTag>;  // public events of one symbol, +1
using ExecSequence = Strong<std::uint64_t, struct ExecSequenceTag>;  // reports of one account, +1
using Epoch = Strong<std::uint32_t, struct EpochTag>;  // incarnation of the engine; from 1

constexpr TickDelta operator-(PriceTicks a, PriceTicks b) {
  return TickDelta{a.value() - b.value()};
}
constexpr PriceTicks operator+(PriceTicks a, TickDelta d) {
  return PriceTicks{a.value() + d.value()};
}
constexpr PriceTicks operator-(PriceTicks a, TickDelta d) {
  return PriceTicks{a.value() - d.value()};
}
constexpr QuantityLots operator+(QuantityLots a, QuantityLots b) {
  return QuantityLots{a.value() + b.value()};
}
constexpr QuantityLots operator-(QuantityLots a, QuantityLots b) {
  return QuantityLots{a.value() - b.value()};
}
constexpr QuantityLots& operator+=(QuantityLots& a, QuantityLots b) { return a = a + b; }
constexpr QuantityLots& operator-=(QuantityLots& a, QuantityLots b) { return a = a - b; }
constexpr Sequence next(Sequence s) { return Sequence{s.value() + 1}; }

inline constexpr PriceTicks no_price{std::numeric_limits<std::int64_t>::max()};

enum class Side : std::uint8_t { none = 0, buy = 1, sell = 2 };
constexpr Side opposite(Side side) { return side == Side::buy ? Side::sell : Side::buy; }

enum class OrderType : std::uint8_t {
  none = 0,
  limit = 1,
  market = 2,
  stop = 3,           // becomes a market order when the last trade reaches stop_price
  stop_limit = 4,     // becomes a limit order
  trailing_stop = 5,  // its stop price follows the last trade at a distance
  pegged = 6,         // hidden, follows the best displayed prices
};

enum class TimeInForce : std::uint8_t {
  none = 0,
  gtc = 1,
  ioc = 2,
  fok = 3,
  day = 4,  // until the phase of its symbol becomes closed
  gtd = 5,  // until expire_at
};

// What happens instead of a match between two orders of one account. The taker's mode decides.
enum class SelfTradePrevention : std::uint8_t {
  none = 0,
  cancel_newest = 1,  // the rest of the taker goes
  cancel_oldest = 2,  // the maker goes, the taker goes on
  cancel_both = 3,
  decrement = 4,  // both lose the smaller quantity, without a trade
};

// What a pegged order follows, read from its own side.
enum class PegReference : std::uint8_t {
  none = 0,
  primary = 1,  // best displayed price of its own side
  market = 2,   // best displayed price of the other side
  midpoint = 3,
};

// What a market does with orders. A symbol is continuous when it has been defined.
enum class Phase : std::uint8_t {
  none = 0,
  pre_open = 1,         // collects orders
  opening_auction = 2,  // collects, and tells the indicative price
  continuous = 3,
  volatility_auction = 4,  // collects after a price left its band
  halted = 5,              // cancels only
  closing_auction = 6,
  closed = 7,  // cancels only; DAY orders have expired
};
constexpr bool collects(Phase phase) {
  return phase == Phase::pre_open || phase == Phase::opening_auction ||
         phase == Phase::volatility_auction || phase == Phase::closing_auction;
}
constexpr bool takes_orders(Phase phase) { return phase == Phase::continuous || collects(phase); }

// Bits of Command::order_flags.
namespace order_flags {
inline constexpr std::uint8_t post_only = 1;
inline constexpr std::uint8_t reduce_only = 2;  // reserved: refused with unsupported
inline constexpr std::uint8_t hidden = 4;  // never displayed; behind all displayed of its level
// Amend: cancel and replace under the same id; the order goes to the back of the queue even if only
// its quantity goes down.
inline constexpr std::uint8_t lose_priority = 8;
// With post_only: an order that would cross rests one tick behind the best price instead.
inline constexpr std::uint8_t slide = 16;
// Is cancelled when its session ends.
inline constexpr std::uint8_t cancel_on_disconnect = 32;
// Self-trade prevention looks at account and group instead of the account alone.
inline constexpr std::uint8_t prevent_in_group = 64;
}  // namespace order_flags

// Why a command was refused. The numbers are the stable codes of docs/PROTOCOL.md.
enum class RejectReason : std::uint16_t {
  none = 0,
  unknown_instrument = 5001,
  halted = 5002,
  bad_tick = 5003,
  bad_lot = 5004,
  min_notional = 5005,
  max_quantity = 5006,
  price_collar = 5007,
  would_cross = 5008,
  unknown_order = 5009,
  too_late = 5010,
  duplicate_client_sequence = 5011,
  client_sequence_gap = 5012,
  expired_valid_until = 5013,
  self_trade = 5014,
  risk_limit = 5015,
  no_liquidity = 5016,
  duplicate_client_order_id = 5017,
  amend_invalid = 5018,
  unsupported = 5019,  // a known kind of order that this engine does not take
  bad_field = 5020,    // side, type or time in force out of range, price missing
  book_full = 5021,    // orders_max or another named limit of the engine reached
  duplicate_order_id = 5022,
  unknown_account = 5023,
  instrument_exists = 5024,
  bad_instrument = 5025,
  wrong_phase = 5026,        // the phase of the symbol takes no order of this kind
  account_disabled = 5027,   // by an administrator, or its kill switch
  open_orders_limit = 5028,  // of the account
  position_limit = 5029,     // of the account in this symbol
  order_rate = 5030,         // of the account
  max_notional = 5031,
  bad_account = 5032,  // a definition of an account that contradicts itself
  unknown_trade = 5033,
  delisted = 5034,
  already_busted = 5035,
  busy = 9002,      // the gate is full: nothing was sequenced
  draining = 9003,  // the exchange is shutting down: nothing was sequenced
};

}  // namespace bourse

template <class Rep, class Tag>
struct std::hash<bourse::Strong<Rep, Tag>> {
  std::size_t operator()(bourse::Strong<Rep, Tag> v) const noexcept {
    return std::hash<Rep>{}(v.value());
  }
};
