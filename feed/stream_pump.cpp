#include "feed/stream_pump.h"

#include <algorithm>

#include "feed/market_frames.h"  // header_of, set_header
#include "feed/system_notice.h"  // append_system_frames
#include "matching/check.h"      // CHECK

namespace bourse {
namespace {

// What one reader of the log may append before the others have their turn.
constexpr std::size_t reader_slice_bytes = 256 << 10;
constexpr std::int64_t slow_notice_ns = 1'000'000'000;

}  // namespace

StreamPump::StreamPump(Hub& hub, const Log& log, const FeedOptions& options)
    : hub_(hub),
      log_(log),
      limits_(options.limits),
      position_(hub.frames().head()),
      delivered_(hub.sequence().value()) {}

void StreamPump::add_live(std::uint32_t stream, bool wants_snapshot) {
  const wire::Channel channel = wire::channel_of(stream);
  const bool has_state = channel == wire::Channel::mbo || channel == wire::Channel::bbo;
  const std::uint64_t told = hub_.sequence().value();
  if (wants_snapshot && has_state) {
    streams_.add(stream, StreamPhase::snapshot, told);
    snapshots_due_.push_back(stream);
  } else {
    become_live(streams_.add(stream, StreamPhase::live, told), told);
  }
}

Result<void> StreamPump::add_replay(Sequence from, std::vector<CatchUp::StreamStart> streams) {
  Result<std::unique_ptr<CatchUp>> catch_up = CatchUp::open(hub_, log_, from, std::move(streams));
  if (!catch_up) return std::unexpected(catch_up.error());
  for (const CatchUp::StreamStart& start : (*catch_up)->streams()) {
    streams_.add(start.stream, StreamPhase::replay, start.last_seq);
  }
  readers_.push_back({std::move(*catch_up), Purpose::request});
  return {};
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
      for (Reader& reader : readers_) reader.catch_up->forget(id);
      std::erase_if(readers_, [](const Reader& r) { return r.catch_up->streams().empty(); });
      break;
    case StreamPhase::conflating:
      break;
  }
  streams_.remove(id);
  return last;
}

std::uint64_t StreamPump::last_seq(const Stream& stream) const {
  std::uint64_t last = stream.told;
  if (stream.phase != StreamPhase::replay) return last;
  for (const Reader& reader : readers_) {
    last = std::max(last, reader.catch_up->last_seq(stream.id));
  }
  return last;
}

bool StreamPump::has_reader(Purpose purpose) const {
  return std::any_of(readers_.begin(), readers_.end(),
                     [purpose](const Reader& reader) { return reader.purpose == purpose; });
}

std::size_t StreamPump::replay_count() const {
  return static_cast<std::size_t>(
      std::count_if(readers_.begin(), readers_.end(),
                    [](const Reader& r) { return r.purpose == Purpose::request; }));
}

bool StreamPump::is_live() const { return readers_.empty(); }

Sequence StreamPump::delivered() const {
  return position_ == hub_.frames().head() ? hub_.sequence() : Sequence{delivered_};
}

bool StreamPump::has_room(const Outbox& out) const {
  return out.size() < limits_.outbox_high_bytes;
}

bool StreamPump::pump(Outbox& out, TimeNs now) {
  if (is_full_ && out.size() > limits_.outbox_low_bytes) return false;
  is_full_ = false;
  if (live_count_ == 0) {
    position_ = hub_.frames().head();
    delivered_ = hub_.sequence().value();
  } else if (position_ < hub_.frames().oldest()) {
    fall_back(out, now);
  } else {
    pump_live(out, now);
  }
  if (has_room(out)) pump_snapshots(out);
  bool is_more_due = false;
  if (has_room(out)) is_more_due = pump_readers(out, now);
  if (has_room(out) && has_conflating_ && !has_reader(Purpose::recovery)) send_conflated(out);
  if (is_slow() && !has_reader(Purpose::recovery) && !has_conflating_ &&
      position_ == hub_.frames().head()) {
    end_slowness(out, now);
  }
  is_full_ = is_full_ || !has_room(out);
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
}

// The frame log has lapped this session: what it misses is read from the log itself.
void StreamPump::fall_back(Outbox& out, TimeNs now) {
  std::vector<CatchUp::StreamStart> starts;
  for (Stream& stream : streams_) {
    if (stream.phase != StreamPhase::live) continue;
    if (wire::channel_of(stream.id) == wire::Channel::bbo) {
      stream.phase = StreamPhase::conflating;
      has_conflating_ = true;
    } else {
      stream.phase = StreamPhase::replay;
      starts.push_back({.stream = stream.id, .last_seq = stream.told});
    }
  }
  live_count_ = 0;
  const Sequence from{delivered_ + 1};
  position_ = hub_.frames().head();
  delivered_ = hub_.sequence().value();
  if (!starts.empty()) {
    Result<std::unique_ptr<CatchUp>> catch_up = CatchUp::open(hub_, log_, from, starts);
    if (catch_up) {
      readers_.push_back({std::move(*catch_up), Purpose::recovery});
    } else {
      for (const CatchUp::StreamStart& start : starts) {
        failures_.push_back({start.stream, start.last_seq, catch_up.error().text()});
        streams_.remove(start.stream);
      }
    }
  }
  become_slow(out, now);
}

void StreamPump::become_live(Stream& stream, std::uint64_t told) {
  stream.phase = StreamPhase::live;
  stream.told = told;
  stream.is_first = true;
  ++live_count_;
}

void StreamPump::pump_snapshots(Outbox& out) {
  // One at a time: the rest of a stream whose snapshot did not fit is read from the log first.
  while (snapshots_done_ < snapshots_due_.size() && !has_reader(Purpose::snapshot)) {
    Stream& stream = *streams_.find(snapshots_due_[snapshots_done_]);
    if (!send_snapshot(stream, out)) return;
    ++snapshots_done_;
    end_snapshot(stream);
  }
  if (snapshots_done_ == snapshots_due_.size()) {
    snapshots_due_.clear();
    snapshots_done_ = 0;
  }
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
  return true;
}

void StreamPump::end_snapshot(Stream& stream) {
  if (stream.told == hub_.sequence().value()) return become_live(stream, stream.told);
  // It took several turns, and the market has gone on.
  const CatchUp::StreamStart start{.stream = stream.id, .last_seq = stream.told};
  stream.phase = StreamPhase::replay;
  Result<std::unique_ptr<CatchUp>> catch_up =
      CatchUp::open(hub_, log_, Sequence{stream.told + 1}, {start});
  if (catch_up) {
    readers_.push_back({std::move(*catch_up), Purpose::snapshot});
  } else {
    failures_.push_back({start.stream, start.last_seq, catch_up.error().text()});
    streams_.remove(start.stream);
  }
}

bool StreamPump::pump_readers(Outbox& out, TimeNs now) {
  bool is_more_due = false;
  const std::size_t turns = readers_.size();
  for (std::size_t i = 0; i < turns && !readers_.empty() && has_room(out); ++i) {
    if (next_reader_ >= readers_.size()) next_reader_ = 0;
    Reader& reader = readers_[next_reader_];
    const std::size_t room = limits_.outbox_high_bytes - out.size();
    const CatchUp::State state = reader.catch_up->run(out, std::min(room, reader_slice_bytes));
    if (state == CatchUp::State::running) is_more_due = true;
    if (state == CatchUp::State::running || state == CatchUp::State::waiting) {
      ++next_reader_;
      continue;
    }
    if (state == CatchUp::State::at_head) finish(reader, out, now);
    if (state == CatchUp::State::failed) fail_streams(*reader.catch_up, reader.catch_up->error());
    readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(next_reader_));
    is_more_due = true;  // a snapshot may have waited for this reader
  }
  return is_more_due;
}

// Everything up to the hub's sequence has been sent: from here on the streams are live.
void StreamPump::finish(Reader& reader, Outbox& out, TimeNs now) {
  positions_.clear();
  for (const CatchUp::StreamStart& start : reader.catch_up->streams()) {
    const std::uint64_t last = reader.catch_up->last_seq(start.stream);
    become_live(*streams_.find(start.stream), last);
    positions_.push_back({.last_seq = last, .stream_id = start.stream, .reserved = 0});
  }
  if (reader.purpose == Purpose::recovery) return;  // CaughtUp tells of all of them together
  send_notice(out, now, wire::SystemCode::replay_completed, hub_.sequence());
}

void StreamPump::fail_streams(const CatchUp& catch_up, std::string_view why) {
  for (const CatchUp::StreamStart& start : catch_up.streams()) {
    const std::uint64_t last = catch_up.last_seq(start.stream);
    failures_.push_back({start.stream, last, std::string(why)});
    streams_.remove(start.stream);
  }
}

void StreamPump::send_conflated(Outbox& out) {
  for (Stream& stream : streams_) {
    if (stream.phase != StreamPhase::conflating) continue;
    if (!has_room(out)) return;
    const Sequence told{stream.told};
    if (told < hub_.sequence()) {
      out.append_binary(hub_.conflated_best(wire::symbol_of(stream.id), told));
      stream.has_sent = true;
    }
    become_live(stream, hub_.sequence().value());
  }
  has_conflating_ = false;
}

void StreamPump::become_slow(Outbox& out, TimeNs now) {
  if (is_slow()) return;
  slow_since_ = now;
  slow_told_ = now;
  positions_.clear();
  send_notice(out, now, wire::SystemCode::slow_reader, delivered());
}

void StreamPump::end_slowness(Outbox& out, TimeNs now) {
  slow_since_ = TimeNs{0};
  positions_.clear();
  send_notice(out, now, wire::SystemCode::caught_up, hub_.sequence());
}

void StreamPump::tell_slow(Outbox& out, TimeNs now) {
  if (!is_slow() || now.value() - slow_told_.value() < slow_notice_ns || !has_room(out)) return;
  slow_told_ = now;
  positions_.clear();
  send_notice(out, now, wire::SystemCode::slow_reader, delivered());
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

std::uint64_t StreamPump::lag_events() const {
  if (!is_slow()) return 0;
  std::uint64_t at = delivered().value();
  for (const Reader& reader : readers_) {
    if (reader.purpose != Purpose::recovery) continue;
    at = std::min(at, reader.catch_up->position().value() - 1);
  }
  return hub_.sequence().value() - at;
}

void StreamPump::send_notice(Outbox& out, TimeNs now, wire::SystemCode code, Sequence up_to) {
  const std::int64_t lag_ns = is_slow() ? now.value() - slow_since_.value() : 0;
  append_system_frames(out, hub_.writer(),
                       {.code = code,
                        .epoch = hub_.epoch(),
                        .now = now,
                        .up_to = up_to,
                        .lag_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(lag_ns, 0)),
                        .lag_events = lag_events(),
                        .positions = positions_});
}

}  // namespace bourse
