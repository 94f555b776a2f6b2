#include "feed/market/trade_follower.h"

#include <algorithm>
#include <limits>

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t minute_ns = 60'000 * ns_per_ms;
constexpr std::int64_t day_ns = 1440 * minute_ns;

constexpr std::int64_t floor_to(std::int64_t time, std::int64_t interval) {
  return time - time % interval;
}

// Numbers of docs/PROTOCOL.md: those of DBN for the day, the same + 1000 for the last 24 hours.
constexpr std::uint16_t rolling = 1000;
constexpr std::array<std::uint16_t, 16> stat_types = {1,
                                                      4,
                                                      5,
                                                      6,
                                                      11,
                                                      12,
                                                      13,
                                                      100,
                                                      rolling + 1,
                                                      rolling + 4,
                                                      rolling + 5,
                                                      rolling + 6,
                                                      rolling + 12,
                                                      rolling + 13,
                                                      101,
                                                      rolling + 101};

}  // namespace

void TradeTally::add(const wire::Trade& trade) {
  if (trades == 0) open = high = low = trade.price;
  high = std::max(high, trade.price);
  low = std::min(low, trade.price);
  close = trade.price;
  volume += trade.size;
  if (trade.side == 'B') buy_volume += trade.size;
  turnover += static_cast<__int128>(trade.price) * trade.size;
  ++trades;
}

void TradeTally::add(const TradeTally& later) {
  if (later.trades == 0) return;
  if (trades == 0) {
    *this = later;
    return;
  }
  high = std::max(high, later.high);
  low = std::min(low, later.low);
  close = later.close;
  volume += later.volume;
  buy_volume += later.buy_volume;
  turnover += later.turnover;
  trades += later.trades;
}

std::int64_t TradeTally::vwap() const {
  return volume == 0 ? wire::price_none : static_cast<std::int64_t>(turnover / volume);
}

TimeNs TradeFollower::needed_from(const StreamShape& shape, TimeNs time) {
  if (shape.channel == wire::Channel::bar)
    return TimeNs{floor_to(time.value(), shape.interval_ms * ns_per_ms)};
  return TimeNs{floor_to(time.value(), minute_ns) - day_ns + minute_ns};
}

TradeFollower::TradeFollower(const StreamShape& shape, std::uint32_t instrument,
                             std::int8_t quantity_exponent, TimeNs time)
    : shape_(shape), instrument_(instrument), quantity_exponent_(quantity_exponent) {
  if (shape.channel == wire::Channel::bar) {
    const std::int64_t interval = shape.interval_ms * ns_per_ms;
    begin_ = floor_to(time.value(), interval);
    boundary_ = begin_ + interval;
  } else {
    begin_ = floor_to(time.value(), day_ns);
    boundary_ = floor_to(time.value(), minute_ns) + minute_ns;
  }
}

bool TradeFollower::pass(TimeNs time, std::uint64_t seq, std::vector<wire::Bar>& closed) {
  const std::int64_t now = time.value();
  if (now < boundary_) return false;
  if (shape_.channel == wire::Channel::bar) {
    closed.push_back(bar_of(tally_, seq, boundary_, wire::bar_flags::closed));
    begin_ = boundary_;
    tally_ = {};
    const std::int64_t interval = shape_.interval_ms * ns_per_ms;
    // One for all intervals in which nothing at all has happened on the exchange.
    if (now >= begin_ + interval) {
      const std::int64_t end = floor_to(now, interval);
      closed.push_back(bar_of(tally_, seq, end, wire::bar_flags::closed));
      begin_ = end;
    }
    boundary_ = begin_ + interval;
    return true;
  }
  bool has_changed = false;
  const std::int64_t minute = floor_to(now, minute_ns);
  while (!minutes_.empty() && minutes_.front().begin <= minute - day_ns) {
    minutes_.pop_front();
    has_changed = true;
  }
  if (const std::int64_t day = floor_to(now, day_ns); day != begin_) {
    begin_ = day;
    tally_ = {};
    has_changed = true;
  }
  boundary_ = minute + minute_ns;
  return has_changed;
}

void TradeFollower::add(const wire::Trade& trade) {
  tally_.add(trade);
  if (shape_.channel == wire::Channel::bar) return;
  const std::int64_t minute = boundary_ - minute_ns;
  if (minutes_.empty() || minutes_.back().begin != minute)
    minutes_.push_back({.begin = minute, .tally = {}});
  minutes_.back().tally.add(trade);
}

std::int64_t TradeFollower::turnover_of(const TradeTally& tally) const {
  __extension__ using Wide = __int128;
  Wide scaled = tally.turnover;
  for (int i = quantity_exponent_; i < 0; ++i) scaled /= 10;
  for (int i = 0; i < quantity_exponent_; ++i) scaled *= 10;
  constexpr Wide most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(scaled, most));
}

wire::Bar TradeFollower::bar_of(const TradeTally& tally, std::uint64_t seq, std::int64_t end,
                                std::uint16_t flags) const {
  if (tally.trades == 0) flags |= wire::bar_flags::empty;
  return {.seq = seq,
          .ts_open = static_cast<std::uint64_t>(begin_),
          .ts_close = static_cast<std::uint64_t>(end),
          .open = tally.open,
          .high = tally.high,
          .low = tally.low,
          .close = tally.close,
          .volume = tally.volume,
          .buy_volume = tally.buy_volume,
          .turnover = turnover_of(tally),
          .vwap = tally.vwap(),
          .interval_ms = shape_.interval_ms,
          .trades = tally.trades,
          .instrument_id = instrument_,
          .flags = flags,
          .reserved = 0};
}

wire::Bar TradeFollower::bar(std::uint64_t seq) const { return bar_of(tally_, seq, boundary_, 0); }

std::array<TradeFollower::Value, TradeFollower::values_count> TradeFollower::values() const {
  constexpr std::int64_t none = wire::price_none;
  const auto price = [](std::int64_t value) { return Value{value, none}; };
  const auto quantity = [](std::uint64_t value) {
    return Value{none, static_cast<std::int64_t>(std::min<std::uint64_t>(value, none - 1))};
  };
  const auto change = [&](const TradeTally& t) {
    return price(t.trades == 0 ? none : t.close - t.open);
  };
  TradeTally day24;
  for (const Minute& minute : minutes_) day24.add(minute.tally);
  const TradeTally& day = tally_;
  return {
      price(day.open),   price(day.low),      price(day.high),         quantity(day.volume),
      price(day.close),  change(day),         price(day.vwap()),       quantity(day.trades),
      price(day24.open), price(day24.low),    price(day24.high),       quantity(day24.volume),
      change(day24),     price(day24.vwap()), price(turnover_of(day)), price(turnover_of(day24))};
}

void TradeFollower::stats(std::uint64_t seq, TimeNs time, bool all,
                          std::vector<wire::Stat>& out) const {
  const std::array<Value, values_count> now = values();
  const std::int64_t since24 = boundary_ - day_ns;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (!all && now[i] == told_[i]) continue;
    out.push_back(
        {.seq = seq,
         .ts_event = static_cast<std::uint64_t>(time.value()),
         .ts_ref = static_cast<std::uint64_t>(stat_types[i] >= rolling ? since24 : begin_),
         .price = now[i].price,
         .quantity = now[i].quantity,
         .instrument_id = instrument_,
         .stat_type = stat_types[i],
         .update_action = 1,
         .flags = 0,
         .reserved = 0});
  }
}

void TradeFollower::told(const std::vector<wire::Stat>& stats) {
  for (const wire::Stat& stat : stats) {
    const auto at = std::ranges::find(stat_types, stat.stat_type) - stat_types.begin();
    told_[static_cast<std::size_t>(at)] = {stat.price, stat.quantity};
  }
}

}  // namespace bourse
