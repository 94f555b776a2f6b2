#include "feed/market/stream_encoder.h"

#include "feed/market/stream_shape.h"  // is_conflated
#include "feed/market/wire_events.h"   // mbo_event, ...
#include "matching/check.h"            // CHECK

namespace bourse {
namespace {

bool same(const BestPrices& a, const BestPrices& b) {
  return a.bid == b.bid && a.ask == b.ask && a.bid_quantity == b.bid_quantity &&
         a.ask_quantity == b.ask_quantity && a.bid_orders == b.bid_orders &&
         a.ask_orders == b.ask_orders;
}

std::uint64_t time_of(const wire::Bar& bar) { return bar.ts_close; }
std::uint64_t time_of(const wire::BookCheck&) { return 0; }
template <class Event>
std::uint64_t time_of(const Event& event) {
  return event.ts_event;
}

}  // namespace

StreamEncoder::Stream* StreamEncoder::find(std::uint32_t id) {
  if ((id & wire::variant_bit) != 0) {
    const auto found = variants_.find(id);
    return found == variants_.end() || !found->second.is_wanted ? nullptr : &found->second;
  }
  return wanted(static_cast<wire::Channel>(id >> 24), wire::symbol_of(id));
}

StreamEncoder::Stream* StreamEncoder::wanted(wire::Channel channel, SymbolId symbol) {
  auto& column = streams_[static_cast<std::size_t>(channel) % channels_count];
  if (symbol.value() >= column.size()) return nullptr;
  Stream& stream = column[symbol.value()];
  return stream.is_wanted ? &stream : nullptr;
}

void StreamEncoder::want(std::uint32_t id, std::uint64_t last_seq) {
  const SymbolId symbol = wire::symbol_of(id);
  CHECK(symbol.value() > 0);
  Stream* stream = nullptr;
  if ((id & wire::variant_bit) != 0) {
    stream = &variants_[id];
  } else {
    auto& column = streams_[(id >> 24) % channels_count];
    if (column.size() <= symbol.value()) column.resize(symbol.value() + 1);
    stream = &column[symbol.value()];
  }
  CHECK(stream->due.empty());
  stream->is_wanted = true;
  stream->last_seq = last_seq;
}

void StreamEncoder::forget(std::uint32_t id) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  CHECK(stream->due.empty());
  stream->is_wanted = false;
}

bool StreamEncoder::wants(std::uint32_t id) const { return find(id) != nullptr; }

std::uint64_t StreamEncoder::last_seq(std::uint32_t id) const {
  const Stream* const stream = find(id);
  return stream == nullptr ? 0 : stream->last_seq;
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
    const auto tell = [&](wire::Channel channel, auto make) {
      Stream* const stream = wanted(channel, e.symbol);
      if (stream != nullptr && seq_ > stream->last_seq)
        push(*stream, wire::stream_id(channel, e.symbol), make());
    };
    tell(wire::Channel::mbo, [&] { return mbo_event(e, *instrument, seq_, time_); });
    switch (e.kind) {
      case EventKind::execute:
      case EventKind::trade:
        if ((e.flags & event_flags::auction_other_side) != 0) break;  // told once already
        tell(wire::Channel::trade, [&] { return trade_event(e, *instrument, seq_, time_); });
        break;
      case EventKind::bust:
        tell(wire::Channel::trade, [&] { return void_event(e, *instrument, seq_, time_); });
        break;
      case EventKind::status:
        tell(wire::Channel::status, [&] { return status_event(e, seq_, time_); });
        break;
      case EventKind::imbalance:
        tell(wire::Channel::imbalance,
             [&] { return imbalance_event(e, *instrument, seq_, time_); });
        break;
      default:
        break;
    }
  }
}

void StreamEncoder::assume_best(SymbolId symbol, const BestPrices& best) {
  if (best_.size() < symbol.value()) best_.resize(symbol.value());
  best_[symbol.value() - 1] = {.best = best, .is_known = true};
}

void StreamEncoder::add_best(SymbolId symbol, const BestPrices& best, RptSequence rpt) {
  Stream* const stream = wanted(wire::Channel::bbo, symbol);
  if (stream == nullptr) return;
  if (best_.size() < symbol.value()) best_.resize(symbol.value());
  KnownBest& known = best_[symbol.value() - 1];
  if (known.is_known && same(known.best, best)) return;
  known = {.best = best, .is_known = true};
  if (seq_ <= stream->last_seq) return;
  push(*stream, wire::stream_id(wire::Channel::bbo, symbol),
       bbo_event(*instruments_->instrument(symbol), best, seq_, time_, rpt, event_flags::last));
}

void StreamEncoder::begin_flush(TimeNs ts_pub, std::uint8_t flags) {
  ts_pub_ = static_cast<std::uint64_t>(ts_pub.value());
  flags_ = flags;
  flushed_ = 0;
}

// The next frame of one stream, off the front of its list.
template <class Event, class Write>
void StreamEncoder::cut(std::uint32_t id, Stream& stream, Write write, EncodedFrame& out) {
  const auto cut = std::get<EventPool<Event>>(pools_).cut(stream.due);
  if (stream.due.empty()) ++flushed_;
  out.stream_id = id;
  out.first_seq = cut.events.front().seq;
  out.last_seq = cut.events.back().seq;
  out.is_last = flushed_ == touched_.size();
  out.flags = flags_;
  if (is_conflated(id)) {
    // One event for all that has happened: the frame begins where the one before ended.
    out.flags |= wire::frame_flags::conflated;
    if (out.first_seq > stream.last_seq) out.first_seq = stream.last_seq + 1;
  }
  if (cut.is_partial) out.flags |= wire::frame_flags::partial;
  if (out.is_last) out.flags |= wire::frame_flags::flush_last;
  const std::uint64_t time = time_of(cut.events.back());
  const wire::FrameHeader header{.prev_seq = stream.last_seq,
                                 .first_seq = out.first_seq,
                                 .last_seq = out.last_seq,
                                 .ts_pub = ts_pub_ != 0 ? ts_pub_
                                           : time != 0  ? time
                                                        : time_,
                                 .stream_id = id,
                                 .epoch = static_cast<std::uint16_t>(epoch_),
                                 .channel = wire::channel_of(id),
                                 .flags = out.flags};
  stream.last_seq = out.last_seq;
  out.bytes = (writer_.*write)(header, cut.events);
}

bool StreamEncoder::next(EncodedFrame& out) {
  if (flushed_ == touched_.size()) {
    touched_.clear();
    flushed_ = 0;
    events_count_ = 0;
    std::apply([](auto&... pool) { (pool.clear(), ...); }, pools_);
    return false;
  }
  const std::uint32_t id = touched_[flushed_];
  Stream& stream = *find(id);
  switch (wire::channel_of(id)) {
    case wire::Channel::mbo:
      cut<wire::MboEvent>(id, stream, &FrameWriter::mbo, out);
      break;
    case wire::Channel::level:
      cut<wire::LevelUpdate>(id, stream, &FrameWriter::level, out);
      break;
    case wire::Channel::bbo:
      cut<wire::Bbo>(id, stream, &FrameWriter::bbo, out);
      break;
    case wire::Channel::trade:
      cut<wire::Trade>(id, stream, &FrameWriter::trade, out);
      break;
    case wire::Channel::depth10:
      cut<wire::Depth10>(id, stream, &FrameWriter::depth10, out);
      break;
    case wire::Channel::bar:
      cut<wire::Bar>(id, stream, &FrameWriter::bar, out);
      break;
    case wire::Channel::stat:
      cut<wire::Stat>(id, stream, &FrameWriter::stat, out);
      break;
    case wire::Channel::status:
      cut<wire::Status>(id, stream, &FrameWriter::status, out);
      break;
    case wire::Channel::imbalance:
      cut<wire::Imbalance>(id, stream, &FrameWriter::imbalance, out);
      break;
    case wire::Channel::check:
      cut<wire::BookCheck>(id, stream, &FrameWriter::check, out);
      break;
    default:
      CHECK(false);
  }
  return true;
}

}  // namespace bourse
