#include "feed/snapshot_frames.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "feed/outbox.h"          // write_ws_header
#include "feed/stream_encoder.h"  // bbo_event
#include "feed/wire.h"            // MboEvent, Bbo, FrameHeader

namespace bourse {
namespace {

wire::FrameHeader header_at(const SnapshotPoint& point, wire::Channel channel,
                            const Instrument& instrument, bool is_first, bool is_last) {
  unsigned flags = wire::frame_flags::snapshot;
  if (is_first) flags |= wire::frame_flags::snapshot_begin;
  if (is_last) flags |= wire::frame_flags::snapshot_end;
  return {.prev_seq = 0,
          .first_seq = point.sequence.value(),
          .last_seq = point.sequence.value(),
          .ts_pub = static_cast<std::uint64_t>(point.time.value()),
          .stream_id = wire::stream_id(channel, instrument.id),
          .epoch = static_cast<std::uint16_t>(point.epoch.value()),
          .channel = channel,
          .flags = static_cast<std::uint8_t>(flags)};
}

void append_frame(std::vector<std::byte>& to, std::span<const std::byte> frame) {
  std::byte header[ws_header_bytes_max];
  const std::size_t header_bytes = write_ws_header(WsOpcode::binary, frame.size(), header);
  to.insert(to.end(), header, header + header_bytes);
  to.insert(to.end(), frame.begin(), frame.end());
}

}  // namespace

SnapshotFrames book_snapshot(FrameWriter& writer, const Instrument& instrument,
                             const DepthBook& book, const SnapshotPoint& point) {
  const auto time = static_cast<std::uint64_t>(point.time.value());
  std::vector<wire::MboEvent> events;
  events.reserve(book.order_count() + 1);
  events.push_back({.seq = point.sequence.value(),
                    .ts_event = time,
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
  events.back().flags = event_flags::snapshot | event_flags::last;

  constexpr std::size_t chunk_events_max = frame_events_max<wire::MboEvent>;
  SnapshotFrames snapshot{.sequence = point.sequence, .bytes = {}};
  snapshot.bytes.reserve(events.size() * sizeof(wire::MboEvent) +
                         (events.size() / chunk_events_max + 1) * 2 * frame_overhead_bytes);
  for (std::size_t at = 0; at < events.size(); at += chunk_events_max) {
    const std::size_t count = std::min(chunk_events_max, events.size() - at);
    const wire::FrameHeader header =
        header_at(point, wire::Channel::mbo, instrument, at == 0, at + count == events.size());
    append_frame(snapshot.bytes, writer.mbo(header, {events.data() + at, count}));
  }
  return snapshot;
}

SnapshotFrames best_snapshot(FrameWriter& writer, const Instrument& instrument,
                             const DepthBook& book, const SnapshotPoint& point) {
  const wire::Bbo event = bbo_event(instrument, book.best(), point.sequence.value(),
                                    static_cast<std::uint64_t>(point.time.value()), book.last_rpt(),
                                    event_flags::snapshot | event_flags::last);
  SnapshotFrames snapshot{.sequence = point.sequence, .bytes = {}};
  const wire::FrameHeader header = header_at(point, wire::Channel::bbo, instrument, true, true);
  append_frame(snapshot.bytes, writer.bbo(header, {&event, 1}));
  return snapshot;
}

}  // namespace bourse
