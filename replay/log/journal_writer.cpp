#include "replay/log/journal_writer.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "replay/log/journal_writer_state.h"  // JournalWriter::State
#include "replay/log/record.h"                // record_header

namespace bourse {
namespace {

constexpr std::uint64_t writeback_bytes = std::uint64_t{8} << 20;
constexpr std::size_t burst_bytes = std::size_t{512} << 10;
constexpr std::uint64_t synced_together_bytes = std::uint64_t{16} << 20;
constexpr std::uint64_t allocate_ahead_bytes = std::uint64_t{4} << 20;
constexpr std::uint64_t allocate_ahead_share = 64;  // and never more than this of the segment

}  // namespace

JournalWriter::Step JournalWriter::State::stop(int error, std::string_view operation,
                                               const std::filesystem::path& path) {
  const bool full = is_disk_full(error);
  {
    const std::lock_guard lock(failure_lock);
    failure = disk_error(error, operation, path);
    if (!full) {
      failure.what = "the journal has stopped: " + failure.what;
      if (!failure.next.empty()) failure.next += ". ";
      failure.next +=
          "Nothing that was not safe has been told to anybody. Restart when the disk is well: the "
          "start decides from what is on the disk";
    }
  }
  if (full) parts.preallocator.report_full();
  state.store(full ? JournalState::stalled : JournalState::failed, std::memory_order_release);
  return full ? Step::stalled : Step::failed;
}

JournalWriter::Step JournalWriter::State::stop_segment(int error, std::string_view operation) {
  return stop(error, operation, parts.directory / to_string(parts.segment->name()));
}

// While the tail holds more than one group can take, groups are written and synced together.
JournalWriter::Step JournalWriter::State::step() {
  const Step done = write_what_waits();
  if (done == Step::idle && unreleased_bytes == 0 && parts.marks.is_untold()) return tell();
  if (done == Step::failed || unreleased_bytes == 0) return done;
  const bool goes_on = done == Step::wrote && is_burst && unreleased_bytes < synced_together_bytes;
  if (goes_on && is_synced(parts.durability)) return done;
  const Step released = release_what_is_written();
  if (released != Step::wrote) return released;
  return done == Step::idle ? Step::wrote : done;
}

JournalWriter::Step JournalWriter::State::write_what_waits() {
  if (state.load(std::memory_order_relaxed) == JournalState::failed) return Step::failed;
  if (const int error = parts.preallocator.failure(); error != 0) {
    return stop(error, "preparing the next segment", parts.directory);
  }
  const std::span<std::byte> into(buffer.get() + sizeof(CommitRecord), record_bytes_max);
  const std::size_t bytes = parts.tail.peek(into);
  if (bytes == 0) return Step::idle;
  // A turn to the reserve that could not be finished is finished first.
  const bool is_turning = prepared.file != nullptr;
  is_burst = bytes >= burst_bytes;
  const auto records = into.first(bytes);
  std::size_t fits = parts.segment && !is_turning ? parts.segment->fitting(records) : 0;
  if (fits == 0) {
    if (const Step rolled = roll(record_header(into.data()).epoch); rolled != Step::wrote) {
      return rolled;
    }
    fits = parts.segment->fitting(records);
  }
  return write_group(fits);
}

JournalWriter::Step JournalWriter::State::write_group(std::size_t group_bytes) {
  SegmentWriter& segment = *parts.segment;
  const std::size_t total = sizeof(CommitRecord) + group_bytes;
  const std::uint64_t end = segment.position().offset + total;
  if (const auto room = make_room(total); !room) return turn_to_reserve(room.error(), "writing");
  const Sequence before = segment.position().last_sequence;
  const Sequence durable{parts.marks.durable.load(std::memory_order_relaxed)};
  if (const auto done = segment.write_group({buffer.get(), total}, durable_offset, durable);
      !done) {
    if (is_disk_full(done.error())) return turn_to_reserve(done.error(), "writing");
    return stop_segment(done.error(), "writing");
  }
  last = segment.position();
  // The bytes are in the page cache: readers of files find them there, the tail may be overwritten.
  parts.tail.release(group_bytes);
  parts.marks.written.store(last.last_sequence.value(), std::memory_order_release);
  count(groups);
  const std::uint64_t more = last.last_sequence.value() - before.value();
  count(transactions, more);
  group_sizes.add(more);
  count(bytes_written, total);
  unreleased_bytes += total;
  if (state.load(std::memory_order_relaxed) == JournalState::stalled) {
    state.store(JournalState::writing, std::memory_order_release);
  }
  // The disk may begin with it: at level disk before the sync asks for all of it.
  const std::uint64_t at_once = is_synced(parts.durability) ? burst_bytes : writeback_bytes;
  if (end - writeback_from >= at_once) {
    segment.file().start_writeback(writeback_from, end - writeback_from);
    writeback_from = end;
  }
  return Step::wrote;
}

JournalWriter::Step JournalWriter::State::release_what_is_written() {
  unreleased_bytes = 0;
  // A segment that was sealed is synced, and its footer tells more than a watermark.
  if (parts.segment) {
    if (is_synced(parts.durability)) {
      if (const auto synced = sync_segment(); !synced) {
        return stop_segment(synced.error(), "syncing");
      }
      writeback_from = last.offset;
    } else {
      const auto safe = parts.preallocator.has_written({last.offset, last.last_sequence});
      if (safe.offset > durable_offset) {
        durable_offset = safe.offset;
        parts.marks.durable.store(safe.sequence.value(), std::memory_order_release);
      }
    }
    if (const auto marked = write_watermark(); !marked) {
      return stop(is_disk_full(marked.error()) ? EIO : marked.error(), "writing",
                  parts.directory / watermark_name);
    }
  }
  parts.marks.release_local(last.last_sequence);
  return Step::wrote;
}

// Other processes hear of what was released after it was written.
JournalWriter::Step JournalWriter::State::tell() {
  if (!parts.segment) return Step::idle;
  if (const auto marked = write_watermark(); !marked) {
    return stop(is_disk_full(marked.error()) ? EIO : marked.error(), "writing",
                parts.directory / watermark_name);
  }
  return Step::wrote;
}

// Room for the group, and for the seal behind it: a segment that cannot grow can still be closed.
DiskResult<void> JournalWriter::State::make_room(std::size_t group_bytes) {
  SegmentWriter& segment = *parts.segment;
  const std::uint64_t end =
      segment.position().offset + group_bytes + segment.seal_bytes(group_bytes);
  const std::uint64_t ahead =
      std::min(allocate_ahead_bytes, segment.header().segment_bytes / allocate_ahead_share);
  const std::uint64_t laid = parts.preallocator.claim(end, ahead);
  if (laid == end) return {};
  count(unprepared);
  const std::uint64_t from = std::max(laid, segment.position().offset);
  auto made = segment.file().allocate(from, end + ahead - from);
  if (!made) parts.preallocator.unclaim(laid);
  return made;
}

DiskResult<void> JournalWriter::State::sync_segment() {
  const auto start = std::chrono::steady_clock::now();
  auto synced = parts.segment->sync();
  const auto took = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
          .count());
  sync_times.add(took);
  if (!synced) return synced;
  durable_offset = parts.segment->position().offset;
  parts.marks.durable.store(last.last_sequence.value(), std::memory_order_release);
  return synced;
}

DiskResult<void> JournalWriter::State::write_watermark() {
  WatermarkSlot slot{};
  slot.durability = static_cast<std::uint8_t>(parts.durability);
  slot.journal = parts.journal;
  slot.boot = boot;
  slot.segment_number = parts.segment->header().number;
  slot.durable_offset = durable_offset;
  slot.durable_sequence = Sequence{parts.marks.durable.load(std::memory_order_relaxed)};
  slot.written_offset = last.offset;
  slot.written_sequence = last.last_sequence;
  // What waits for the stream is told once that has it.
  if (parts.marks.is_held) {
    slot.released_sequence = Sequence{parts.marks.released.load(std::memory_order_acquire)};
  } else {
    slot.released_sequence = last.last_sequence;
  }
  auto written = parts.watermark.write(slot);
  if (written) {
    parts.marks.told.store(slot.released_sequence.value(), std::memory_order_relaxed);
  }
  return written;
}

JournalWriter::JournalWriter(JournalParts parts)
    : state_(std::make_unique<State>(std::move(parts))) {}
JournalWriter::~JournalWriter() = default;

Result<void> JournalWriter::open_segment(Epoch epoch) {
  if (!state_->parts.segment && state_->make_segment(epoch) != Step::wrote) {
    return std::unexpected(failure());
  }
  if (const auto marked = state_->write_watermark(); !marked) {
    return std::unexpected(
        disk_error(marked.error(), "writing", state_->parts.directory / watermark_name));
  }
  return {};
}

JournalWriter::Step JournalWriter::step() { return state_->step(); }

Result<void> JournalWriter::finish() {
  for (;;) {
    switch (state_->step()) {
      case Step::wrote:
        continue;
      case Step::stalled:
      case Step::failed:
        return std::unexpected(failure());
      case Step::idle:
        break;
    }
    break;
  }
  auto done = state_->sync_segment();
  if (done) done = state_->write_watermark();
  if (done) done = state_->parts.watermark.sync();
  if (!done) {
    state_->stop_segment(is_disk_full(done.error()) ? EIO : done.error(), "finishing");
    return std::unexpected(failure());
  }
  return {};
}

bool JournalWriter::has_work() const {
  const State& s = *state_;
  return s.parts.tail.has_more() || (s.parts.segment && s.parts.marks.is_untold());
}

JournalState JournalWriter::state() const {
  const JournalState state = state_->state.load(std::memory_order_acquire);
  if (state != JournalState::writing) return state;
  return state_->parts.preallocator.is_full() ? JournalState::degraded : JournalState::writing;
}

Error JournalWriter::failure() const {
  if (state() == JournalState::degraded) {
    return disk_error(ENOSPC, "laying zeros ahead of the journal", state_->parts.directory);
  }
  const std::lock_guard lock(state_->failure_lock);
  return state_->failure;
}

const JournalMarks& JournalWriter::marks() const { return state_->parts.marks; }

JournalCounters JournalWriter::counters() const {
  const State& s = *state_;
  const auto value = [](const State::Counter& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  return {.groups = value(s.groups),
          .transactions = value(s.transactions),
          .bytes = value(s.bytes_written),
          .segments = value(s.segments),
          .unprepared = value(s.unprepared),
          .degraded = s.parts.preallocator.full_count(),
          .reserve_bytes = s.parts.preallocator.reserve_laid()};
}

const SyncTimes& JournalWriter::sync_times() const { return state_->sync_times; }
const GroupSizes& JournalWriter::group_sizes() const { return state_->group_sizes; }

}  // namespace bourse
