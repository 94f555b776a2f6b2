// What an export tells, one row at a time: the rows of each schema, before any file format.
//   Shape:  plain structs with 64-bit sizes and sequences; RowRef names one of them. columns()
//           visits the fields of a row in the order of its table (docs/DATA.md): what CSV, JSON and
//           NumPy files have is written from there, so that they never differ.
//   Units:  prices in 1e-9 of the quote currency (price_none: none), sizes in lots of the
//           instrument, times in nanoseconds since the Unix epoch.
//   Owner:  values.
//   Errors: none.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <variant>

#include "matching/command.h"  // InstrumentBody
#include "matching/types.h"    // Sequence, TimeNs, SymbolId

namespace bourse {

inline constexpr std::int64_t price_none = std::numeric_limits<std::int64_t>::max();
inline constexpr std::uint16_t export_publisher = 65'000;  // of the range for private use

// Flags of a row: those of DBN.
namespace row_flags {
inline constexpr std::uint8_t last = 0x80;         // of its instrument in the transaction
inline constexpr std::uint8_t snapshot = 0x20;     // of the book where the range begins
inline constexpr std::uint8_t bad_ts_recv = 0x08;  // the clock had jumped
}  // namespace row_flags

// Kinds of integers that a text shows in another way than a number.
using PriceE9 = Strong<std::int64_t, struct PriceE9Tag>;

struct RowHead {
  Sequence sequence;
  TimeNs time;
  SymbolId symbol;
};

struct MboRow {
  RowHead head;
  std::uint64_t order_id;
  PriceE9 price;
  QuantityLots size;
  std::uint8_t flags;
  char action;  // A add, C cancel, M modify, R clear, T trade, F fill
  char side;    // B bid, A ask, N none: of the order; of the aggressor for T
};

struct LevelPair {
  PriceE9 bid_px;
  PriceE9 ask_px;
  QuantityLots bid_sz;
  QuantityLots ask_sz;
  std::uint32_t bid_ct;
  std::uint32_t ask_ct;

  friend bool operator==(const LevelPair&, const LevelPair&) = default;
};

// A change of the first Depth levels, and how they are after it; of a trade, how they were before.
template <std::size_t Depth>
struct DepthRow {
  RowHead head;
  PriceE9 price;
  QuantityLots size;
  std::uint64_t match_id;  // trades only
  char action;
  char side;
  std::uint8_t flags;
  std::uint8_t depth;  // the level that changed, 0 = best
  std::array<LevelPair, Depth> levels;
};
using TradeRow = DepthRow<0>;

// The best prices and the last trade as they were when an interval ended.
struct BboRow {
  RowHead head;   // of the last change
  TimeNs ended;   // end of the interval
  PriceE9 price;  // of the last trade
  QuantityLots size;
  char side;
  std::uint8_t flags;
  LevelPair level;
};

struct BarRow {
  RowHead head;        // time: of its beginning; sequence: of its last trade
  std::uint8_t rtype;  // which interval, see dbn_format.h
  PriceE9 open;
  PriceE9 high;
  PriceE9 low;
  PriceE9 close;
  QuantityLots volume;
};

struct StatusRow {
  RowHead head;
  std::uint16_t action;
  char is_trading;  // Y or N
};

struct DefinitionRow {
  RowHead head;
  InstrumentBody instrument;
  char update;  // A added, M modified, D deleted
};

struct ImbalanceRow {
  RowHead head;
  PriceE9 price;  // indicative
  QuantityLots paired;
  QuantityLots surplus;
  char side;          // of the surplus
  char auction_type;  // O opening, C closing, V volatility
};

// A level's new total: for formats that speak of levels only.
struct LevelRow {
  RowHead head;
  Side side;
  PriceE9 price;
  QuantityLots size;  // 0: the level is gone
  bool is_snapshot;
};

using RowRef = std::variant<const MboRow*, const TradeRow*, const DepthRow<1>*, const DepthRow<10>*,
                            const BboRow*, const BarRow*, const StatusRow*, const DefinitionRow*,
                            const ImbalanceRow*, const LevelRow*>;

const RowHead& head_of(const RowRef& row);

// Who takes rows. False: it could not, and the caller asks it why.
class RowSink {
 public:
  RowSink() = default;
  RowSink(const RowSink&) = delete;
  RowSink& operator=(const RowSink&) = delete;
  virtual ~RowSink() = default;
  virtual bool write(const RowRef& row) = 0;
};

}  // namespace bourse
