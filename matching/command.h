// A command: what somebody asked the engine to do, in the fixed shape in which the log keeps it.
//   Shape:  160 bytes, little-endian, no implicit padding; every offset is asserted and is part of
//           the log format (docs/JOURNAL.md). client_order_id is last so that the log can leave out
//           a tail of zeros.
//   Units:  ticks, lots, nanoseconds since the Unix epoch.
//   Owner:  a value; the sequencer stamps sequence and time, and order_id of a new order.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "matching/types.h"  // PriceTicks, QuantityLots, OrderId, Side, ...

namespace bourse {

enum class CommandType : std::uint8_t {
  none = 0,
  new_order = 1,
  amend = 2,               // order_id, new price, new total open quantity
  cancel = 3,              // order_id
  define_instrument = 4,   // body is InstrumentBody
  open_epoch = 5,          // body is EpochBody: first command after every start
  imported = 6,            // events came from a foreign feed; there is nothing to execute
  mass_cancel = 7,         // body is MassCancelBody
  clock = 8,               // does what has become due: one unit of work, see Engine::due()
  set_phase = 9,           // body is PhaseBody
  set_rules = 10,          // body is RulesBody
  set_account = 11,        // body is AccountBody
  cancel_after = 12,       // body is CancelAfterBody: the dead-man timer
  change_instrument = 13,  // body is InstrumentBody, of the symbol that the command names
  delist_instrument = 14,  // no body
  bust_trade = 15,         // body is BustBody
};

enum class MassCancelCause : std::uint8_t {
  requested = 0,
  disconnect = 1,   // the session ended
  dead_man = 2,     // nobody disarmed the timer
  kill_switch = 3,  // the account was disabled
  administrator = 4,
};

enum class AccountStatus : std::uint8_t {
  enabled = 0,
  cancel_only = 1,
  killed = 2,  // cancel only, and all its orders are cancelled
};

// A trader's own name for an order: up to 36 printable ASCII characters, zero-padded.
struct ClientOrderId {
  static constexpr std::size_t length_max = 36;
  char text[40];

  std::string_view view() const { return {text, ::strnlen(text, length_max)}; }
  bool empty() const { return text[0] == '\0'; }
  // Returns false and leaves the id empty if the text is too long or not printable ASCII.
  bool assign(std::string_view from) {
    std::memset(text, 0, sizeof text);
    if (from.size() > length_max) return false;
    for (char c : from)
      if (c < 0x20 || c > 0x7e) return false;
    if (!from.empty()) std::memcpy(text, from.data(), from.size());
    return true;
  }
};

struct OrderBody {
  OrderId order_id;               // new_order: stamped by the sequencer; amend, cancel: the target
  PriceTicks price;               // limit; for a market order the protection price, or no_price
  QuantityLots quantity;          // new_order: total; amend: new open quantity (leaves)
  PriceTicks stop_price;          // stop, stop_limit; trailing_stop, pegged: a distance in ticks
  QuantityLots display_quantity;  // iceberg: how much of it is shown at a time; 0 = all
  QuantityLots min_quantity;      // IOC only: at least so much, or nothing
  TimeNs expire_at;               // GTD only
  TimeNs valid_until;             // refuse if sequenced later than this; 0 = always valid
  GroupId group;
  Side side;
  OrderType type;
  TimeInForce time_in_force;
  SelfTradePrevention self_trade_prevention;
  ClientOrderId client_order_id;
};

struct InstrumentBody {
  char symbol[24];  // zero-padded ASCII, at most 23 characters
  char base[12];
  char quote[12];
  std::int64_t tick_size_e9;      // price of one tick in 1e-9 of the quote currency
  std::uint64_t lot_size;         // quantity of one lot in 10^quantity_exponent of the base
  QuantityLots quantity_min;      // smallest order, in lots
  QuantityLots quantity_max;      // largest order, in lots
  PriceTicks price_min;           // lowest price the book takes
  PriceTicks price_max;           // highest price the book takes
  std::int8_t quantity_exponent;  // usually -8
  std::uint8_t reserved_[15];

  std::string_view symbol_view() const { return {symbol, ::strnlen(symbol, sizeof symbol)}; }
};

struct EpochBody {
  Epoch epoch;
  std::uint32_t symbols_max;
  std::uint32_t accounts_max;
  std::uint32_t orders_max;
  std::uint8_t reserved_[96];
};

// Cancels every open order of the command's account that fits all that is set here and the
// command's symbol. By an administrator also without account, of one symbol.
struct MassCancelBody {
  GroupId group;      // 0 = any
  SessionId session;  // 0 = any
  Side side;          // none = both
  MassCancelCause cause;
  bool on_disconnect_only;  // only orders that asked for it
  std::uint8_t reserved_[101];
};

struct PhaseBody {
  TimeNs change_at;  // 0: until it is told otherwise
  Phase phase;
  Phase next_phase;  // at change_at
  std::uint8_t reserved_[102];
};

// The trading rules of a symbol, beside its definition. 0 = no such rule.
struct RulesBody {
  PriceTicks reference_price;   // middle of the static band, and of the dynamic one before the
                                // first trade; 0 = none yet
  TickDelta static_band;        // limit prices farther away are refused
  TickDelta dynamic_band;       // a match farther from the last trade starts an auction
  TickDelta market_protection;  // a market order without a price goes so far from the best
  std::int64_t volatility_ns;   // how long that auction lasts
  std::int64_t indicative_ns;   // how often an auction tells its indicative price
  std::uint64_t notional_min;   // price x quantity of an order, in ticks x lots
  std::uint64_t notional_max;
  std::uint8_t reserved_[48];
};

struct AccountBody {
  std::uint32_t open_orders_max;    // 0 = no such limit, here and below
  std::uint32_t orders_per_second;  // a bucket that refills evenly and holds orders_burst
  std::uint32_t orders_burst;
  AccountStatus status;
  std::uint8_t reserved_[3];
  QuantityLots quantity_max;   // of one order
  std::uint64_t notional_max;  // of one order, in ticks x lots
  QuantityLots position_max;   // long or short per symbol, all open orders counted as filled
  std::uint8_t reserved2_[72];
};

struct CancelAfterBody {
  std::int64_t after_ns;  // from the command's time; 0 disarms
  GroupId group;          // as in MassCancelBody
  SessionId session;
  std::uint8_t reserved_[96];
};

// A trade that shall not have been. The tool that sends it has read the parties from the log.
struct BustBody {
  MatchId match_id;
  PriceTicks price;
  QuantityLots quantity;
  OrderId buy_order;
  OrderId sell_order;
  AccountId buyer;
  AccountId seller;
  std::uint8_t reserved_[64];
};

struct Command {
  Sequence sequence;  // stamped by the sequencer
  TimeNs time;        // stamped by the sequencer, non-decreasing
  CommandType type;
  std::uint8_t order_flags;  // order_flags::...
  PegReference peg;          // pegged orders only
  std::uint8_t reserved_;
  SymbolId symbol;
  AccountId account;
  SessionId session;
  ClientSequence client_sequence;  // idempotency: strictly increasing per account; 0 = not used
  TimeNs client_time;              // the client's own clock, echoed, never used to decide anything
  union {
    OrderBody order;
    InstrumentBody instrument;
    EpochBody epoch;
    MassCancelBody mass_cancel;
    PhaseBody phase;
    RulesBody rules;
    AccountBody account_limits;
    CancelAfterBody cancel_after;
    BustBody bust;
  };
};

static_assert(sizeof(ClientOrderId) == 40);
static_assert(sizeof(OrderBody) == 112 && sizeof(InstrumentBody) == 112 &&
              sizeof(EpochBody) == 112 && sizeof(MassCancelBody) == 112 &&
              sizeof(PhaseBody) == 112 && sizeof(RulesBody) == 112 && sizeof(AccountBody) == 112 &&
              sizeof(CancelAfterBody) == 112 && sizeof(BustBody) == 112);
static_assert(offsetof(AccountBody, quantity_max) == 16 && offsetof(BustBody, buyer) == 40);
static_assert(sizeof(Command) == 160 && alignof(Command) == 8);
static_assert(std::is_trivially_copyable_v<Command>);
static_assert(offsetof(Command, time) == 8 && offsetof(Command, type) == 16);
static_assert(offsetof(Command, symbol) == 20 && offsetof(Command, account) == 24);
static_assert(offsetof(Command, session) == 28 && offsetof(Command, client_sequence) == 32);
static_assert(offsetof(Command, client_time) == 40 && offsetof(Command, order) == 48);
static_assert(offsetof(OrderBody, group) == 64 && offsetof(OrderBody, side) == 68);
static_assert(offsetof(OrderBody, client_order_id) == 72);
static_assert(offsetof(InstrumentBody, tick_size_e9) == 48 &&
              offsetof(InstrumentBody, price_max) == 88);

}  // namespace bourse
