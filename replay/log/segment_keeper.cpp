#include "replay/log/segment_keeper.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "replay/log/manifest.h"            // append_manifest
#include "replay/log/registered_readers.h"  // registered_readers
#include "replay/log/snapshot_catalog.h"    // newest_snapshot

namespace bourse {
namespace {

void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

bool is_older(TimeNs last, std::uint64_t age_ns, TimeNs now) {
  return now > last && static_cast<std::uint64_t>(now.value() - last.value()) >= age_ns;
}

}  // namespace

SegmentKeeper::SegmentKeeper(Disk& disk, std::filesystem::path directory, const KeepPolicy& policy,
                             SegmentCatalog& catalog, const Uuid& journal)
    : disk_(disk),
      directory_(std::move(directory)),
      policy_(policy),
      catalog_(catalog),
      journal_(journal) {}

Result<std::uint64_t> SegmentKeeper::bytes_of(const SegmentName& name) const {
  const auto path = directory_ / to_string(name);
  const auto file = disk_.open(path, OpenMode::read);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", path));
  const auto size = (*file)->size();
  if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", path));
  return *size;
}

// The second newest sound snapshot: if the newest is damaged one day, a start goes back to this one
// and needs the log behind it.
Result<Sequence> SegmentKeeper::covered_by_snapshots(Sequence last) {
  // Names first: reading snapshots that do not reach far enough would be for nothing.
  const auto names = list_snapshots(disk_, directory_);
  if (!names) return std::unexpected(names.error());
  if (names->size() < 2 || (*names)[names->size() - 2] < last) return Sequence{0};
  const auto newest = newest_snapshot(disk_, directory_, journal_, names->back());
  if (!newest) return std::unexpected(newest.error());
  if (!*newest || (*newest)->sequence <= last) return Sequence{0};
  const Sequence below{(*newest)->sequence.value() - 1};
  const auto second = newest_snapshot(disk_, directory_, journal_, below);
  if (!second) return std::unexpected(second.error());
  return *second ? (*second)->sequence : Sequence{0};
}

Result<bool> SegmentKeeper::is_needed(Sequence last) {
  const auto readers = registered_readers(disk_, directory_);
  if (!readers) return std::unexpected(readers.error());
  const bool is_read = std::ranges::any_of(
      *readers, [last](const RegisteredReader& reader) { return reader.needs <= last; });
  if (is_read) return true;
  const auto covered = policy_.snapshot ? policy_.snapshot() : covered_by_snapshots(last);
  if (!covered) return std::unexpected(covered.error());
  return *covered < last;
}

// Deletes the oldest segment if it is due.
Result<bool> SegmentKeeper::delete_one(TimeNs now) {
  if (policy_.retain_ns == 0 && policy_.retain_bytes == 0) return false;
  const auto segments = catalog_.segments();
  // The one behind it is sealed as well: the newest sealed one always stays.
  if (segments.size() < 2 || !segments[1].name.sealed) return false;
  const TimeNs last_time = segments[1].base_time;
  const Sequence last{segments[1].name.base.value() - 1};
  bool is_due = policy_.retain_ns != 0 && is_older(last_time, policy_.retain_ns, now);
  if (!is_due && policy_.retain_bytes != 0) {
    std::uint64_t all = 0;
    for (const SegmentCatalog::Listed& segment : segments) {
      const auto bytes = bytes_of(segment.name);
      if (!bytes) return std::unexpected(bytes.error());
      all += *bytes;
    }
    is_due = all > policy_.retain_bytes;
  }
  if (!is_due) return false;
  const auto needed = is_needed(last);
  if (!needed) return std::unexpected(needed.error());
  if (*needed) return false;

  const SegmentName& name = segments.front().name;
  const auto reader = SegmentReader::open(disk_, directory_, name);
  if (!reader) return std::unexpected(reader.error());
  const SegmentFooter& footer = *(*reader)->footer();
  const auto bytes = bytes_of(name);
  if (!bytes) return std::unexpected(bytes.error());
  ManifestRecord record{};
  record.journal = journal_;
  record.at = now;
  record.segment_number = (*reader)->header().number;
  record.base_sequence = name.base;
  record.last_sequence = footer.last_sequence;
  record.last_time = footer.last_time;
  record.file_bytes = footer.file_bytes;
  record.hash = footer.hash;
  if (auto told = append_manifest(disk_, directory_, record); !told) {
    return std::unexpected(std::move(told.error()));
  }
  // New readers do not find it any more; those that are in it keep the open file.
  catalog_.remove_oldest();
  if (auto removed = remove_segment(disk_, directory_, name); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  count(deleted_);
  count(deleted_bytes_, *bytes);
  return true;
}

Result<bool> SegmentKeeper::compress_one(TimeNs now, const std::function<bool()>& goes_on) {
  if (!policy_.compress) return false;
  const auto segments = catalog_.segments();
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const SegmentName& raw = segments[i].name;
    if (!raw.sealed || raw.compressed) continue;
    if (!is_older(segments[i + 1].base_time, policy_.compress_after_ns, now)) return false;
    const auto made = compress_segment(disk_, directory_, raw, goes_on);
    if (!made) {
      if (made.error().code == ExitCode::interrupted) return false;
      return std::unexpected(made.error());
    }
    SegmentName compressed = raw;
    compressed.compressed = true;
    catalog_.rename(compressed);
    if (auto removed = remove_segment(disk_, directory_, raw); !removed) {
      return std::unexpected(std::move(removed.error()));
    }
    count(compressed_);
    count(raw_bytes_, made->raw_bytes);
    count(compressed_bytes_, made->compressed_bytes);
    return true;
  }
  return false;
}

// A deletion that a crash has interrupted: MANIFEST has told of it, the file is still there.
Result<bool> SegmentKeeper::finish_one() {
  const auto listing = list_directory(disk_, directory_);
  if (!listing) return std::unexpected(listing.error());
  if (listing->segments.empty() || listing->segments.front().base >= catalog_.earliest()) {
    return false;
  }
  if (auto removed = remove_segment(disk_, directory_, listing->segments.front()); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  return true;
}

SegmentKeeper::Step SegmentKeeper::step(TimeNs now, const std::function<bool()>& goes_on) {
  Result<bool> worked = finish_one();
  if (worked && !*worked) worked = delete_one(now);
  if (worked && !*worked) worked = compress_one(now, goes_on);
  if (worked) return *worked ? Step::worked : Step::idle;
  count(failures_);
  const std::lock_guard lock(failure_lock_);
  failure_ = std::move(worked.error());
  return Step::failed;
}

KeeperCounters SegmentKeeper::counters() const {
  const auto value = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
  return {.compressed = value(compressed_),
          .raw_bytes = value(raw_bytes_),
          .compressed_bytes = value(compressed_bytes_),
          .deleted = value(deleted_),
          .deleted_bytes = value(deleted_bytes_),
          .failures = value(failures_)};
}

Error SegmentKeeper::failure() const {
  const std::lock_guard lock(failure_lock_);
  return failure_;
}

}  // namespace bourse
