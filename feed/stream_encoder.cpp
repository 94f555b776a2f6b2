#include "feed/stream_encoder.h"

#include <algorithm>
#include <cstring>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::size_t channels_count = StreamEncoder::channels.size();

constexpr std::size_t index_of(wire::Channel channel) {
  switch (channel) {
    case wire::Channel::mbo:
      return 0;
    case wire::Channel::trade:
      return 1;
    case wire::Channel::bbo:
      return 2;
    case wire::Channel::status:
      return 3;
    default:
      return 4;
  }
}

std::uint8_t action_letter(EventKind kind) {
  switch (kind) {
    case EventKind::add:
      return 'A';
    case EventKind::modify:
      return 'M';
    case EventKind::cancel:
      return 'C';
    case EventKind::execute:
      return 'E';
    case EventKind::trade:
      return 'T';
    case EventKind::clear:
      return 'R';
    default:
      return 'N';  // status, definition, imbalance, bust: they move rpt_seq and nothing else
  }
}

std::uint8_t side_letter(Side side) {
  return side == Side::buy ? 'B' : side == Side::sell ? 'A' : 'N';
}

std::uint8_t auction_letter(Phase phase) {
  return phase == Phase::opening_auction ? 'O' : phase == Phase::closing_auction ? 'C' : 'V';
}

wire::MboEvent mbo_event(const PublicEvent& e, const Instrument& instrument, std::uint64_t seq,
                         std::uint64_t time) {
  // A modify's aux is a size, and leaves the house in the units of sizes.
  const std::uint64_t aux =
      e.kind == EventKind::modify ? instrument.wire_size(QuantityLots{e.aux}) : e.aux;
  // The order of an event without a resting order is the aggressor.
  const OrderId order = e.kind == EventKind::trade ? e.taker_order_id : e.order_id;
  return {.seq = seq,
          .ts_event = time,
          .order_id = order.value(),
          .price = instrument.wire_price(e.price),
          .size = instrument.wire_size(e.quantity),
          .aux = aux,
          .rpt_seq = e.rpt_sequence.value(),
          .instrument_id = e.symbol.value(),
          .action = action_letter(e.kind),
          .side = side_letter(e.side),
          .flags = e.flags};
}

bool same(const BestPrices& a, const BestPrices& b) {
  return a.bid == b.bid && a.ask == b.ask && a.bid_quantity == b.bid_quantity &&
         a.ask_quantity == b.ask_quantity && a.bid_orders == b.bid_orders &&
         a.ask_orders == b.ask_orders;
}

}  // namespace

wire::Bbo bbo_event(const Instrument& instrument, const BestPrices& best, std::uint64_t seq,
                    std::uint64_t time, RptSequence rpt, std::uint16_t flags) {
  return {.seq = seq,
          .ts_event = time,
          .bid_px = instrument.wire_price(best.bid),
          .ask_px = instrument.wire_price(best.ask),
          .bid_sz = instrument.wire_size(best.bid_quantity),
          .ask_sz = instrument.wire_size(best.ask_quantity),
          .rpt_seq = rpt.value(),
          .instrument_id = instrument.id.value(),
          .bid_ct = best.bid_orders,
          .ask_ct = best.ask_orders,
          .flags = flags,
          .reserved = 0};
}

void StreamEncoder::want(std::uint32_t stream, std::uint64_t last_seq) {
  const SymbolId symbol = wire::symbol_of(stream);
  CHECK(symbol.value() > 0);
  const std::size_t needed = symbol.value() * channels_count;
  if (streams_.size() < needed) streams_.resize(needed);
  Stream& s = streams_[needed - channels_count + index_of(wire::channel_of(stream))];
  CHECK(s.first == none);
  s.is_wanted = true;
  s.last_seq = last_seq;
}

void StreamEncoder::forget(std::uint32_t stream) {
  const std::size_t index = (wire::symbol_of(stream).value() - std::size_t{1}) * channels_count +
                            index_of(wire::channel_of(stream));
  if (index < streams_.size()) streams_[index].is_wanted = false;
}

std::uint64_t StreamEncoder::last_seq(std::uint32_t stream) const {
  const std::size_t index = (wire::symbol_of(stream).value() - std::size_t{1}) * channels_count +
                            index_of(wire::channel_of(stream));
  return index < streams_.size() ? streams_[index].last_seq : 0;
}

StreamEncoder::Stream* StreamEncoder::wanted(wire::Channel channel, SymbolId symbol,
                                             std::uint64_t seq) {
  const std::size_t base = (symbol.value() - std::size_t{1}) * channels_count;
  if (base >= streams_.size()) {
    if (!wants_all_) return nullptr;
    streams_.resize(base + channels_count);
  }
  Stream& stream = streams_[base + index_of(channel)];
  const bool is_new = seq > stream.last_seq;
  return (wants_all_ || stream.is_wanted) && is_new ? &stream : nullptr;
}

template <class Event>
void StreamEncoder::push(Pool<Event>& pool, Stream* stream, std::uint32_t id, const Event& event) {
  const auto at = static_cast<std::uint32_t>(pool.events.size());
  pool.events.push_back(event);
  pool.next.push_back(none);
  if (stream->first == none) {
    stream->first = at;
    touched_.push_back(id);
  } else {
    pool.next[stream->last] = at;
  }
  stream->last = at;
}

void StreamEncoder::add(const TransactionView& transaction) {
  CHECK(empty() || epoch_ == transaction.epoch().value());
  seq_ = transaction.sequence().value();
  time_ = static_cast<std::uint64_t>(transaction.time().value());
  epoch_ = transaction.epoch().value();
  const Instrument* instrument = nullptr;
  for (const PublicEvent& e : transaction.public_events()) {
    if (instrument == nullptr || instrument->id != e.symbol) {
      instrument = instruments_->instrument(e.symbol);
      CHECK(instrument != nullptr);
    }
    if (Stream* const stream = wanted(wire::Channel::mbo, e.symbol, seq_)) {
      push(mbo_, stream, wire::stream_id(wire::Channel::mbo, e.symbol),
           mbo_event(e, *instrument, seq_, time_));
    }
    if (e.kind == EventKind::execute || e.kind == EventKind::trade) add_trade(e, *instrument);
    if (e.kind == EventKind::bust) add_bust(e, *instrument);
    if (e.kind == EventKind::status) add_status(e);
    if (e.kind == EventKind::imbalance) add_imbalance(e, *instrument);
  }
}

void StreamEncoder::add_trade(const PublicEvent& e, const Instrument& instrument) {
  if ((e.flags & event_flags::auction_other_side) != 0) return;  // told once already
  Stream* const stream = wanted(wire::Channel::trade, e.symbol, seq_);
  if (stream == nullptr) return;
  const bool is_book = e.kind == EventKind::execute;
  const bool is_auction = (e.flags & event_flags::auction) != 0;
  push(trade_, stream, wire::stream_id(wire::Channel::trade, e.symbol),
       wire::Trade{
           .seq = seq_,
           .ts_event = time_,
           .price = instrument.wire_price(e.price),
           .size = instrument.wire_size(e.quantity),
           .match_id = e.aux,
           .maker_order_id = e.order_id.value(),
           .taker_order_id = e.taker_order_id.value(),
           .rpt_seq = e.rpt_sequence.value(),
           .instrument_id = e.symbol.value(),
           .kind = static_cast<std::uint8_t>(is_auction ? 'A'
                                             : is_book  ? 'B'
                                                        : 'X'),
           // An execution's side is the maker's, a trade's is the aggressor's. We tell the latter.
           // Nobody is the aggressor of an auction.
           .side = is_auction
                       ? side_letter(Side::none)
                       : side_letter(is_book && e.side != Side::none ? opposite(e.side) : e.side),
           .flags = e.flags});
}

// A correction: the trade of this match id shall not have been.
void StreamEncoder::add_bust(const PublicEvent& e, const Instrument& instrument) {
  Stream* const stream = wanted(wire::Channel::trade, e.symbol, seq_);
  if (stream == nullptr) return;
  push(trade_, stream, wire::stream_id(wire::Channel::trade, e.symbol),
       wire::Trade{.seq = seq_,
                   .ts_event = time_,
                   .price = instrument.wire_price(e.price),
                   .size = instrument.wire_size(e.quantity),
                   .match_id = e.aux,
                   .maker_order_id = 0,
                   .taker_order_id = 0,
                   .rpt_seq = e.rpt_sequence.value(),
                   .instrument_id = e.symbol.value(),
                   .kind = 'V',
                   .side = side_letter(Side::none),
                   .flags = e.flags});
}

void StreamEncoder::add_imbalance(const PublicEvent& e, const Instrument& instrument) {
  Stream* const stream = wanted(wire::Channel::imbalance, e.symbol, seq_);
  if (stream == nullptr) return;
  push(imbalance_, stream, wire::stream_id(wire::Channel::imbalance, e.symbol),
       wire::Imbalance{.seq = seq_,
                       .ts_event = time_,
                       .ts_auction = 0,
                       .ref_price = wire::price_none,
                       .clear_price = instrument.wire_price(e.price),
                       .upper_collar = wire::price_none,
                       .lower_collar = wire::price_none,
                       .paired_qty = instrument.wire_size(e.quantity),
                       .imbalance_qty = instrument.wire_size(e.leaves),
                       .instrument_id = e.symbol.value(),
                       .side = side_letter(e.side),
                       .auction_type = auction_letter(static_cast<Phase>(e.aux)),
                       .auction_status = static_cast<std::uint8_t>(e.price != no_price),
                       .freeze = 0});
}

void StreamEncoder::add_status(const PublicEvent& e) {
  Stream* const stream = wanted(wire::Channel::status, e.symbol, seq_);
  if (stream == nullptr) return;
  constexpr std::uint64_t trading = 7;
  push(status_, stream, wire::stream_id(wire::Channel::status, e.symbol),
       wire::Status{.seq = seq_,
                    .ts_event = time_,
                    .rpt_seq = e.rpt_sequence.value(),
                    .instrument_id = e.symbol.value(),
                    .action = static_cast<std::uint16_t>(e.aux),
                    .reason = 0,
                    .trading_event = 0,
                    .is_trading = static_cast<std::uint8_t>(e.aux == trading ? 'Y' : 'N'),
                    .is_quoting = '~',
                    .flags = e.flags,
                    .reserved = 0});
}

void StreamEncoder::assume_best(SymbolId symbol, const BestPrices& best) {
  if (best_.size() < symbol.value()) best_.resize(symbol.value());
  best_[symbol.value() - 1] = {.best = best, .is_known = true};
}

void StreamEncoder::add_best(SymbolId symbol, const BestPrices& best, RptSequence rpt) {
  if (best_.size() < symbol.value()) best_.resize(symbol.value());
  KnownBest& known = best_[symbol.value() - 1];
  if (known.is_known && same(known.best, best)) return;
  known = {.best = best, .is_known = true};
  Stream* const stream = wanted(wire::Channel::bbo, symbol, seq_);
  if (stream == nullptr) return;
  push(bbo_, stream, wire::stream_id(wire::Channel::bbo, symbol),
       bbo_event(*instruments_->instrument(symbol), best, seq_, time_, rpt, event_flags::last));
}

void StreamEncoder::begin_flush(TimeNs ts_pub, std::uint8_t flags) {
  ts_pub_ = static_cast<std::uint64_t>(ts_pub.value());
  flags_ = flags;
  flushed_ = 0;
}

// The next frame of one stream, off the front of its list.
template <class Event, class Write>
void StreamEncoder::cut(Pool<Event>& pool, std::uint32_t id, Stream& stream, Write write,
                        EncodedFrame& out) {
  constexpr std::size_t events_max = frame_events_max<Event>;
  // How far this frame goes: to the end of the last transaction that fits whole, or, if not even
  // the first one does, as far as there is room.
  std::size_t count = 0;
  std::size_t whole = 0;
  std::uint32_t at = stream.first;
  while (at != none && count < events_max) {
    const std::uint32_t following = pool.next[at];
    ++count;
    if (following == none || pool.events[following].seq != pool.events[at].seq) whole = count;
    at = following;
  }
  const bool is_partial = whole == 0;
  if (!is_partial) count = whole;

  // Neighbours in the pool need not be gathered.
  std::span<const Event> events{pool.events.data() + stream.first, 0};
  std::size_t run = 0;
  at = stream.first;
  while (run < count && at == stream.first + run) {
    at = pool.next[at];
    ++run;
  }
  if (run == count) {
    events = {pool.events.data() + stream.first, count};
  } else {
    pool.gathered.clear();
    at = stream.first;
    for (std::size_t i = 0; i < count; ++i, at = pool.next[at]) {
      pool.gathered.push_back(pool.events[at]);
    }
    events = pool.gathered;
  }
  stream.first = at;
  if (at == none) {
    stream.last = none;
    ++flushed_;
  }

  out.stream_id = id;
  out.first_seq = events.front().seq;
  out.last_seq = events.back().seq;
  out.is_last = flushed_ == touched_.size();
  out.flags = flags_;
  if (is_partial) out.flags |= wire::frame_flags::partial;
  if (out.is_last) out.flags |= wire::frame_flags::flush_last;
  const wire::FrameHeader header{.prev_seq = stream.last_seq,
                                 .first_seq = out.first_seq,
                                 .last_seq = out.last_seq,
                                 .ts_pub = ts_pub_ != 0 ? ts_pub_ : events.back().ts_event,
                                 .stream_id = id,
                                 .epoch = static_cast<std::uint16_t>(epoch_),
                                 .channel = wire::channel_of(id),
                                 .flags = out.flags};
  stream.last_seq = out.last_seq;
  out.bytes = (writer_.*write)(header, events);
}

bool StreamEncoder::next(EncodedFrame& out) {
  if (flushed_ == touched_.size()) {
    touched_.clear();
    flushed_ = 0;
    const auto clear = [](auto& pool) {
      pool.events.clear();
      pool.next.clear();
    };
    clear(mbo_);
    clear(trade_);
    clear(bbo_);
    clear(status_);
    clear(imbalance_);
    return false;
  }
  const std::uint32_t id = touched_[flushed_];
  const wire::Channel channel = wire::channel_of(id);
  Stream& stream =
      streams_[(wire::symbol_of(id).value() - std::size_t{1}) * channels_count + index_of(channel)];
  switch (channel) {
    case wire::Channel::mbo:
      cut(mbo_, id, stream, &FrameWriter::mbo, out);
      break;
    case wire::Channel::trade:
      cut(trade_, id, stream, &FrameWriter::trade, out);
      break;
    case wire::Channel::bbo:
      cut(bbo_, id, stream, &FrameWriter::bbo, out);
      break;
    case wire::Channel::status:
      cut(status_, id, stream, &FrameWriter::status, out);
      break;
    default:
      cut(imbalance_, id, stream, &FrameWriter::imbalance, out);
      break;
  }
  return true;
}

}  // namespace bourse
