#include "replay/log/recovery.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "replay/disk/file_pieces.h"  // for_each_piece
#include "replay/log/damage.h"        // damage_error
#include "replay/log/manifest.h"      // read_manifest
#include "replay/log/stream_hash.h"   // StreamHash
#include "replay/log/tail_scan.h"     // scan_tail
#include "replay/log/watermark.h"     // read_watermark

namespace bourse {
namespace {

Error missing_error(const std::filesystem::path& directory, std::string what) {
  return Error{
      .code = ExitCode::data_damaged,
      .what = "the log is incomplete: " + std::move(what),
      .where = directory.string(),
      .next =
          "nothing was changed. bourse journal verify DIRECTORY names what is missing, bourse "
          "journal repair DIRECTORY --from COPY takes it from another copy"};
}

Result<void> check_chain(const SegmentReader& before, const SegmentReader& after) {
  const SegmentHeader& header = after.header();
  const SegmentHeader& previous = before.header();
  if (header.journal != previous.journal) {
    return std::unexpected(damage_error(after.path(), 0, 0, "it belongs to another log"));
  }
  if (!before.footer()) {
    return std::unexpected(
        damage_error(before.path(), 0, 0, "it is not sealed, although a segment follows it"));
  }
  if (header.number > previous.number + 1) {
    return std::unexpected(missing_error(
        after.path().parent_path(),
        fmt::format("between {} and {} segments are missing (sequences {} to {})",
                    to_string(before.name()), to_string(after.name()),
                    before.footer()->last_sequence.value() + 1, header.base_sequence.value() - 1)));
  }
  const SegmentFooter& footer = *before.footer();
  if (header.number != previous.number + 1 || header.base_sequence != next(footer.last_sequence) ||
      header.previous_last_sequence != footer.last_sequence ||
      header.previous_bytes != footer.file_bytes || header.previous_hash != footer.hash) {
    return std::unexpected(
        damage_error(after.path(), 0, 0,
                     fmt::format("it does not follow {}: one of the two is not what it was",
                                 to_string(before.name()))));
  }
  return {};
}

Result<void> check_watermark(const std::filesystem::path& directory, const Recovered& found) {
  const WatermarkSlot& mark = found.watermark->slot;
  if (mark.journal != found.last_header->journal) {
    return std::unexpected(
        damage_error(directory / watermark_name, 0, 0, "the watermark belongs to another log"));
  }
  if (mark.segment_number > found.last_header->number) {
    return std::unexpected(missing_error(
        directory,
        fmt::format("the newest segment is missing (sequences {} to {})",
                    found.position.last_sequence.value() + 1, mark.durable_sequence.value())));
  }
  return {};
}

// How far into the newest segment the watermark promises. The page cache keeps its word as long as
// the machine runs, so what was written before counts until the machine has been started again.
std::uint64_t promised_offset(Disk& disk, const Recovered& found) {
  if (!found.watermark || found.watermark->slot.segment_number != found.last_header->number)
    return 0;
  const bool same_boot = found.watermark->slot.boot == disk.boot();
  return same_boot
             ? std::max(found.watermark->slot.durable_offset, found.watermark->slot.written_offset)
             : found.watermark->slot.durable_offset;
}

// Copies the bytes [from, to) of the segment to a file beside it and returns its path.
Result<std::filesystem::path> save_torn_tail(Disk& disk, const DiskFile& segment,
                                             const std::filesystem::path& segment_path,
                                             std::uint64_t from, std::uint64_t to) {
  std::filesystem::path path;
  std::unique_ptr<DiskFile> copy;
  for (int n = 1; copy == nullptr; ++n) {
    path = segment_path;
    path += fmt::format(".torn.{}", n);
    auto file = disk.open(path, OpenMode::create);
    if (!file && file.error() != EEXIST) {
      return std::unexpected(disk_error(file.error(), "saving the torn tail", path));
    }
    if (file) copy = std::move(*file);
  }
  const auto copied = for_each_piece(
      segment, segment_path, from, to,
      [&](std::span<const std::byte> piece, std::uint64_t at) -> Result<void> {
        const auto put = copy->write(piece, at - from);
        if (put) return {};
        return std::unexpected(disk_error(put.error(), "saving the torn tail", path));
      });
  if (!copied) return std::unexpected(copied.error());
  auto synced = copy->sync();
  if (synced) synced = disk.sync_directory(path.parent_path());
  if (!synced) return std::unexpected(disk_error(synced.error(), "saving the torn tail", path));
  return path;
}

Result<void> write_zeros(DiskFile& file, const std::filesystem::path& path, std::uint64_t from,
                         std::uint64_t to) {
  const std::vector<std::byte> zeros(piece_bytes);
  for (std::uint64_t at = from; at < to;) {
    const std::size_t bytes = std::min<std::uint64_t>(zeros.size(), to - at);
    if (const auto put = file.write(std::span(zeros).first(bytes), at); !put) {
      return std::unexpected(disk_error(put.error(), "cutting the torn tail", path));
    }
    at += bytes;
  }
  return {};
}

// Up to where the newest segment has been synced without an error.
std::uint64_t safe_offset(const Recovered& found) {
  const bool is_told =
      found.watermark && found.watermark->slot.segment_number == found.last_header->number;
  return is_told ? found.watermark->slot.durable_offset : segment_header_bytes;
}

// What a failed sync has left in the page cache is read as sound, but the kernel takes it for clean
// and another sync would say yes without writing it. So the same bytes are written once more.
Result<void> write_again(DiskFile& file, const std::filesystem::path& path, std::uint64_t from,
                         std::uint64_t to) {
  return for_each_piece(
      file, path, from, to,
      [&](std::span<const std::byte> piece, std::uint64_t at) -> Result<void> {
        const auto put = file.write(piece, at);
        if (put) return {};
        return std::unexpected(disk_error(put.error(), "making the last groups safe", path));
      });
}

Result<void> finish_seal(Disk& disk, const SegmentReader& segment, std::shared_ptr<DiskFile> file,
                         Recovered& found) {
  auto hash = hash_of(*file, segment.path(), found.position.offset);
  if (!hash) return std::unexpected(std::move(hash.error()));
  SegmentWriter writer(std::move(file), segment.name(), segment.header(), found.index,
                       std::move(*hash), found.position);
  const auto footer = writer.seal();
  if (!footer) return std::unexpected(disk_error(footer.error(), "sealing", segment.path()));
  SegmentName sealed = segment.name();
  sealed.sealed = true;
  const auto directory = segment.path().parent_path();
  auto done = disk.rename(segment.path(), directory / to_string(sealed));
  if (done) done = disk.sync_directory(directory);
  if (!done) return std::unexpected(disk_error(done.error(), "sealing", segment.path()));
  found.segments.back() = sealed;
  found.last_footer = *footer;
  return {};
}

Result<void> repair_open_segment(Disk& disk, const SegmentReader& segment, const TailScan& scan,
                                 Recovered& found) {
  auto opened = disk.open(segment.path(), OpenMode::write);
  if (!opened) return std::unexpected(disk_error(opened.error(), "opening", segment.path()));
  const std::shared_ptr<DiskFile> file = std::move(*opened);
  const std::uint64_t end = scan.position.offset;
  if (auto put = write_again(*file, segment.path(), safe_offset(found), end); !put) return put;
  if (scan.is_sealed) return finish_seal(disk, segment, file, found);
  if (scan.tail_end > end) {
    auto saved = save_torn_tail(disk, *file, segment.path(), end, scan.tail_end);
    if (!saved) return std::unexpected(std::move(saved.error()));
    if (auto cut = write_zeros(*file, segment.path(), end, scan.tail_end); !cut) return cut;
    found.report.torn_bytes = scan.tail_end - end;
    found.report.torn_file = std::move(*saved);
  }
  // What was read may still be in the page cache only. It is about to be released, so it must last.
  if (const auto synced = file->sync(); !synced) {
    return std::unexpected(disk_error(synced.error(), "syncing", segment.path()));
  }
  return {};
}

Result<void> recover_open_segment(Disk& disk, const SegmentReader& segment, bool repair,
                                  Recovered& found) {
  auto scan = scan_tail(segment, found.position, promised_offset(disk, found));
  if (!scan) return std::unexpected(std::move(scan.error()));
  found.position = scan->position;
  found.index = scan->index;
  found.report.bytes_scanned = scan->file_bytes;
  if (scan->damage) {
    if (repair) return std::unexpected(std::move(*scan->damage));
    found.damage = std::move(scan->damage);
    return {};
  }
  if (!repair) return {};
  return repair_open_segment(disk, segment, *scan, found);
}

// Whether the oldest segment there is should be: everything before it was deleted on purpose.
Result<void> check_oldest(const SegmentReader& oldest, const Manifest& manifest) {
  const SegmentHeader& header = oldest.header();
  const auto directory = oldest.path().parent_path();
  if (header.number != manifest.first_number()) {
    return std::unexpected(missing_error(
        directory,
        fmt::format("the first segment there is begins at sequence {}, and {}",
                    header.base_sequence.value(),
                    manifest.last
                        ? fmt::format("MANIFEST tells of deletions only up to sequence {}",
                                      manifest.last->last_sequence.value())
                        : std::string("there is no MANIFEST that would tell of a deletion"))));
  }
  if (!manifest.last) return {};
  const ManifestRecord& before = *manifest.last;
  if (before.journal != header.journal) {
    return std::unexpected(
        damage_error(directory / manifest_name, 0, 0, "MANIFEST belongs to another log"));
  }
  if (header.base_sequence != next(before.last_sequence) || header.previous_hash != before.hash) {
    return std::unexpected(damage_error(
        oldest.path(), 0, 0,
        fmt::format("it does not follow segment {}, which was deleted", before.segment_number)));
  }
  return {};
}

Result<Recovered> recover_nothing(const std::filesystem::path& directory, Recovered found) {
  if (found.watermark && found.watermark->slot.segment_number > 0) {
    return std::unexpected(missing_error(
        directory, fmt::format("there is no segment, but sequence {} had been acknowledged",
                               found.watermark->slot.released_sequence.value())));
  }
  found.report.created = true;
  return found;
}

}  // namespace

Result<StreamHash> hash_of(const DiskFile& file, const std::filesystem::path& path,
                           std::uint64_t end) {
  StreamHash hash;
  const auto read = for_each_piece(
      file, path, 0, end, [&](std::span<const std::byte> piece, std::uint64_t) -> Result<void> {
        hash.add(piece);
        return {};
      });
  if (!read) return std::unexpected(read.error());
  return hash;
}

Result<Recovered> recover(Disk& disk, const std::filesystem::path& directory, bool repair) {
  Recovered found;
  auto listing = list_directory(disk, directory);
  if (!listing) return std::unexpected(std::move(listing.error()));
  auto watermark = read_watermark(disk, directory, listing->segments.empty());
  if (!watermark) return std::unexpected(std::move(watermark.error()));
  found.watermark = *watermark;
  found.segments = listing->segments;
  found.report.segments = found.segments.size();
  if (repair && listing->has_next_segment) {
    // Zeros of a start before this one: they have never been part of the log.
    const auto path = directory / next_segment_name;
    const auto removed = disk.remove(path);
    if (!removed) return std::unexpected(disk_error(removed.error(), "removing", path));
  }
  if (found.segments.empty()) return recover_nothing(directory, std::move(found));
  if (!found.watermark) {
    found.report.warnings.emplace_back(
        "there is no watermark: damage to the last group could not be told from a torn tail");
  }

  const auto manifest = read_manifest(disk, directory);
  if (!manifest) return std::unexpected(manifest.error());
  // What a deletion that was cut off has left is no part of the log any more.
  std::erase_if(found.segments, [&](const SegmentName& name) {
    return manifest->last && name.base <= manifest->last->last_sequence;
  });
  if (found.segments.empty()) {
    return std::unexpected(missing_error(
        directory, fmt::format("all segments behind sequence {}, up to which it was deleted",
                               manifest->last->last_sequence.value())));
  }

  std::shared_ptr<SegmentReader> last;
  for (const SegmentName& name : found.segments) {
    auto reader = SegmentReader::open(disk, directory, name);
    if (!reader) return std::unexpected(std::move(reader.error()));
    if (last != nullptr) {
      if (auto linked = check_chain(*last, **reader); !linked) {
        return std::unexpected(std::move(linked.error()));
      }
    } else if (auto begins = check_oldest(**reader, *manifest); !begins) {
      return std::unexpected(std::move(begins.error()));
    }
    last = std::move(*reader);
    found.base_times.push_back(last->header().base_time);
    if (last->footer()) {
      const SegmentFooter& footer = *last->footer();
      found.position = {.offset = footer.seal_offset,
                        .last_sequence = footer.last_sequence,
                        .first_time = footer.first_time,
                        .last_time = footer.last_time,
                        .last_epoch = footer.last_epoch,
                        .group_number = footer.group_number,
                        .definitions_end = segment_header_bytes};
    }
  }
  found.last_header = last->header();
  found.last_footer = last->footer();
  if (found.watermark) {
    if (auto checked = check_watermark(directory, found); !checked) {
      return std::unexpected(std::move(checked.error()));
    }
  }
  if (!last->footer()) {
    if (auto done = recover_open_segment(disk, *last, repair, found); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  if (!repair) return found;
  // A name that is seen may be in memory only: the start before this one may have died over it.
  if (const auto synced = disk.sync_directory(directory); !synced) {
    return std::unexpected(disk_error(synced.error(), "syncing the directory", directory));
  }
  return found;
}

}  // namespace bourse
