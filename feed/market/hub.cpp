#include "feed/market/hub.h"

#include <algorithm>
#include <utility>

#include "feed/market/market_frames.h"  // DefinitionFields
#include "matching/check.h"             // CHECK

namespace bourse {

Hub::Hub(MarketState start, Epoch epoch, const FeedOptions& options)
    : state_(std::move(start)),
      encoder_(instruments_),
      derived_(instruments_, encoder_,
               [this](SymbolId symbol) { return state_.watched_book(symbol); }),
      history_(instruments_),
      frames_(options.limits.frame_log_bytes),
      flushed_(state_.sequence()),
      epoch_(epoch) {
  instruments_.recover(state_);
  encoder_.continue_epoch(epoch);
  // Whoever had this state before may have watched its books.
  for (std::uint32_t id = 1; id <= state_.symbol_count(); ++id) {
    if (DepthBook* const book = state_.watched_book(SymbolId{id})) book->note_touched(false);
  }
}

void Hub::on_transaction(const TransactionView& transaction) {
  // A burst is of one epoch and of bounded size; both ends fall between two transactions.
  const bool is_new_epoch = transaction.epoch() != epoch_;
  if (is_new_epoch || encoder_.is_full()) flush_frames(transaction.time());
  epoch_ = transaction.epoch();
  time_ = transaction.time();
  instruments_.on_transaction(transaction);
  CHECK(state_.apply(transaction) == DepthError::none);
  if (holders_.empty()) return forget_snapshots(transaction);
  encoder_.add(transaction);
  derived_.on_transaction(transaction);

  SymbolId symbol{0};
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.symbol == symbol) continue;
    symbol = event.symbol;
    if (encoder_.wants(wire::stream_id(wire::Channel::bbo, symbol))) {
      const DepthBook& book = *state_.book(symbol);
      encoder_.add_best(symbol, book.best(), book.last_rpt());
    }
    derived_.on_transaction(symbol, transaction.sequence(), transaction.time());
  }
  forget_snapshots(transaction);
}

void Hub::forget_snapshots(const TransactionView& transaction) {
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.symbol.value() <= cached_.size()) cached_[event.symbol.value() - 1].clear();
  }
}

void Hub::flush(TimeNs now) {
  derived_.emit_due(now, state_.sequence(), time_);
  flush_frames(now);
}

void Hub::acquire(std::uint32_t stream) {
  if (++holders_[stream] > 1) return;
  CHECK(encoder_.empty());
  encoder_.continue_epoch(epoch_);
  encoder_.want(stream, flushed_.value());
  const SymbolId symbol = wire::symbol_of(stream);
  // The next change of best prices is one against what a snapshot of now would show; those of an
  // instrument without any event are yet to be told.
  const DepthBook& book = *state_.book(symbol);
  if (stream == wire::stream_id(wire::Channel::bbo, symbol) && book.last_rpt() != RptSequence{0})
    encoder_.assume_best(symbol, book.best());
  if (DerivedStreams::needs_history(stream))
    history_.add(stream);
  else if (DerivedStreams::makes(stream))
    derived_.add(stream);
}

void Hub::release(std::uint32_t stream) {
  const auto holders = holders_.find(stream);
  CHECK(holders != holders_.end() && encoder_.empty());
  if (--holders->second > 0) return;
  holders_.erase(holders);
  encoder_.forget(stream);
  derived_.remove(stream);
  history_.remove(stream);
}

void Hub::read_history(const Log& log, TimeNs now) {
  if (history_.empty() || now == history_read_) return;
  CHECK(encoder_.empty());
  history_read_ = now;
  for (const std::uint32_t stream : history_.step(log, flushed_, derived_)) {
    encoder_.want(stream, flushed_.value());
    has_news_ = true;
  }
}

void Hub::settle(std::uint32_t stream) {
  if (!is_conflated(stream)) return;
  CHECK(encoder_.empty());
  derived_.emit(stream, time_, flushed_, time_);
  if (encoder_.empty()) return;
  flush_frames(time_);
  has_news_ = true;
}

void Hub::flush_frames(TimeNs now) {
  const std::uint64_t burst_seq = state_.sequence().value();
  if (is_history_)
    encoder_.begin_flush(TimeNs{0}, wire::frame_flags::replay);
  else
    encoder_.begin_flush(now, 0);
  EncodedFrame frame{};
  while (encoder_.next(frame)) {
    frames_.append({.first_seq = frame.first_seq,
                    .last_seq = frame.last_seq,
                    .offset = 0,
                    .length = 0,
                    .stream_id = frame.stream_id,
                    .burst_seq = burst_seq,
                    .ws_header_bytes = 0,
                    .flags = frame.flags,
                    .is_last_of_burst = frame.is_last},
                   frame.bytes);
  }
  flushed_ = state_.sequence();
}

std::shared_ptr<const SnapshotFrames> Hub::snapshot(std::uint32_t stream) {
  CHECK(encoder_.empty());
  if (!has_state(stream)) return nullptr;
  const SymbolId symbol = wire::symbol_of(stream);
  const Instrument* const instrument = instruments_.instrument(symbol);
  CHECK(instrument != nullptr);
  if (cached_.size() < symbol.value()) cached_.resize(symbol.value());
  Snapshots& cached = cached_[symbol.value() - 1];
  // Bars and statistics change by time alone.
  if (DerivedStreams::needs_history(stream)) cached.clear();
  const auto known =
      std::ranges::find(cached, stream, [](const auto& entry) { return entry.first; });
  if (known != cached.end()) return known->second;
  const SnapshotPoint point{.sequence = flushed_, .time = time_, .epoch = epoch_};
  const TradeFollower* const trades =
      DerivedStreams::needs_history(stream) ? &derived_.trades(stream) : nullptr;
  return cached
      .emplace_back(stream, std::make_shared<const SnapshotFrames>(take_snapshot(
                                writer_, *instrument, *state_.book(symbol), trades, stream, point)))
      .second;
}

std::span<const std::byte> Hub::definition(SymbolId symbol) {
  const Instrument* const instrument = instruments_.instrument(symbol);
  CHECK(instrument != nullptr);
  const InstrumentBody& body = instrument->body;
  const auto text = [](const auto& from) {
    return std::string_view(from, ::strnlen(from, sizeof from));
  };
  const wire::FrameHeader header{.prev_seq = 0,
                                 .first_seq = instrument->sequence.value(),
                                 .last_seq = instrument->sequence.value(),
                                 .ts_pub = static_cast<std::uint64_t>(instrument->time.value()),
                                 .stream_id = wire::stream_id(wire::Channel::definition, symbol),
                                 .epoch = static_cast<std::uint16_t>(epoch_.value()),
                                 .channel = wire::Channel::definition,
                                 .flags = wire::frame_flags::snapshot |
                                          wire::frame_flags::snapshot_begin |
                                          wire::frame_flags::snapshot_end};
  return writer_.definition(header,
                            {.instrument_id = symbol.value(),
                             .seq = instrument->sequence.value(),
                             .ts_event = static_cast<std::uint64_t>(instrument->time.value()),
                             .update_action = 'A',
                             .symbol = instrument->symbol(),
                             .base = text(body.base),
                             .quote = text(body.quote),
                             .tick_size = body.tick_size_e9,
                             .lot_size = body.lot_size,
                             .min_qty = instrument->wire_size(body.quantity_min),
                             .max_qty = instrument->wire_size(body.quantity_max),
                             .price_exponent = -9,
                             .qty_exponent = body.quantity_exponent,
                             .match_algorithm = 'F',
                             .status = state_.status(symbol)});
}

}  // namespace bourse
