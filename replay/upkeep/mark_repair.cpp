#include "replay/upkeep/mark_repair.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "replay/disk/directory.h"      // manifest_name, watermark_name
#include "replay/disk/file_copy.h"      // keep_damaged
#include "replay/log/durability.h"      // Durability
#include "replay/log/manifest.h"        // ManifestRecord
#include "replay/log/segment_reader.h"  // SegmentReader
#include "replay/log/tail_scan.h"       // scan_tail
#include "replay/log/watermark.h"       // WatermarkWriter

namespace bourse {
namespace {

using Records = std::map<std::uint64_t, ManifestRecord>;  // by number of the segment

Result<void> add_records(Disk& disk, const std::filesystem::path& directory, const Uuid& journal,
                         Records& records) {
  const auto sound = sound_manifest_records(disk, directory);
  if (!sound) return std::unexpected(sound.error());
  for (const ManifestRecord& record : *sound) {
    if (record.journal == journal) records.emplace(record.segment_number, record);
  }
  return {};
}

// The oldest segment whose header says where it stands.
const SegmentCheck* oldest(const LogCheck& check) {
  for (const SegmentCheck& segment : check.segments) {
    if (segment.header && segment.header->journal == *check.journal) return &segment;
  }
  return nullptr;
}

std::optional<ManifestRecord> record_of(const LogCheck& check, std::uint64_t number) {
  for (const SegmentCheck& segment : check.segments) {
    if (!segment.header || !segment.footer || segment.header->number != number) continue;
    const SegmentFooter& footer = *segment.footer;
    return ManifestRecord{.magic = manifest_magic,
                          .number = 0,
                          .type = ManifestType::segment_deleted,
                          .reserved_ = 0,
                          .journal = segment.header->journal,
                          .at = footer.last_time,
                          .segment_number = number,
                          .base_sequence = segment.header->base_sequence,
                          .last_sequence = footer.last_sequence,
                          .last_time = footer.last_time,
                          .file_bytes = footer.file_bytes,
                          .hash = footer.hash,
                          .reserved_too_ = 0,
                          .crc32c = 0};
  }
  return std::nullopt;
}

// Puts <directory>/repair/<name> in its place; what was there is kept.
Result<std::string> put_in_place(Disk& disk, const std::filesystem::path& directory,
                                 std::string_view name) {
  std::string kept;
  if (disk.open(directory / name, OpenMode::read)) {
    auto copied = keep_damaged(disk, directory, std::string(name));
    if (!copied) return copied;
    kept = std::move(*copied);
  }
  auto done = disk.sync_directory(directory);  // what was kept has its name
  if (done) done = disk.rename(directory / repair_folder / name, directory / name);
  if (done) done = disk.sync_directory(directory);
  if (!done) return std::unexpected(disk_error(done.error(), "putting in place", directory / name));
  return kept;
}

// The end of the newest segment; it is on the disk afterwards.
Result<SegmentPosition> make_end_safe(Disk& disk, const std::filesystem::path& directory,
                                      const SegmentName& name) {
  const auto segment = SegmentReader::open(disk, directory, name);
  if (!segment) return std::unexpected(segment.error());
  SegmentPosition end;
  const SegmentHeader& header = (*segment)->header();
  if (const auto& footer = (*segment)->footer()) {
    end.offset = footer->seal_offset;
    end.last_sequence = footer->last_sequence;
    return end;
  }
  end.last_sequence = Sequence{header.base_sequence.value() - 1};
  end.last_time = header.base_time;
  const auto scan = scan_tail(**segment, end, 0);
  if (!scan) return std::unexpected(scan.error());
  if (scan->damage) return std::unexpected(*scan->damage);
  const auto file = disk.open((*segment)->path(), OpenMode::write);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", (*segment)->path()));
  if (const auto synced = (*file)->sync(); !synced) {
    return std::unexpected(disk_error(synced.error(), "syncing", (*segment)->path()));
  }
  return scan->position;
}

}  // namespace

bool is_damaged(const LogCheck& check, std::string_view file) {
  return std::ranges::any_of(check.findings, [file](const Finding& finding) {
    return finding.kind == FindingKind::damage && finding.file == file;
  });
}

Result<std::optional<MendedFile>> mend_manifest(Disk& disk, const std::filesystem::path& directory,
                                                const std::filesystem::path& copy,
                                                const LogCheck& ours, const LogCheck& theirs) {
  const SegmentCheck* const first = oldest(ours);
  if (first == nullptr) return std::nullopt;
  const std::uint64_t gone = first->header->number - 1;
  const bool is_missing = ours.deleted_to == Sequence{0} && gone > 0;
  if (!is_damaged(ours, manifest_name) && !is_missing) return std::nullopt;
  Records known;
  for (const auto& from : {directory, copy}) {
    if (auto added = add_records(disk, from, *ours.journal, known); !added) {
      return std::unexpected(std::move(added.error()));
    }
  }
  // Of what nobody says that it was deleted, it is missing and to be taken from the copy.
  const std::uint64_t told = known.empty() ? 0 : known.rbegin()->first;
  if (told < gone) return std::nullopt;
  std::vector<ManifestRecord> records;
  for (std::uint64_t number = 1; number <= gone; ++number) {
    if (const auto found = known.find(number); found != known.end()) {
      records.push_back(found->second);
    } else if (const auto made = record_of(theirs, number)) {
      records.push_back(*made);
    } else {
      return std::nullopt;
    }
  }
  const bool follows =
      records.empty() || (records.back().hash == first->header->previous_hash &&
                          next(records.back().last_sequence) == first->header->base_sequence);
  if (!follows) return std::nullopt;
  const auto path = directory / repair_folder / manifest_name;
  if (auto written = write_manifest(disk, path, records); !written) {
    return std::unexpected(std::move(written.error()));
  }
  auto kept = put_in_place(disk, directory, manifest_name);
  if (!kept) return std::unexpected(std::move(kept.error()));
  return MendedFile{.file = std::string(manifest_name),
                    .kept_as = std::move(*kept),
                    .how = fmt::format("written anew, it tells of {} deleted segments", gone),
                    .ranges = {}};
}

Result<std::optional<MendedFile>> mend_watermark(Disk& disk, const std::filesystem::path& directory,
                                                 const LogCheck& ours, const LogCheck& theirs) {
  const bool is_alone = std::ranges::all_of(ours.findings, [](const Finding& finding) {
    return finding.kind == FindingKind::note || finding.file == watermark_name;
  });
  if (!is_damaged(ours, watermark_name) || !is_alone || ours.segments.empty() ||
      theirs.last > ours.last) {
    return std::nullopt;
  }
  const SegmentCheck& newest = ours.segments.back();
  const auto end = make_end_safe(disk, directory, newest.name);
  if (!end) return std::unexpected(end.error());
  const auto folder = directory / repair_folder;
  static_cast<void>(disk.remove(folder / watermark_name));  // of a repair before this one
  WatermarkSlot slot{};
  slot.durability = static_cast<std::uint8_t>(Durability::disk);
  slot.journal = newest.header->journal;
  slot.boot = disk.boot();
  slot.segment_number = newest.header->number;
  slot.durable_offset = slot.written_offset = end->offset;
  slot.durable_sequence = slot.written_sequence = slot.released_sequence = end->last_sequence;
  DiskResult<void> done;
  if (auto writer = WatermarkWriter::open(disk, folder, std::nullopt); !writer) {
    done = std::unexpected(writer.error());
  } else {
    done = (*writer)->write(slot);
    if (done) done = (*writer)->sync();
  }
  if (!done) return std::unexpected(disk_error(done.error(), "writing", folder / watermark_name));
  auto kept = put_in_place(disk, directory, watermark_name);
  if (!kept) return std::unexpected(std::move(kept.error()));
  return MendedFile{
      .file = std::string(watermark_name),
      .kept_as = std::move(*kept),
      .how = fmt::format("written anew: the records end with sequence {}, the copy knows of no "
                         "more than {}",
                         end->last_sequence.value(), theirs.last.value()),
      .ranges = {}};
}

}  // namespace bourse
