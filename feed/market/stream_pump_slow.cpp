// The part of StreamPump that deals with slowness: what each stream of a session that does not keep
// up gets instead of its frames, and what the client is told of it.
#include <algorithm>
#include <string>

#include "feed/market/market_frames.h"  // header_of, set_header
#include "feed/market/stream_pump.h"
#include "feed/market/stream_shape.h"  // is_conflated
#include "matching/check.h"            // CHECK

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t slow_notice_ns = 1'000'000'000;
constexpr std::uint16_t close_slow = 4008;

}  // namespace

// The frame log has lapped this session: what it misses is read from the log itself.
void StreamPump::fall_back(Outbox& out, TimeNs now) {
  ++counts_.falls;
  ++hub_.counts().falls;
  become_slow(out, now);
  apply_policies(out);
  Sequence from{delivered_ + 1};
  std::vector<CatchUp::StreamStart> starts;
  std::vector<CatchUp::StreamStart> with_history;
  for (Stream& stream : streams_) {
    if (stream.phase != StreamPhase::live) continue;
    stream.phase = StreamPhase::replay;
    // Of what is conflated something may be held back that happened before the burst's end.
    if (is_conflated(stream.id)) from = std::min(from, Sequence{stream.told + 1});
    (DerivedStreams::needs_history(stream.id) ? with_history : starts)
        .push_back({.stream = stream.id, .last_seq = stream.told});
  }
  live_count_ = 0;
  position_ = hub_.frames().head();
  delivered_ = hub_.sequence().value();
  if (!starts.empty()) start_reader(Purpose::recovery, from, std::move(starts));
  if (!with_history.empty()) start_reader(Purpose::recovery, from, std::move(with_history));
}

// Streams that asked for anything but all of their frames give up their place in the frame log.
void StreamPump::apply_policies(Outbox& out) {
  for (Stream& stream : streams_) {
    if (stream.phase != StreamPhase::live || stream.on_slow == OnSlow::catchup) continue;
    if (stream.on_slow == OnSlow::disconnect) {
      out.request_close(close_slow, "slow, and stream " + std::to_string(stream.id) +
                                        " asked to be cut: resume at " +
                                        std::to_string(stream.told + 1));
      continue;
    }
    stream.phase =
        stream.on_slow == OnSlow::conflate ? StreamPhase::conflating : StreamPhase::skipping;
    --live_count_;
    ++held_count_;
  }
}

void StreamPump::send_held(Outbox& out, TimeNs now) {
  for (Stream& stream : streams_) {
    if (!has_room(out)) return;
    if (stream.phase == StreamPhase::conflating) {
      --held_count_;
      send_conflated(stream, out);
    } else if (stream.phase == StreamPhase::skipping) {
      --held_count_;
      send_gap(stream, out, now);
    }
  }
}

// Its state, as what stands for all after `told`.
void StreamPump::send_conflated(Stream& stream, Outbox& out) {
  const std::shared_ptr<const SnapshotFrames> state = hub_.snapshot(stream.id);
  CHECK(state != nullptr);
  // Nothing of the symbol has happened since: nothing is missing.
  if (state->sequence.value() <= stream.told) return become_live(stream, stream.told);
  const std::uint64_t seq = hub_.sequence().value();
  for (std::size_t at = 0; at < state->bytes.size();) {
    const std::byte* const from = state->bytes.data() + at;
    const std::size_t length = ws_frame_bytes(from);
    at += length;
    const std::span<std::byte> frame =
        out.append_framed({from, length}).subspan(ws_header_bytes(from));
    wire::FrameHeader header = header_of(frame);
    header.prev_seq = stream.told;
    header.first_seq = std::min(stream.told + 1, seq);
    header.last_seq = seq;
    header.flags = wire::frame_flags::conflated;
    if (at < state->bytes.size()) header.flags |= wire::frame_flags::partial;
    set_header(frame, header);
    stream.told = seq;
  }
  stream.has_sent = true;
  ++counts_.conflated;
  ++hub_.counts().conflated;
  become_live(stream, seq);
}

void StreamPump::send_gap(Stream& stream, Outbox& out, TimeNs now) {
  constexpr std::uint8_t reason_slow = 1;
  const std::uint64_t seq = hub_.sequence().value();
  if (seq == stream.told) return become_live(stream, seq);
  positions_.clear();
  send_notice(out, now, wire::SystemCode::gap, Sequence{seq}, stream.id,
              wire::Gap{.from_seq = stream.told + 1,
                        .to_seq = seq,
                        .stream_id = stream.id,
                        .reason = reason_slow,
                        .recoverable = 1,
                        .reserved = 0});
  ++counts_.gaps;
  ++hub_.counts().gaps;
  if (!has_state(stream.id)) return become_live(stream, seq);
  stream.told = seq;
  stream.phase = StreamPhase::snapshot;
  snapshots_due_.push_back(stream.id);
}

void StreamPump::become_slow(Outbox& out, TimeNs now) {
  if (is_slow()) return;
  ++counts_.slow_times;
  ++hub_.counts().slow_times;
  slow_since_ = now;
  slow_told_ = now;
  positions_.clear();
  send_notice(out, now, wire::SystemCode::slow_reader, delivered());
}

void StreamPump::end_slowness(Outbox& out, TimeNs now) {
  lag_.add(now.value() - slow_since_.value());
  slow_since_ = TimeNs{0};
  positions_.clear();
  send_notice(out, now, wire::SystemCode::caught_up, hub_.sequence());
}

// Frames are due and the outbox is full, or nothing has been taken for lag_ms: a session whose
// socket takes nothing is not pumped, so that the clock watches it too.
void StreamPump::watch_lag(Outbox& out, TimeNs now) {
  if (is_slow()) return;
  if (live_count_ == 0 || position_ == hub_.frames().head()) {
    behind_since_ = TimeNs{0};
    return;
  }
  if (behind_since_ == TimeNs{0}) behind_since_ = now;
  if (is_full_ || now.value() - behind_since_.value() >= limits_.lag_ms * ns_per_ms) {
    become_slow(out, now);
    apply_policies(out);
  }
}

void StreamPump::tell_slow(Outbox& out, TimeNs now) {
  watch_lag(out, now);
  if (!is_slow() || now.value() - slow_told_.value() < slow_notice_ns || !has_room(out)) return;
  slow_told_ = now;
  positions_.clear();
  send_notice(out, now, wire::SystemCode::slow_reader, delivered());
}

std::uint64_t StreamPump::lag_events() const {
  if (!is_slow()) return 0;
  std::uint64_t at = delivered().value();
  for (const Reader& reader : readers_) {
    if (reader.purpose != Purpose::recovery) continue;
    at = std::min(at, reader.catch_up->position().value() - 1);
  }
  return hub_.sequence().value() - at;
}

}  // namespace bourse
