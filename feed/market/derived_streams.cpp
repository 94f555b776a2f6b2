#include "feed/market/derived_streams.h"

#include <algorithm>
#include <cstring>

#include "feed/market/wire_events.h"  // level_event, depth10_event, ...
#include "matching/check.h"           // CHECK

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::size_t depth10_levels = 10;

bool is_of_levels(const StreamShape& shape) {
  return shape.channel == wire::Channel::level || shape.channel == wire::Channel::depth10;
}

std::size_t window_depth(const StreamShape& shape) {
  return shape.channel == wire::Channel::depth10 ? depth10_levels : shape.depth;
}

}  // namespace

bool DerivedStreams::makes(std::uint32_t stream) {
  const StreamShape& shape = shape_of(stream);
  switch (shape.channel) {
    case wire::Channel::level:
    case wire::Channel::depth10:
    case wire::Channel::check:
    case wire::Channel::bar:
    case wire::Channel::stat:
      return true;
    case wire::Channel::bbo:
      return shape.conflate_ms != 0;
    default:
      return false;
  }
}

bool DerivedStreams::needs_history(std::uint32_t stream) {
  const wire::Channel channel = wire::channel_of(stream);
  return channel == wire::Channel::bar || channel == wire::Channel::stat;
}

DerivedStreams::Follower* DerivedStreams::find(std::uint32_t stream) {
  const SymbolId symbol = wire::symbol_of(stream);
  if (symbol.value() >= symbols_.size()) return nullptr;
  auto& followers = symbols_[symbol.value()];
  const auto found = std::ranges::find(followers, stream, &Follower::stream);
  return found == followers.end() ? nullptr : &*found;
}

DerivedStreams::Follower& DerivedStreams::place(std::uint32_t stream) {
  CHECK(makes(stream) && find(stream) == nullptr);
  const SymbolId symbol = wire::symbol_of(stream);
  if (symbols_.size() <= symbol.value()) symbols_.resize(symbol.value() + 1);
  Follower& follower = symbols_[symbol.value()].emplace_back();
  follower.stream = stream;
  follower.shape = shape_of(stream);
  return follower;
}

void DerivedStreams::add(std::uint32_t stream, TimeNs time) {
  Follower& follower = place(stream);
  const SymbolId symbol = wire::symbol_of(stream);
  if (needs_history(stream)) {
    follower.trades = std::make_unique<TradeFollower>(
        follower.shape, symbol.value(), instruments_->find(symbol)->quantity_exponent, time);
    traded_.push_back(stream);
    next_boundary_ = std::min(next_boundary_, follower.trades->boundary());
    return;
  }
  const DepthBook& book = *book_of_(symbol);
  if (const std::size_t depth = window_depth(follower.shape); depth > 0)
    follower.window.restart(book, depth);
  follower.best = book.best();
  if (follower.shape.every > 0) follower.checked = book.last_rpt().value() / follower.shape.every;
  note_touched(symbol);
}

void DerivedStreams::adopt(DerivedStreams& from, std::uint32_t stream) {
  Follower& follower = place(stream);
  follower.trades = std::move(from.find(stream)->trades);
  from.remove(stream);
  traded_.push_back(stream);
  next_boundary_ = std::min(next_boundary_, follower.trades->boundary());
  // What its readers are shown first.
  stats_.clear();
  follower.trades->stats(0, TimeNs{0}, true, stats_);
  follower.trades->told(stats_);
}

void DerivedStreams::remove(std::uint32_t stream) {
  Follower* const follower = find(stream);
  if (follower == nullptr) return;
  const SymbolId symbol = wire::symbol_of(stream);
  auto& followers = symbols_[symbol.value()];
  followers.erase(followers.begin() + (follower - followers.data()));
  std::erase(changed_, stream);
  if (needs_history(stream))
    std::erase(traded_, stream);
  else
    note_touched(symbol);
}

// The book notes what is touched as long as one of its followers wants to know.
void DerivedStreams::note_touched(SymbolId symbol) {
  DepthBook& book = *book_of_(symbol);
  const bool is_wanted = std::ranges::any_of(
      symbols_[symbol.value()], [](const Follower& f) { return is_of_levels(f.shape); });
  if (book.notes_touched() != is_wanted) book.note_touched(is_wanted);
}

void DerivedStreams::follow_trades(const TransactionView& transaction) {
  const TimeNs time = transaction.time();
  const std::uint64_t seq = transaction.sequence().value();
  if (time >= next_boundary_) {
    next_boundary_ = never;
    for (const std::uint32_t stream : traded_) {
      Follower& follower = *find(stream);
      bars_.clear();
      const bool has_changed = follower.trades->pass(time, seq, bars_);
      next_boundary_ = std::min(next_boundary_, follower.trades->boundary());
      for (const wire::Bar& bar : bars_) encoder_->add_event(stream, bar);
      if (has_changed && bars_.empty()) mark(follower, time);
    }
  }
  for (const PublicEvent& event : transaction.public_events()) {
    const bool is_trade = event.kind == EventKind::execute || event.kind == EventKind::trade;
    if (!is_trade || (event.flags & event_flags::auction_other_side) != 0) continue;
    if (event.symbol.value() >= symbols_.size()) continue;
    for (Follower& follower : symbols_[event.symbol.value()]) {
      if (follower.trades == nullptr) continue;
      follower.trades->add(trade_event(event, *instruments_->instrument(event.symbol), seq,
                                       static_cast<std::uint64_t>(time.value())));
      if (follower.shape.conflate_ms > 0) mark(follower, time);
    }
  }
}

void DerivedStreams::tell_trades(Follower& follower, Sequence sequence, TimeNs time) {
  if (follower.shape.channel == wire::Channel::bar)
    return encoder_->add_event(follower.stream, follower.trades->bar(sequence.value()));
  stats_.clear();
  follower.trades->stats(sequence.value(), time, false, stats_);
  follower.trades->told(stats_);
  for (const wire::Stat& stat : stats_) encoder_->add_event(follower.stream, stat);
}

void DerivedStreams::follow(SymbolId symbol, Sequence sequence, TimeNs time) {
  DepthBook& book = *book_of_(symbol);
  for (Follower& follower : symbols_[symbol.value()]) {
    if (follower.trades != nullptr || !sees_change(follower, book)) continue;
    if (follower.shape.conflate_ms == 0)
      tell(follower, sequence, time);
    else
      mark(follower, time);
  }
  book.forget_touched();
}

bool DerivedStreams::sees_change(Follower& follower, const DepthBook& book) const {
  const std::vector<TouchedLevel>& touched = book.touched();
  switch (follower.shape.channel) {
    case wire::Channel::level:
      if (follower.shape.depth > 0) return follower.window.concerns(touched);
      if (follower.shape.conflate_ms > 0) {
        follower.touched.insert(follower.touched.end(), touched.begin(), touched.end());
        if (follower.touched.size() >= follower.touched_many) {
          keep_first(follower.touched);
          follower.touched_many = std::max(touched_first, 2 * follower.touched.size());
        }
      }
      return !touched.empty();
    case wire::Channel::depth10:
      return follower.window.concerns(touched);
    case wire::Channel::bbo: {
      const BestPrices best = book.best();
      return std::memcmp(&best, &follower.best, sizeof best) != 0;
    }
    default:
      return book.last_rpt().value() / follower.shape.every != follower.checked;
  }
}

void DerivedStreams::mark(Follower& follower, TimeNs time) {
  if (follower.has_changed) return;
  follower.has_changed = true;
  changed_.push_back(follower.stream);
  const std::int64_t interval_ns = follower.shape.conflate_ms * ns_per_ms;
  follower.due = std::max(time, TimeNs{follower.emitted.value() + interval_ns});
  next_due_ = std::min(next_due_, follower.due);
}

void DerivedStreams::tell(Follower& follower, Sequence sequence, TimeNs time) {
  if (follower.trades != nullptr) return tell_trades(follower, sequence, time);
  const DepthBook& book = *book_of_(wire::symbol_of(follower.stream));
  const Instrument& instrument = *instruments_->instrument(wire::symbol_of(follower.stream));
  const auto at = static_cast<std::uint64_t>(time.value());
  switch (follower.shape.channel) {
    case wire::Channel::level:
      return tell_levels(follower, book, sequence, time);
    case wire::Channel::depth10:
      changes_.clear();
      follower.window.advance(book, nullptr, changes_);
      if (changes_.empty()) return;
      return encoder_->add_event(follower.stream, depth10_event(instrument, book, sequence.value(),
                                                                at, event_flags::last));
    case wire::Channel::bbo: {
      const BestPrices best = book.best();
      if (std::memcmp(&best, &follower.best, sizeof best) == 0) return;
      follower.best = best;
      return encoder_->add_event(follower.stream, bbo_event(instrument, best, sequence.value(), at,
                                                            book.last_rpt(), event_flags::last));
    }
    default:
      follower.checked = book.last_rpt().value() / follower.shape.every;
      return encoder_->add_event(follower.stream, check_event(instrument, book, sequence.value()));
  }
}

void DerivedStreams::tell_levels(Follower& follower, const DepthBook& book, Sequence sequence,
                                 TimeNs time) {
  const bool is_conflated = follower.shape.conflate_ms > 0;
  changes_.clear();
  if (follower.shape.depth > 0) {
    follower.window.advance(book, is_conflated ? nullptr : &book.touched(), changes_);
  } else {
    if (!is_conflated) follower.touched = book.touched();
    append_changes(book, follower.touched, changes_);
    follower.touched.clear();
  }
  if (changes_.empty()) return;
  changes_.back().flags |= event_flags::last;
  const Instrument& instrument = *instruments_->instrument(wire::symbol_of(follower.stream));
  for (const LevelChange& change : changes_) {
    encoder_->add_event(follower.stream,
                        level_event(instrument, change, sequence.value(),
                                    static_cast<std::uint64_t>(time.value()), book.last_rpt()));
  }
}

void DerivedStreams::emit(std::uint32_t stream, TimeNs now, Sequence sequence, TimeNs time) {
  Follower* const follower = find(stream);
  if (follower == nullptr || !follower->has_changed) return;
  std::erase(changed_, stream);
  follower->has_changed = false;
  follower->emitted = now;
  tell(*follower, sequence, time);
}

void DerivedStreams::emit_where(TimeNs now, Sequence sequence, TimeNs time, TimeNs due_max) {
  next_due_ = never;
  std::size_t kept = 0;
  for (const std::uint32_t stream : changed_) {
    Follower& follower = *find(stream);
    if (follower.due > due_max) {
      next_due_ = std::min(next_due_, follower.due);
      changed_[kept++] = stream;
      continue;
    }
    follower.has_changed = false;
    follower.emitted = now;
    tell(follower, sequence, time);
  }
  changed_.resize(kept);
}

}  // namespace bourse
