// Bars and statistics of one symbol, kept from its trades and from the time of the log.
//   Shape:  a bar stream keeps the bar that is running; a statistics stream keeps the trades of the
//           day and of the last 24 hours, in minutes. What it says is a function of the log alone:
//           an interval ends with the first transaction of the exchange that is not in it.
//   Units:  those of feed/wire.h; intervals begin at multiples of their length since 1970 UTC.
//   Owner:  one stream.
//   Errors: none. A log that begins later than an interval gives what it has.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "feed/market/stream_shape.h"  // StreamShape
#include "feed/wire.h"                 // Trade, Bar, Stat
#include "matching/types.h"            // TimeNs

namespace bourse {

// What some trades come to.
struct TradeTally {
  std::int64_t open = wire::price_none;
  std::int64_t high = wire::price_none;
  std::int64_t low = wire::price_none;
  std::int64_t close = wire::price_none;
  std::uint64_t volume = 0;
  std::uint64_t buy_volume = 0;
  __extension__ __int128 turnover = 0;  // price x size
  std::uint32_t trades = 0;

  void add(const wire::Trade& trade);
  void add(const TradeTally& later);
  std::int64_t vwap() const;
};

class TradeFollower {
 public:
  // From where on the log must be followed, so that at `time` nothing is missing.
  static TimeNs needed_from(const StreamShape& shape, TimeNs time);

  // Begins with the interval that `time` is in. `quantity_exponent` is the instrument's.
  TradeFollower(const StreamShape& shape, std::uint32_t instrument, std::int8_t quantity_exponent,
                TimeNs time);

  // When it changes even if nobody trades.
  TimeNs boundary() const { return TimeNs{boundary_}; }
  // The log's time has come to the boundary, with transaction `seq`. Appends bars that are closed
  // by it; true: statistics have changed.
  bool pass(TimeNs time, std::uint64_t seq, std::vector<wire::Bar>& closed);
  void add(const wire::Trade& trade);

  // The bar that is running, as of `seq`.
  wire::Bar bar(std::uint64_t seq) const;
  // All statistics, or those that differ from what this told last.
  void stats(std::uint64_t seq, TimeNs time, bool all, std::vector<wire::Stat>& out) const;
  void told(const std::vector<wire::Stat>& stats);

 private:
  static constexpr std::size_t values_count = 16;
  struct Minute {
    std::int64_t begin;
    TradeTally tally;
  };
  struct Value {
    std::int64_t price = wire::price_none;
    std::int64_t quantity = wire::price_none;
    friend bool operator==(const Value&, const Value&) = default;
  };

  std::int64_t turnover_of(const TradeTally& tally) const;
  wire::Bar bar_of(const TradeTally& tally, std::uint64_t seq, std::int64_t end,
                   std::uint16_t flags) const;
  std::array<Value, values_count> values() const;

  StreamShape shape_;
  std::uint32_t instrument_;
  std::int8_t quantity_exponent_;
  std::int64_t begin_;          // bar: of the interval; stat: of the day
  std::int64_t boundary_;       // bar: its end; stat: of the minute
  TradeTally tally_;            // of the interval, of the day
  std::deque<Minute> minutes_;  // stat: of the last 24 hours that have trades
  std::array<Value, values_count> told_{};
};

}  // namespace bourse
