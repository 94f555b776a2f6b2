#include "feed/hub.h"

#include <utility>

#include "feed/market_frames.h"  // DefinitionFields
#include "matching/check.h"      // CHECK

namespace bourse {

Hub::Hub(MarketState start, Epoch epoch, const FeedOptions& options)
    : state_(std::move(start)),
      encoder_(instruments_),
      frames_(options.limits.frame_log_bytes),
      flushed_(state_.sequence()),
      epoch_(epoch) {
  instruments_.recover(state_);
  encoder_.want_all();
  // The next change of best prices is one against what a snapshot of now would show.
  for (std::uint32_t id = 1; id <= state_.symbol_count(); ++id) {
    // That of an instrument without any event is yet to be told.
    const DepthBook* const book = state_.book(SymbolId{id});
    if (book != nullptr && book->last_rpt() != RptSequence{0}) {
      encoder_.assume_best(SymbolId{id}, book->best());
    }
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
  encoder_.add(transaction);

  SymbolId symbol{0};
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.symbol == symbol) continue;
    symbol = event.symbol;
    const DepthBook& book = *state_.book(symbol);
    encoder_.add_best(symbol, book.best(), book.last_rpt());
    if (symbol.value() <= cached_.size()) cached_[symbol.value() - 1] = {};
  }
}

void Hub::flush(TimeNs now) { flush_frames(now); }

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
  const SymbolId symbol = wire::symbol_of(stream);
  const Instrument* const instrument = instruments_.instrument(symbol);
  CHECK(instrument != nullptr);
  const DepthBook& book = *state_.book(symbol);
  const SnapshotPoint point{.sequence = flushed_, .time = time_, .epoch = epoch_};
  if (cached_.size() < symbol.value()) cached_.resize(symbol.value());
  Cached& cached = cached_[symbol.value() - 1];
  switch (wire::channel_of(stream)) {
    case wire::Channel::mbo:
      if (cached.book == nullptr) {
        cached.book = std::make_shared<const SnapshotFrames>(
            book_snapshot(writer_, *instrument, book, point));
      }
      return cached.book;
    case wire::Channel::bbo:
      if (cached.best == nullptr) {
        cached.best = std::make_shared<const SnapshotFrames>(
            best_snapshot(writer_, *instrument, book, point));
      }
      return cached.best;
    default:
      return nullptr;
  }
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

std::span<const std::byte> Hub::conflated_best(SymbolId symbol, Sequence prev) {
  CHECK(encoder_.empty() && prev < flushed_);
  const DepthBook& book = *state_.book(symbol);
  const auto time = static_cast<std::uint64_t>(time_.value());
  const wire::Bbo event = bbo_event(*instruments_.instrument(symbol), book.best(), flushed_.value(),
                                    time, book.last_rpt(), event_flags::last);
  const wire::FrameHeader header{.prev_seq = prev.value(),
                                 .first_seq = prev.value() + 1,
                                 .last_seq = flushed_.value(),
                                 .ts_pub = time,
                                 .stream_id = wire::stream_id(wire::Channel::bbo, symbol),
                                 .epoch = static_cast<std::uint16_t>(epoch_.value()),
                                 .channel = wire::Channel::bbo,
                                 .flags = wire::frame_flags::conflated};
  return writer_.bbo(header, {&event, 1});
}

}  // namespace bourse
