#include "feed/market/stream_pump.h"

#include <algorithm>

#include "feed/market/market_frames.h"  // header_of, set_header
#include "feed/market/stream_shape.h"   // is_conflated
#include "feed/market/system_notice.h"  // append_system_frames
#include "matching/check.h"             // CHECK

namespace bourse {

StreamPump::StreamPump(Hub& hub, const Log& log, const FeedOptions& options)
    : hub_(hub),
      log_(log),
      limits_(options.limits),
      log_number_(options.log),
      position_(hub.frames().head()),
      delivered_(hub.sequence().value()) {}

StreamPump::~StreamPump() {
  for (const Stream& stream : streams_) hub_.release(stream.id);
}

void StreamPump::add_live(std::uint32_t stream, bool wants_snapshot, OnSlow on_slow) {
  const std::uint64_t told = hub_.sequence().value();
  hub_.acquire(stream);
  Stream& added = streams_.add(stream, StreamPhase::snapshot, told);
  added.on_slow = on_slow;
  // What comes of bars and statistics means nothing without what they began with.
  if ((wants_snapshot && has_state(stream)) || DerivedStreams::needs_history(stream))
    snapshots_due_.push_back(stream);
  else
    become_live(added, told);
}

void StreamPump::request_snapshot(std::uint32_t id) {
  Stream& stream = *streams_.find(id);
  CHECK(stream.phase == StreamPhase::live && has_state(id));
  --live_count_;
  stream.phase = StreamPhase::snapshot;
  snapshots_due_.push_back(id);
}

std::uint64_t StreamPump::remove(std::uint32_t id) {
  Stream* const stream = streams_.find(id);
  CHECK(stream != nullptr);
  const std::uint64_t last = last_seq(*stream);
  switch (stream->phase) {
    case StreamPhase::live:
      --live_count_;
      break;
    case StreamPhase::snapshot: {
      const auto due = std::find(snapshots_due_.begin(), snapshots_due_.end(), id);
      const auto index = static_cast<std::size_t>(due - snapshots_due_.begin());
      if (index == snapshots_done_) snapshot_.reset();
      snapshots_due_.erase(due);
      break;
    }
    case StreamPhase::replay:
      break;
    case StreamPhase::conflating:
    case StreamPhase::skipping:
      --held_count_;
      break;
  }
  for (Reader& reader : readers_) reader.catch_up->forget(id);
  std::erase_if(readers_, [](const Reader& r) { return r.catch_up->streams().empty(); });
  end_stream(id);
  return last;
}

void StreamPump::end_stream(std::uint32_t stream) {
  streams_.remove(stream);
  hub_.release(stream);
}

std::uint64_t StreamPump::last_seq(const Stream& stream) const {
  std::uint64_t last = stream.told;
  if (stream.phase != StreamPhase::replay) return last;
  for (const Reader& reader : readers_) {
    last = std::max(last, reader.catch_up->last_seq(stream.id));
  }
  return last;
}

bool StreamPump::is_live() const { return readers_.empty(); }

Sequence StreamPump::delivered() const {
  return position_ == hub_.frames().head() ? hub_.sequence() : Sequence{delivered_};
}

bool StreamPump::has_room(const Outbox& out) const {
  return out.size() < limits_.outbox_high_bytes;
}

bool StreamPump::pump(Outbox& out, TimeNs now) {
  if (is_full_ && out.size() > limits_.outbox_low_bytes) {
    watch_lag(out, now);
    return false;
  }
  is_full_ = false;
  hub_.read_history(log_, now);
  // First what is worth the more the newer it is.
  if (held_count_ > 0) send_held(out, now);
  if (live_count_ == 0) {
    position_ = hub_.frames().head();
    delivered_ = hub_.sequence().value();
  } else if (position_ < hub_.frames().oldest()) {
    fall_back(out, now);
  } else {
    pump_live(out, now);
    note_lag(now);
  }
  bool is_more_due = has_room(out) && pump_snapshots(out);
  if (has_room(out)) is_more_due = pump_readers(out, now) || is_more_due;
  if (position_ == hub_.frames().head()) behind_since_ = TimeNs{0};
  const bool is_behind = position_ != hub_.frames().head();  // a stream that joined was settled
  if (is_slow() && !has_reader(Purpose::recovery) && held_count_ == 0 && !is_behind)
    end_slowness(out, now);
  is_full_ = is_full_ || !has_room(out);
  is_more_due = is_more_due || is_behind || held_count_ > 0;
  return is_more_due && !is_full_;
}

// Frames leave one behind: only when the next one of ours in the burst has been seen is it known
// whether this one is the last and gets flush_last.
void StreamPump::pump_live(Outbox& out, TimeNs now) {
  constexpr std::uint64_t none = ~std::uint64_t{0};
  const FrameLog& frames = hub_.frames();
  std::uint64_t held = none;
  for (std::uint64_t at = position_; at < frames.head(); ++at) {
    const FrameEntry& entry = frames.entry(at);
    const bool continues = held != none && frames.entry(held).stream_id == entry.stream_id &&
                           (frames.entry(held).flags & wire::frame_flags::partial) != 0;
    const Stream* const stream = streams_.find(entry.stream_id);
    const bool is_ours = stream != nullptr && stream->phase == StreamPhase::live &&
                         (entry.last_seq > stream->told || continues);
    if (is_ours) {
      if (held != none) send_entry(held, 0, out);
      held = at;
      // The parts of a divided transaction stay together, so that a session which falls back into
      // the log never stands inside of one.
      if (!has_room(out) && !continues) {
        is_full_ = true;
        position_ = at;
        become_slow(out, now);
        apply_policies(out);
        return;
      }
    }
    if (!entry.is_last_of_burst) continue;
    if (held != none) send_entry(held, wire::frame_flags::flush_last, out);
    held = none;
    delivered_ = entry.burst_seq;
    position_ = at + 1;
    if (!has_room(out) && position_ < frames.head()) {
      is_full_ = true;
      become_slow(out, now);
      apply_policies(out);
      return;
    }
  }
  CHECK(held == none && position_ == frames.head());
  delivered_ = hub_.sequence().value();
}

void StreamPump::send_entry(std::uint64_t position, std::uint8_t added_flags, Outbox& out) {
  const FrameEntry& entry = hub_.frames().entry(position);
  Stream& stream = *streams_.find(entry.stream_id);
  const std::span<std::byte> frame =
      out.append_framed(hub_.frames().bytes(position)).subspan(entry.ws_header_bytes);
  wire::FrameHeader header = header_of(frame);
  if (stream.is_first) {
    if (is_conflated(stream.id)) header.first_seq = stream.told + 1;
    CHECK(header.first_seq > stream.told);
    header.prev_seq = stream.told;
    stream.is_first = false;
  }
  CHECK(header.prev_seq == stream.told);
  // The hub's last frame of the burst may not be ours, and ours not the hub's.
  header.flags =
      static_cast<std::uint8_t>((header.flags & ~wire::frame_flags::flush_last) | added_flags);
  set_header(frame, header);
  stream.told = header.last_seq;
  stream.has_sent = true;
  ++counts_.live_frames;
  const bool is_past = (header.flags & wire::frame_flags::replay) != 0;  // ts_pub is the market's
  if (oldest_ready_ == 0 && !is_past) oldest_ready_ = header.ts_pub;
}

void StreamPump::note_lag(TimeNs now) {
  if (oldest_ready_ != 0) lag_.add(now.value() - static_cast<std::int64_t>(oldest_ready_));
  oldest_ready_ = 0;
}

void StreamPump::become_live(Stream& stream, std::uint64_t told) {
  hub_.settle(stream.id);
  stream.phase = StreamPhase::live;
  stream.told = told;
  stream.is_first = true;
  ++live_count_;
}

// True: there are more that could be sent now.
bool StreamPump::pump_snapshots(Outbox& out) {
  // One at a time: the rest of a stream whose snapshot did not fit is read from the log first.
  std::size_t waiting = 0;
  while (snapshots_done_ + waiting < snapshots_due_.size() && !has_reader(Purpose::snapshot)) {
    Stream& stream = *streams_.find(snapshots_due_[snapshots_done_]);
    if (snapshot_ == nullptr && !hub_.is_ready(stream.id)) {
      // Others need not wait for its history.
      const auto at = snapshots_due_.begin() + static_cast<std::ptrdiff_t>(snapshots_done_);
      std::rotate(at, at + 1, snapshots_due_.end());
      ++waiting;
      continue;
    }
    if (!send_snapshot(stream, out)) return true;
    ++snapshots_done_;
    end_snapshot(stream);
  }
  if (snapshots_done_ == snapshots_due_.size()) {
    snapshots_due_.clear();
    snapshots_done_ = 0;
  }
  return false;
}

// False: the outbox is full before the end.
bool StreamPump::send_snapshot(Stream& stream, Outbox& out) {
  if (snapshot_ == nullptr) {
    if (!has_room(out)) return false;
    snapshot_ = hub_.snapshot(stream.id);
    snapshot_at_ = 0;
    stream.told = hub_.sequence().value();
  }
  while (snapshot_at_ < snapshot_->bytes.size()) {
    if (!has_room(out)) return false;
    const std::byte* const from = snapshot_->bytes.data() + snapshot_at_;
    const std::size_t length = ws_frame_bytes(from);
    const std::span<std::byte> copy = out.append_framed({from, length});
    snapshot_at_ += length;
    // It may be older than the sequence it is told for: nothing of the symbol happened between.
    const std::span<std::byte> frame = copy.subspan(ws_header_bytes(from));
    wire::FrameHeader header = header_of(frame);
    header.first_seq = header.last_seq = stream.told;
    set_header(frame, header);
  }
  snapshot_.reset();
  stream.has_sent = true;
  ++counts_.snapshots;
  ++hub_.counts().snapshots;
  return true;
}

void StreamPump::end_snapshot(Stream& stream) {
  if (stream.told == hub_.sequence().value()) return become_live(stream, stream.told);
  // It took several turns, and the market has gone on.
  const CatchUp::StreamStart start{.stream = stream.id, .last_seq = stream.told};
  stream.phase = StreamPhase::replay;
  start_reader(Purpose::snapshot, Sequence{stream.told + 1}, {start});
}

void StreamPump::tell_heartbeat(Outbox& out, TimeNs now) {
  if (!has_room(out)) return;  // frames are due: the connection is not idle
  positions_.clear();
  for (Stream& stream : streams_) {
    if (stream.phase == StreamPhase::live && !stream.has_sent) {
      positions_.push_back({.last_seq = stream.told, .stream_id = stream.id, .reserved = 0});
    }
    stream.has_sent = false;
  }
  send_notice(out, now, wire::SystemCode::heartbeat, delivered());
}

void StreamPump::tell(Outbox& out, TimeNs now, wire::SystemCode code) {
  positions_.clear();
  send_notice(out, now, code, delivered());
}

void StreamPump::send_notice(Outbox& out, TimeNs now, wire::SystemCode code, Sequence up_to,
                             std::uint32_t stream, std::optional<wire::Gap> gap) {
  const std::int64_t lag_ns = is_slow() ? now.value() - slow_since_.value() : 0;
  append_system_frames(out, hub_.writer(),
                       {.code = code,
                        .epoch = hub_.epoch(),
                        .now = now,
                        .up_to = up_to,
                        .lag_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(lag_ns, 0)),
                        .lag_events = lag_events(),
                        .stream_id = stream,
                        .gap = gap,
                        .positions = positions_,
                        .log = log_number_});
}

}  // namespace bourse
