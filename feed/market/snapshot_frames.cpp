#include "feed/market/snapshot_frames.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "feed/market/level_changes.h"  // append_levels
#include "feed/market/stream_shape.h"   // shape_of
#include "feed/market/wire_events.h"    // bbo_event, level_event, ...
#include "feed/net/outbox.h"            // write_ws_header
#include "feed/wire.h"                  // MboEvent, Bbo, FrameHeader
#include "matching/check.h"             // CHECK

namespace bourse {
namespace {

constexpr std::uint16_t last_of_snapshot = event_flags::snapshot | event_flags::last;

wire::FrameHeader header_at(const SnapshotPoint& point, std::uint32_t stream, bool is_first,
                            bool is_last) {
  unsigned flags = wire::frame_flags::snapshot;
  if (is_first) flags |= wire::frame_flags::snapshot_begin;
  if (is_last) flags |= wire::frame_flags::snapshot_end;
  return {.prev_seq = 0,
          .first_seq = point.sequence.value(),
          .last_seq = point.sequence.value(),
          .ts_pub = static_cast<std::uint64_t>(point.time.value()),
          .stream_id = stream,
          .epoch = static_cast<std::uint16_t>(point.epoch.value()),
          .channel = wire::channel_of(stream),
          .flags = static_cast<std::uint8_t>(flags)};
}

void append_frame(std::vector<std::byte>& to, std::span<const std::byte> frame) {
  std::byte header[ws_header_bytes_max];
  const std::size_t header_bytes = write_ws_header(WsOpcode::binary, frame.size(), header);
  to.insert(to.end(), header, header + header_bytes);
  to.insert(to.end(), frame.begin(), frame.end());
}

// In chunks of at most one frame. REQUIRES: not empty.
template <class Event, class Write>
SnapshotFrames in_chunks(FrameWriter& writer, std::span<const Event> events, std::uint32_t stream,
                         const SnapshotPoint& point, Write write) {
  constexpr std::size_t chunk_events_max = frame_events_max<Event>;
  SnapshotFrames snapshot{.sequence = point.sequence, .bytes = {}};
  snapshot.bytes.reserve(events.size_bytes() +
                         (events.size() / chunk_events_max + 1) * 2 * frame_overhead_bytes);
  for (std::size_t at = 0; at < events.size(); at += chunk_events_max) {
    const std::size_t count = std::min(chunk_events_max, events.size() - at);
    const wire::FrameHeader header = header_at(point, stream, at == 0, at + count == events.size());
    append_frame(snapshot.bytes, (writer.*write)(header, events.subspan(at, count)));
  }
  return snapshot;
}

std::vector<wire::MboEvent> orders_of(const Instrument& instrument, const DepthBook& book,
                                      const SnapshotPoint& point) {
  std::vector<wire::MboEvent> events;
  events.reserve(book.order_count() + 1);
  events.push_back({.seq = point.sequence.value(),
                    .ts_event = static_cast<std::uint64_t>(point.time.value()),
                    .order_id = 0,
                    .price = wire::price_none,
                    .size = 0,
                    .aux = 0,
                    .rpt_seq = book.last_rpt().value(),
                    .instrument_id = instrument.id.value(),
                    .action = 'R',
                    .side = 'N',
                    .flags = event_flags::snapshot});
  for (const Side side : {Side::buy, Side::sell}) {
    book.for_each_order(side, [&](const DepthOrder& order) {
      wire::MboEvent& event = events.emplace_back(events.front());
      event.order_id = order.order_id.value();
      event.price = instrument.wire_price(order.price);
      event.size = instrument.wire_size(order.quantity);
      event.action = 'A';
      event.side = side == Side::buy ? 'B' : 'A';
    });
  }
  events.back().flags = last_of_snapshot;
  return events;
}

std::vector<wire::LevelUpdate> levels_of(const Instrument& instrument, const DepthBook& book,
                                         std::size_t depth, const SnapshotPoint& point) {
  const auto time = static_cast<std::uint64_t>(point.time.value());
  std::vector<LevelChange> levels;
  append_levels(book, depth, levels);
  std::vector<wire::LevelUpdate> events;
  events.reserve(levels.size() + 1);
  events.push_back(level_clear(instrument, point.sequence.value(), time, book.last_rpt()));
  for (const LevelChange& level : levels)
    events.push_back(level_event(instrument, level, point.sequence.value(), time, book.last_rpt()));
  for (wire::LevelUpdate& event : events) event.flags = event_flags::snapshot;
  events.back().flags = last_of_snapshot;
  return events;
}

}  // namespace

bool has_state(std::uint32_t stream) {
  switch (wire::channel_of(stream)) {
    case wire::Channel::mbo:
    case wire::Channel::level:
    case wire::Channel::bbo:
    case wire::Channel::depth10:
    case wire::Channel::bar:
    case wire::Channel::stat:
    case wire::Channel::check:
      return true;
    default:
      return false;
  }
}

SnapshotFrames take_snapshot(FrameWriter& writer, const Instrument& instrument,
                             const DepthBook& book, const TradeFollower* trades,
                             std::uint32_t stream, const SnapshotPoint& point) {
  const std::uint64_t seq = point.sequence.value();
  const auto time = static_cast<std::uint64_t>(point.time.value());
  const auto one = [&](const auto& event, auto write) {
    return in_chunks(writer, std::span(&event, 1), stream, point, write);
  };
  switch (wire::channel_of(stream)) {
    case wire::Channel::mbo: {
      const std::vector<wire::MboEvent> events = orders_of(instrument, book, point);
      return in_chunks(writer, std::span(events), stream, point, &FrameWriter::mbo);
    }
    case wire::Channel::level: {
      const std::vector<wire::LevelUpdate> events =
          levels_of(instrument, book, shape_of(stream).depth, point);
      return in_chunks(writer, std::span(events), stream, point, &FrameWriter::level);
    }
    case wire::Channel::bbo:
      return one(bbo_event(instrument, book.best(), seq, time, book.last_rpt(), last_of_snapshot),
                 &FrameWriter::bbo);
    case wire::Channel::depth10:
      return one(depth10_event(instrument, book, seq, time, last_of_snapshot),
                 &FrameWriter::depth10);
    case wire::Channel::bar: {
      wire::Bar bar = trades->bar(seq);
      bar.flags |= wire::bar_flags::snapshot;
      return one(bar, &FrameWriter::bar);
    }
    case wire::Channel::stat: {
      std::vector<wire::Stat> stats;
      trades->stats(seq, point.time, true, stats);
      return in_chunks(writer, std::span<const wire::Stat>(stats), stream, point,
                       &FrameWriter::stat);
    }
    case wire::Channel::check:
      return one(check_event(instrument, book, seq), &FrameWriter::check);
    default:
      CHECK(false);
  }
}

}  // namespace bourse
