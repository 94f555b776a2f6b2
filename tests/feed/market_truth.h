// What every stream must carry, by the log alone: the naive way, with whole comparisons.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "feed/market/stream_shape.h"  // StreamShape, stream_of
#include "matching/market_state.h"     // MarketState
#include "replay/log/log.h"            // Log, Cursor

namespace bourse {

class MarketTruth {
 public:
  explicit MarketTruth(const Log& log) { go_on(log); }

  // The log is closed and opened again.
  void stop() { cursor_.reset(); }
  void go_on(const Log& log) { cursor_.emplace(std::move(*log.cursor(next(state_.sequence())))); }

  void follow() {
    while (cursor_->next() == Cursor::Next::transaction) {
      const TransactionView& transaction = cursor_->transaction();
      const std::uint64_t seq = transaction.sequence().value();
      end_bars(transaction.time().value(), seq);
      ASSERT_EQ(state_.apply(transaction), DepthError::none);
      for (const PublicEvent& event : transaction.public_events()) {
        note({.channel = wire::Channel::mbo}, event.symbol, seq);
        if (const auto channel = own_channel(event)) note({.channel = *channel}, event.symbol, seq);
      }
      for (const PublicEvent& event : transaction.public_events()) look_at(event.symbol, seq);
    }
  }
  // Sequences of the events that follow `seq`; those of levels once for each transaction.
  std::vector<std::uint64_t> after(std::uint32_t stream, std::uint64_t seq) const {
    const auto found = seqs_.find(stream);
    if (found == seqs_.end()) return {};
    return {std::upper_bound(found->second.begin(), found->second.end(), seq), found->second.end()};
  }
  bool has_between(std::uint32_t stream, std::uint64_t after_seq, std::uint64_t last) const {
    const std::vector<std::uint64_t> rest = after(stream, after_seq);
    return !rest.empty() && rest.front() <= last;
  }

  static constexpr std::uint32_t check_every = 10;
  static constexpr std::uint32_t bar_ms = 1000;

 private:
  using Levels = std::vector<std::tuple<int, std::int64_t, std::uint64_t, std::uint32_t>>;

  // The channel besides mbo that tells this event; of an auction's match one side does.
  static std::optional<wire::Channel> own_channel(const PublicEvent& event) {
    switch (event.kind) {
      case EventKind::execute:
      case EventKind::trade:
        if ((event.flags & event_flags::auction_other_side) != 0) return std::nullopt;
        return wire::Channel::trade;
      case EventKind::bust:
        return wire::Channel::trade;
      case EventKind::status:
        return wire::Channel::status;
      case EventKind::imbalance:
        return wire::Channel::imbalance;
      default:
        return std::nullopt;
    }
  }
  void note(const StreamShape& shape, SymbolId symbol, std::uint64_t seq) {
    seqs_[*stream_of(shape, symbol)].push_back(seq);
  }
  void note_once(const StreamShape& shape, SymbolId symbol, std::uint64_t seq) {
    auto& seqs = seqs_[*stream_of(shape, symbol)];
    if (seqs.empty() || seqs.back() != seq) seqs.push_back(seq);
  }

  Levels levels_of(const DepthBook& book, std::size_t depth) const {
    Levels all;
    for (const Side side : {Side::buy, Side::sell}) {
      std::vector<DepthLevel> levels(depth == 0 ? book.level_count(side) : depth);
      levels.resize(book.levels(side, levels));
      for (const DepthLevel& level : levels) {
        all.emplace_back(side == Side::buy ? 0 : 1, level.price.value(), level.quantity.value(),
                         level.orders);
      }
    }
    return all;
  }

  void look_at(SymbolId symbol, std::uint64_t seq) {
    const DepthBook& book = *state_.book(symbol);
    for (const std::uint16_t depth : level_depths) {
      if (depth > 10) continue;
      Levels& known = levels_[{symbol.value(), depth}];
      Levels now = levels_of(book, depth);
      if (now == known) continue;
      known = std::move(now);
      note_once({.channel = wire::Channel::level, .depth = depth}, symbol, seq);
      if (depth == 10) note_once({.channel = wire::Channel::depth10}, symbol, seq);
    }
    const BestPrices best = book.best();
    auto& bests = bests_[symbol.value()];
    if (bests.empty() || std::memcmp(&bests.back(), &best, sizeof best) != 0) {
      bests.assign(1, best);
      note_once({.channel = wire::Channel::bbo}, symbol, seq);
    }
    std::uint64_t& checks = checks_[symbol.value()];
    if (checks != book.last_rpt().value() / check_every)
      note_once({.channel = wire::Channel::check, .every = check_every}, symbol, seq);
    checks = book.last_rpt().value() / check_every;
  }

  // A bar ends with the first transaction of the exchange that is not in it.
  void end_bars(std::int64_t time, std::uint64_t seq) {
    constexpr std::int64_t interval_ns = bar_ms * std::int64_t{1'000'000};
    if (time_ != 0 && time / interval_ns != time_ / interval_ns) {
      for (std::uint32_t id = 1; id <= state_.symbol_count(); ++id) {
        note_once({.channel = wire::Channel::bar, .interval_ms = bar_ms}, SymbolId{id}, seq);
      }
    }
    time_ = time;
  }

  MarketState state_;
  std::optional<Cursor> cursor_;
  std::int64_t time_ = 0;
  std::map<std::uint32_t, std::vector<std::uint64_t>> seqs_;
  std::map<std::pair<std::uint32_t, std::uint16_t>, Levels> levels_;
  std::map<std::uint32_t, std::vector<BestPrices>> bests_;
  std::map<std::uint32_t, std::uint64_t> checks_;
};

}  // namespace bourse
