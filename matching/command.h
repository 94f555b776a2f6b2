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
  amend = 2,              // order_id, new price, new total open quantity
  cancel = 3,             // order_id
  define_instrument = 4,  // body is InstrumentBody
  open_epoch = 5,         // body is EpochBody: first command after every start
  imported = 6,           // events came from a foreign feed; there is nothing to execute
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
  PriceTicks stop_price;          // reserved
  QuantityLots display_quantity;  // reserved
  QuantityLots min_quantity;      // reserved
  TimeNs expire_at;               // reserved
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

struct Command {
  Sequence sequence;  // stamped by the sequencer
  TimeNs time;        // stamped by the sequencer, non-decreasing
  CommandType type;
  std::uint8_t order_flags;  // order_flags::...
  std::uint16_t reserved_;
  SymbolId symbol;
  AccountId account;
  SessionId session;
  ClientSequence client_sequence;  // idempotency: strictly increasing per account; 0 = not used
  TimeNs client_time;              // the client's own clock, echoed, never used to decide anything
  union {
    OrderBody order;
    InstrumentBody instrument;
    EpochBody epoch;
  };
};

static_assert(sizeof(ClientOrderId) == 40);
static_assert(sizeof(OrderBody) == 112 && sizeof(InstrumentBody) == 112 &&
              sizeof(EpochBody) == 112);
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
