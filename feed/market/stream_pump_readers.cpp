// The part of StreamPump that reads the log: starts in the past, ranges, gap fills, what a slow
// session has missed.
#include <algorithm>
#include <utility>

#include "feed/market/stream_pump.h"
#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

// What one reader of the log may append before the others have their turn.
constexpr std::size_t reader_slice_bytes = 256 << 10;

}  // namespace

Result<void> StreamPump::add_replay(Sequence from, std::vector<CatchUp::StreamStart> streams,
                                    Sequence end) {
  auto catch_up = CatchUp::open(hub_, log_, from, std::move(streams), end);
  if (!catch_up) return std::unexpected(catch_up.error());
  for (const CatchUp::StreamStart& start : (*catch_up)->streams()) {
    hub_.acquire(start.stream);
    streams_.add(start.stream, StreamPhase::replay, start.last_seq).on_slow = start.on_slow;
  }
  const Purpose purpose = end == CatchUp::no_end ? Purpose::request : Purpose::range;
  readers_.push_back({std::move(*catch_up), purpose});
  return {};
}

Result<void> StreamPump::add_gap_fill(std::uint32_t stream, Sequence from, Sequence to) {
  auto catch_up =
      CatchUp::open(hub_, log_, from, {{.stream = stream, .last_seq = from.value() - 1}}, to);
  if (!catch_up) return std::unexpected(catch_up.error());
  readers_.push_back({std::move(*catch_up), Purpose::gap_fill});
  return {};
}

// For streams in phase replay; what the log refuses has failed.
void StreamPump::start_reader(Purpose purpose, Sequence from,
                              std::vector<CatchUp::StreamStart> starts) {
  auto catch_up = CatchUp::open(hub_, log_, from, starts);
  if (catch_up) {
    readers_.push_back({std::move(*catch_up), purpose});
    return;
  }
  for (const CatchUp::StreamStart& start : starts) {
    failures_.push_back({start.stream, start.last_seq, catch_up.error().text(), true});
    end_stream(start.stream);
  }
}

bool StreamPump::has_reader(Purpose purpose) const {
  return std::any_of(readers_.begin(), readers_.end(),
                     [purpose](const Reader& reader) { return reader.purpose == purpose; });
}

std::size_t StreamPump::replay_count() const {
  return static_cast<std::size_t>(
      std::count_if(readers_.begin(), readers_.end(), [](const Reader& r) {
        return r.purpose != Purpose::snapshot && r.purpose != Purpose::recovery;
      }));
}

// Whether the hub has what its streams need to go on live. It may be behind what a client has, who
// comes from another io thread, and may still read the history of a stream.
bool StreamPump::can_join(const Reader& reader) const {
  const CatchUp& catch_up = *reader.catch_up;
  if (reader.purpose == Purpose::range || reader.purpose == Purpose::gap_fill)
    return catch_up.position() > catch_up.end();
  return std::ranges::all_of(reader.catch_up->streams(), [this](const CatchUp::StreamStart& start) {
    return start.last_seq <= hub_.sequence().value() && hub_.is_ready(start.stream);
  });
}

bool StreamPump::pump_readers(Outbox& out, TimeNs now) {
  bool is_more_due = false;
  const std::size_t turns = readers_.size();
  for (std::size_t i = 0; i < turns && !readers_.empty() && has_room(out); ++i) {
    if (next_reader_ >= readers_.size()) next_reader_ = 0;
    Reader& reader = readers_[next_reader_];
    const std::size_t room = limits_.outbox_high_bytes - out.size();
    const std::uint64_t sent = reader.catch_up->frames_sent();
    CatchUp::State state = reader.catch_up->run(out, std::min(room, reader_slice_bytes));
    counts_.replay_frames += reader.catch_up->frames_sent() - sent;
    hub_.counts().replay_frames += reader.catch_up->frames_sent() - sent;
    if (state == CatchUp::State::at_head && !can_join(reader)) state = CatchUp::State::waiting;
    if (state == CatchUp::State::running) is_more_due = true;
    if (state == CatchUp::State::running || state == CatchUp::State::waiting) {
      ++next_reader_;
      continue;
    }
    if (state == CatchUp::State::at_head) finish(reader, out, now);
    if (state == CatchUp::State::failed) fail(reader);
    readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(next_reader_));
    is_more_due = true;  // a snapshot may have waited for this reader
  }
  return is_more_due;
}

// Everything up to the hub's sequence, or to the end that was asked for, has been sent.
void StreamPump::finish(Reader& reader, Outbox& out, TimeNs now) {
  const CatchUp& catch_up = *reader.catch_up;
  positions_.clear();
  if (reader.purpose == Purpose::gap_fill) {
    return send_notice(out, now, wire::SystemCode::replay_completed, catch_up.end(),
                       catch_up.streams().front().stream);
  }
  for (const CatchUp::StreamStart& start : catch_up.streams()) {
    const std::uint64_t last = catch_up.last_seq(start.stream);
    positions_.push_back({.last_seq = last, .stream_id = start.stream, .reserved = 0});
    if (reader.purpose == Purpose::range)
      end_stream(start.stream);
    else
      become_live(*streams_.find(start.stream), last);
  }
  if (reader.purpose == Purpose::range)
    return send_notice(out, now, wire::SystemCode::end_of_interval, catch_up.end());
  if (reader.purpose == Purpose::recovery) return;  // CaughtUp tells of all of them together
  send_notice(out, now, wire::SystemCode::replay_completed, hub_.sequence());
}

void StreamPump::fail(const Reader& reader) {
  const bool has_ended = reader.purpose != Purpose::gap_fill;
  for (const CatchUp::StreamStart& start : reader.catch_up->streams()) {
    const std::uint64_t last = reader.catch_up->last_seq(start.stream);
    failures_.push_back({start.stream, last, std::string(reader.catch_up->error()), has_ended});
    if (has_ended) end_stream(start.stream);
  }
}

}  // namespace bourse
