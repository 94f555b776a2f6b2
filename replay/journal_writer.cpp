#include "replay/journal_writer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <span>
#include <utility>

#include "replay/record.h"          // record_header
#include "replay/segment_reader.h"  // SegmentName

namespace bourse {
namespace {

constexpr std::uint64_t writeback_bytes = std::uint64_t{8} << 20;
constexpr std::uint64_t allocate_ahead_bytes = std::uint64_t{256} << 10;
constexpr std::uint64_t allocate_ahead_share = 64;  // and never more than this of the segment

using Counter = std::atomic<std::uint64_t>;

// Only the journal thread counts: no locked addition.
void count(Counter& counter, std::uint64_t more = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

struct JournalWriter::State {
  explicit State(JournalParts from)
      : parts(std::move(from)),
        buffer(std::make_unique_for_overwrite<std::byte[]>(buffer_bytes)),
        boot(parts.disk.boot()) {
    if (parts.segment) {
      durable_offset = parts.segment->position().offset;
      last = parts.segment->position();
    } else if (parts.previous_footer) {
      const SegmentFooter& footer = *parts.previous_footer;
      last = {.offset = 0,
              .last_sequence = footer.last_sequence,
              .last_time = footer.last_time,
              .last_epoch = footer.last_epoch,
              .group_number = footer.group_number};
    }
  }

  static constexpr std::size_t buffer_bytes = sizeof(CommitRecord) + record_bytes_max;

  Step step();
  Step write_group(std::size_t bytes);
  std::size_t fitting(std::size_t bytes) const;
  Step roll(Epoch epoch);
  Step seal_segment();
  Step make_segment(Epoch epoch);
  DiskResult<void> begin_segment(Epoch epoch);
  bool take_reserve();
  Step turn_to_reserve(int error, std::string_view operation);
  DiskResult<void> make_room(std::size_t group_bytes);
  DiskResult<void> sync_segment();
  DiskResult<void> write_watermark();
  Step stop(int error, std::string_view operation, const std::filesystem::path& path);
  Step stop_segment(int error, std::string_view operation);

  JournalParts parts;
  std::unique_ptr<std::byte[]> buffer;  // room for a CommitRecord, then what peek() copies
  const Uuid boot;
  SegmentPosition last;              // of the newest segment, open or sealed
  std::uint64_t durable_offset = 0;  // in the open segment
  std::uint64_t writeback_from = 0;
  Preallocator::Prepared prepared;  // kept when making a segment has to be tried again

  // Written by the journal thread (release: publishes `failure`), read by any thread (acquire).
  std::atomic<JournalState> state{JournalState::writing};  // never degraded: see state()
  mutable std::mutex failure_lock;                         // cold
  Error failure;

  // Written by the journal thread, read by any thread; relaxed, they publish nothing.
  Counter groups{0};
  Counter transactions{0};
  Counter bytes_written{0};
  Counter segments{0};
  Counter unprepared{0};
  SyncTimes sync_times;
  GroupSizes group_sizes;
};

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

std::size_t JournalWriter::State::fitting(std::size_t bytes) const {
  const SegmentWriter& segment = *parts.segment;
  if (segment.has_room(sizeof(CommitRecord) + bytes)) return bytes;
  const std::byte* const records = buffer.get() + sizeof(CommitRecord);
  std::size_t fits = 0;
  while (fits < bytes) {
    const std::size_t more = fits + record_header(records + fits).length;
    const bool must_take = fits == 0 && segment.is_empty();
    if (!must_take && !segment.has_room(sizeof(CommitRecord) + more)) break;
    fits = more;
  }
  return fits;
}

JournalWriter::Step JournalWriter::State::step() {
  if (state.load(std::memory_order_relaxed) == JournalState::failed) return Step::failed;
  if (const int error = parts.preallocator.failure(); error != 0) {
    return stop(error, "preparing the next segment", parts.directory);
  }
  const std::span<std::byte> into(buffer.get() + sizeof(CommitRecord), record_bytes_max);
  const std::size_t bytes = parts.tail.peek(into);
  if (bytes == 0) return Step::idle;
  // A turn to the reserve that could not be finished is finished first.
  const bool is_turning = prepared.file != nullptr;
  std::size_t fits = parts.segment && !is_turning ? fitting(bytes) : 0;
  if (fits == 0) {
    if (const Step rolled = roll(record_header(into.data()).epoch); rolled != Step::wrote) {
      return rolled;
    }
    fits = fitting(bytes);
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
  if (parts.durability == Durability::disk) {
    if (const auto synced = sync_segment(); !synced) {
      return stop_segment(synced.error(), "syncing");
    }
  } else if (end - writeback_from >= writeback_bytes) {
    segment.file().start_writeback(writeback_from, end - writeback_from);
    writeback_from = end;
  }
  if (const auto marked = write_watermark(); !marked) {
    return stop(is_disk_full(marked.error()) ? EIO : marked.error(), "writing",
                parts.directory / watermark_name);
  }
  parts.marks.released.store(last.last_sequence.value(), std::memory_order_release);
  parts.marks.releases.wake();
  if (state.load(std::memory_order_relaxed) == JournalState::stalled) {
    state.store(JournalState::writing, std::memory_order_release);
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

// The segment at hand cannot grow any more. If there is a reserve, that is the next one.
JournalWriter::Step JournalWriter::State::turn_to_reserve(int error, std::string_view operation) {
  parts.preallocator.report_full();
  if (parts.segment->is_empty()) return stop_segment(error, operation);
  if (prepared.file == nullptr && !take_reserve()) return stop_segment(error, operation);
  return roll(record_header(buffer.get() + sizeof(CommitRecord)).epoch);
}

bool JournalWriter::State::take_reserve() {
  parts.preallocator.report_full();
  auto reserve = parts.preallocator.take_reserve(bytes_at_first(0, parts.transaction_bytes_max));
  if (!reserve) return false;
  if (prepared.file != nullptr) parts.preallocator.put_back(std::move(prepared));
  prepared = std::move(*reserve);
  return true;
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
  slot.released_sequence = last.last_sequence;
  return parts.watermark.write(slot);
}

JournalWriter::Step JournalWriter::State::roll(Epoch epoch) {
  if (parts.segment) {
    if (const Step sealed = seal_segment(); sealed != Step::wrote) return sealed;
  }
  return make_segment(epoch);
}

JournalWriter::Step JournalWriter::State::seal_segment() {
  SegmentWriter& segment = *parts.segment;
  parts.preallocator.release_current();
  const auto footer = segment.seal();
  if (!footer) return stop_segment(footer.error(), "sealing");
  if (const auto named = parts.catalog.seal_newest(); !named) {
    return stop_segment(named.error(), "sealing");
  }
  if (const auto synced = parts.disk.sync_directory(parts.directory); !synced) {
    return stop_segment(is_disk_full(synced.error()) ? EIO : synced.error(), "sealing");
  }
  parts.marks.durable.store(last.last_sequence.value(), std::memory_order_release);
  parts.previous_header = segment.header();
  parts.previous_footer = *footer;
  parts.segment.reset();
  count(segments);
  return Step::wrote;
}

JournalWriter::Step JournalWriter::State::make_segment(Epoch epoch) {
  if (prepared.file == nullptr) {
    auto taken = parts.preallocator.take_next();
    if (taken) {
      prepared = std::move(*taken);
    } else if (!is_disk_full(taken.error()) || !take_reserve()) {
      return stop(taken.error(), "making a segment", parts.directory / next_segment_name);
    }
  }
  auto done = begin_segment(epoch);
  if (!done && is_disk_full(done.error()) && prepared.name != reserve_name && take_reserve()) {
    done = begin_segment(epoch);
  }
  if (!done) return stop(done.error(), "making a segment", parts.directory / prepared.name);
  return Step::wrote;
}

// What `prepared` holds becomes the segment; it stays there if it could not.
DiskResult<void> JournalWriter::State::begin_segment(Epoch epoch) {
  const SegmentHeader header =
      next_header(parts.previous_header ? &*parts.previous_header : nullptr,
                  parts.previous_footer ? &*parts.previous_footer : nullptr, parts.journal, epoch,
                  prepared.bytes);
  const SegmentName name{header.base_sequence, epoch, false};
  const auto header_bytes = std::as_bytes(std::span(&header, 1));
  DiskResult<void> done;
  if (const std::uint64_t first = bytes_at_first(prepared.bytes, parts.transaction_bytes_max);
      prepared.filled < first) {
    done = prepared.file->allocate(prepared.filled, first - prepared.filled);
  }
  if (done) done = prepared.file->write(header_bytes, 0);
  if (done) done = prepared.file->sync();
  if (done) {
    done = parts.disk.rename(parts.directory / prepared.name, parts.directory / to_string(name));
  }
  if (!done) return done;
  done = parts.disk.sync_directory(parts.directory);
  if (!done) return std::unexpected(is_disk_full(done.error()) ? EIO : done.error());

  StreamHash hash;
  hash.add(header_bytes);
  last.offset = segment_header_bytes;
  auto index = std::make_shared<SparseIndex>(SparseIndex::capacity_for(header.segment_bytes));
  parts.catalog.add(name, header.base_time, index);
  parts.segment.emplace(prepared.file, name, header, std::move(index), std::move(hash), last);
  parts.preallocator.set_current(prepared.zeros,
                                 std::max<std::uint64_t>(prepared.filled, segment_header_bytes),
                                 header.segment_bytes);
  prepared = {};
  durable_offset = segment_header_bytes;
  writeback_from = segment_header_bytes;
  return {};
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

bool JournalWriter::has_work() const { return state_->parts.tail.has_more(); }

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
  const auto value = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
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
