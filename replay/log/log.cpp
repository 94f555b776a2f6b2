#include "replay/log/log.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "matching/check.h"             // CHECK
#include "replay/disk/directory.h"      // lock_directory
#include "replay/log/journal_marks.h"   // JournalMarks
#include "replay/log/log_view.h"        // LogView
#include "replay/log/preallocator.h"    // Preallocator
#include "replay/log/recovery.h"        // recover
#include "replay/log/segment_keeper.h"  // SegmentKeeper
#include "replay/log/watermark.h"       // WatermarkWriter

namespace bourse {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t laid_before_start_bytes = std::uint64_t{1} << 20;
constexpr auto watermark_every = 50ms;
constexpr auto pause_between_chunks = 2ms;

Uuid random_uuid() {
  std::random_device device;
  Uuid uuid{};
  for (std::uint8_t& byte : uuid.bytes) byte = static_cast<std::uint8_t>(device());
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);  // version 4
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

Result<void> check_options(const LogOptions& options) {
  if (options.directory.empty()) {
    return fail(ExitCode::bad_config, "the log has no directory", {}, "name one");
  }
  if (options.segment_bytes < segment_bytes_min || options.segment_bytes > segment_bytes_max) {
    return fail(ExitCode::bad_config,
                fmt::format("segments of {} bytes are not possible", options.segment_bytes),
                options.directory.string(),
                fmt::format("choose {} to {}", segment_bytes_min, segment_bytes_max));
  }
  const std::uint64_t reserve_min = reserve_overhead_bytes + options.transaction_bytes_max;
  if (options.reserve_bytes != 0 &&
      (options.reserve_bytes < reserve_min || options.reserve_bytes > segment_bytes_max)) {
    return fail(ExitCode::bad_config,
                fmt::format("a reserve of {} bytes is not possible", options.reserve_bytes),
                options.directory.string(),
                fmt::format("choose {} to {}, or 0", reserve_min, segment_bytes_max));
  }
  if (options.transaction_bytes_max > record_bytes_max) {
    return fail(
        ExitCode::bad_config,
        fmt::format("transactions of {} bytes are not possible", options.transaction_bytes_max),
        options.directory.string(), fmt::format("choose at most {}", record_bytes_max));
  }
  return {};
}

}  // namespace

struct Log::State {
  State(const LogOptions& given, Disk& on)
      : options(given), disk(on), catalog(on, given.directory) {}

  const LogOptions options;
  Disk& disk;
  SegmentCatalog catalog;
  Recovered found;
  Uuid journal_id{};
  std::unique_ptr<DiskFile> lock;
  std::optional<LogView> view;

  // Only when writing.
  std::optional<BroadcastRing> tail;
  std::optional<JournalMarks> marks;
  std::optional<Preallocator> preallocator;
  std::unique_ptr<WatermarkWriter> watermark;  // the journal writes, the helper syncs
  std::optional<JournalWriter> journal;
  std::uint64_t watermark_synced = 0;  // released sequence at the last sync
  std::chrono::steady_clock::time_point watermark_synced_at;
  std::jthread helper;  // last: it ends before what it works on

  bool helper_step();
  void run_helper(const std::stop_token& stop);
  bool sync_watermark();
};

// The journal writes the watermark into the page cache with each group; here it reaches the disk,
// without the journal waiting for it.
bool Log::State::sync_watermark() {
  const std::uint64_t released = marks->released.load(std::memory_order_acquire);
  // Released after it was written: the journal tells it other processes.
  if (marks->is_untold()) tail->arrivals().wake();
  const auto now = std::chrono::steady_clock::now();
  if (released == watermark_synced || now - watermark_synced_at < watermark_every) return false;
  watermark_synced = released;
  watermark_synced_at = now;
  // A disk that loses this file's bytes is not to be trusted with others: the journal stops.
  if (const auto synced = watermark->sync(); !synced) preallocator->report_failure(synced.error());
  return true;
}

bool Log::State::helper_step() {
  const bool synced = sync_watermark();
  return preallocator->step() == Preallocator::Step::worked || synced;
}

void Log::State::run_helper(const std::stop_token& stop) {
  std::mutex lock_for_sleep;
  std::condition_variable_any sleep;
  while (!stop.stop_requested()) {
    const bool worked = helper_step();
    if (worked && preallocator->is_pressed()) continue;
    std::unique_lock waiting(lock_for_sleep);
    sleep.wait_for(waiting, stop, worked ? pause_between_chunks : watermark_every,
                   [] { return false; });
  }
}

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

Result<void> Log::start_writing(State& s) {
  Disk& disk = s.disk;
  const auto& directory = s.options.directory;
  const Recovered& found = s.found;
  // A first start that was cut off before its segment may have left a watermark with the name that
  // it had chosen: the log is still nameless otherwise, so that name is taken.
  const Uuid journal = found.last_header ? found.last_header->journal
                       : found.watermark ? found.watermark->slot.journal
                                         : s.options.copy_of.value_or(random_uuid());
  if (s.options.copy_of && *s.options.copy_of != journal) {
    return fail(ExitCode::bad_config,
                fmt::format("this is no copy of the log {}", to_string(*s.options.copy_of)),
                directory.string(),
                fmt::format("it belongs to {}: name another directory", to_string(journal)));
  }
  s.journal_id = journal;

  // The watermark exists before the first segment does: a segment without one has lost it.
  auto watermark = WatermarkWriter::open(disk, directory, found.watermark);
  if (!watermark) {
    return std::unexpected(
        disk_error(watermark.error(), "making the watermark", directory / watermark_name));
  }
  s.watermark = std::move(*watermark);
  if (!found.watermark) {
    WatermarkSlot slot{};
    slot.durability = static_cast<std::uint8_t>(s.options.durability);
    slot.journal = journal;
    slot.boot = disk.boot();
    auto done = s.watermark->write(slot);
    if (done) done = s.watermark->sync();
    if (done) done = disk.sync_directory(directory);
    if (!done) {
      return std::unexpected(
          disk_error(done.error(), "making the watermark", directory / watermark_name));
    }
  }
  const Sequence last = found.position.last_sequence;
  s.tail.emplace(BroadcastRing::Options{
      .capacity_bytes =
          std::bit_ceil(std::max(s.options.tail_bytes, 2 * s.options.transaction_bytes_max)),
      .record_bytes_max = s.options.transaction_bytes_max,
      .last = last});
  s.marks.emplace(last, s.options.durability == Durability::replicated);
  s.preallocator.emplace(disk, directory, s.options.segment_bytes, s.options.reserve_bytes);
  if (const auto reserve = s.preallocator->open_reserve(); !reserve) {
    return std::unexpected(
        disk_error(reserve.error(), "opening the reserve", directory / reserve_name));
  }

  std::optional<SegmentWriter> open_segment;
  for (std::size_t i = 0; i < found.segments.size(); ++i) {
    s.catalog.add(found.segments[i], found.base_times[i],
                  found.segments[i].sealed ? nullptr : found.index);
  }
  if (found.last_header && !found.last_footer) {
    const SegmentName& name = found.segments.back();
    const auto path = directory / to_string(name);
    auto file = disk.open(path, OpenMode::write);
    if (!file) return std::unexpected(disk_error(file.error(), "opening", path));
    auto hash = hash_of(**file, path, found.position.offset);
    if (!hash) return std::unexpected(std::move(hash.error()));
    std::shared_ptr<DiskFile> shared = std::move(*file);
    auto zeros = disk.open(path, OpenMode::write);
    if (!zeros) return std::unexpected(disk_error(zeros.error(), "opening", path));
    const auto size = shared->size();
    if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", path));
    open_segment.emplace(shared, name, *found.last_header, found.index, std::move(*hash),
                         found.position);
    s.preallocator->set_current(std::move(*zeros), std::max(*size, found.position.offset),
                                found.last_header->segment_bytes);
  }
  const bool follows_sealed = found.last_footer.has_value();
  s.journal.emplace(
      JournalParts{.disk = disk,
                   .directory = directory,
                   .durability = s.options.durability,
                   .segment_bytes = s.options.segment_bytes,
                   .transaction_bytes_max = s.options.transaction_bytes_max,
                   .journal = journal,
                   .catalog = s.catalog,
                   .preallocator = *s.preallocator,
                   .marks = *s.marks,
                   .watermark = *s.watermark,
                   .tail = s.tail->gating_reader(),
                   .segment = std::move(open_segment),
                   .previous_header = follows_sealed ? found.last_header : std::nullopt,
                   .previous_footer = found.last_footer});
  // A copy opens no epoch: its next record is of the last one, or of a later one.
  const std::uint32_t last_epoch = found.position.last_epoch.value();
  const Epoch next_epoch{s.options.copy_of ? std::max(last_epoch, 1u) : last_epoch + 1};
  if (auto opened = s.journal->open_segment(next_epoch); !opened) return opened;
  s.view.emplace(s.catalog, *s.tail, *s.marks);

  // A first piece of zeros now, so that the first orders are not the ones that make the file grow.
  const std::uint64_t steps = std::min(laid_before_start_bytes, s.options.segment_bytes) >> 18;
  for (std::uint64_t i = 0; i < steps; ++i) static_cast<void>(s.preallocator->step());
  if (s.options.helper_thread) {
    s.helper = std::jthread([&s](const std::stop_token& stop) { s.run_helper(stop); });
  }
  return {};
}

Result<void> Log::start_reading(State& s) {
  const auto& directory = s.options.directory;
  const bool in_use = is_directory_in_use(s.disk, directory);
  // While an exchange runs, files may be renamed between two looks: look again.
  constexpr int looks_max = 5;
  for (int look = 1;; ++look) {
    auto found = recover(s.disk, directory, false);
    if (found) {
      s.found = std::move(*found);
      break;
    }
    if (!in_use || look == looks_max) return std::unexpected(std::move(found.error()));
    std::this_thread::sleep_for(10ms);
  }
  if (s.found.last_header) s.journal_id = s.found.last_header->journal;
  if (s.found.segments.empty() && !in_use) {
    return fail(ExitCode::file_missing, "there is no log", directory.string(),
                "name the directory of one");
  }
  for (std::size_t i = 0; i < s.found.segments.size(); ++i) {
    s.catalog.add(s.found.segments[i], s.found.base_times[i],
                  s.found.segments[i].sealed ? nullptr : s.found.index);
  }
  if (!in_use) {
    s.view.emplace(s.catalog, s.found.position.last_sequence, std::move(s.found.damage), nullptr);
    return {};
  }
  auto watermark = s.disk.open(directory / watermark_name, OpenMode::read);
  if (!watermark) {
    return std::unexpected(disk_error(watermark.error(), "opening", directory / watermark_name));
  }
  const Sequence released =
      s.found.watermark ? s.found.watermark->slot.released_sequence : Sequence{0};
  s.view.emplace(s.catalog, released, std::nullopt, std::move(*watermark));
  return {};
}

Result<std::unique_ptr<Log>> Log::open(const LogOptions& options) {
  if (auto checked = check_options(options); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  Disk& disk = options.disk != nullptr ? *options.disk : posix_disk();
  auto state = std::make_unique<State>(options, disk);
  if (options.read_only) {
    if (auto started = start_reading(*state); !started) {
      return std::unexpected(std::move(started.error()));
    }
    return std::unique_ptr<Log>(new Log(std::move(state)));
  }
  auto lock = lock_directory(disk, options.directory);
  if (!lock) return std::unexpected(std::move(lock.error()));
  state->lock = std::move(*lock);
  auto found = recover(disk, options.directory, true);
  if (!found) return std::unexpected(std::move(found.error()));
  state->found = std::move(*found);
  if (auto started = start_writing(*state); !started) {
    return std::unexpected(std::move(started.error()));
  }
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

Sequence Log::last_sequence() const { return state_->found.position.last_sequence; }
TimeNs Log::last_time() const { return state_->found.position.last_time; }
Epoch Log::last_epoch() const { return state_->found.position.last_epoch; }
Disk& Log::disk() const { return state_->disk; }
const std::filesystem::path& Log::directory() const { return state_->options.directory; }
Sequence Log::sealed_sequence() const { return state_->catalog.sealed(); }
const Uuid& Log::journal_id() const { return state_->journal_id; }
Sequence Log::earliest_sequence() const { return state_->catalog.earliest(); }
Sequence Log::released_sequence() const { return state_->view->head(Bound::released); }
Sequence Log::local_sequence() const { return state_->view->head(Bound::local); }
bool Log::acknowledge(Sequence sequence) { return state_->marks->acknowledge(sequence); }

Result<Sequence> Log::past_definitions(Sequence from) const {
  const auto segment = state_->catalog.holding(from);
  if (!segment) return std::unexpected(segment.error());
  if (*segment == nullptr) return from;
  const SegmentHeader& header = (*segment)->header();
  Sequence last{0};
  std::uint64_t definitions_end = 0;
  if (const auto& footer = (*segment)->footer()) {
    last = footer->last_sequence;
    definitions_end = footer->definitions_end;
  } else if (const auto& open = state_->found.last_header; open && open->number == header.number) {
    last = last_sequence();
    definitions_end = state_->found.position.definitions_end;
  }
  if (definitions_end == 0 || from > last) return from;
  std::uint64_t offset = segment_header_bytes;  // of `from`, or somewhat before it
  if (definitions_end > offset && from > header.base_sequence) {
    const auto index = (*segment)->index();
    if (!index) return std::unexpected(index.error());
    const IndexEntry* const entry = (*index)->find(from.value() - header.base_sequence.value());
    if (entry != nullptr) offset = entry->offset;
  }
  return definitions_end <= offset ? next(last) : from;
}

const RecoveryReport& Log::recovery() const { return state_->found.report; }

BroadcastRing& Log::tail() {
  CHECK(state_->tail.has_value());
  return *state_->tail;
}

JournalWriter& Log::journal() {
  CHECK(state_->journal.has_value());
  return *state_->journal;
}

WaitPoint& Log::releases() {
  CHECK(state_->marks.has_value());
  return state_->marks->releases;
}

bool Log::helper_step() {
  CHECK(state_->preallocator.has_value() && !state_->options.helper_thread);
  return state_->helper_step();
}

std::unique_ptr<SegmentKeeper> Log::keeper(const KeepPolicy& policy) {
  CHECK(state_->journal.has_value());
  return std::make_unique<SegmentKeeper>(state_->disk, state_->options.directory, policy,
                                         state_->catalog, journal_id());
}

Result<Cursor> Log::cursor(Sequence from, Bound bound) const {
  Cursor cursor(*state_->view, from, bound);
  if (auto placed = cursor.seek(from); !placed) return std::unexpected(std::move(placed.error()));
  return cursor;
}

}  // namespace bourse
