#include "replay/upkeep/log_repair.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "replay/disk/file_copy.h"      // copy_file
#include "replay/disk/file_pieces.h"    // for_each_piece
#include "replay/log/damage.h"          // damage_error
#include "replay/log/segment_file.h"    // open_segment_file
#include "replay/log/watermark.h"       // read_watermark
#include "replay/upkeep/mark_repair.h"  // mend_manifest, mend_watermark

namespace bourse {
namespace {

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

bool same_segment(const SegmentName& a, const SegmentName& b) {
  return a.base == b.base && a.epoch == b.epoch;
}

class Repair {
 public:
  Repair(Disk& disk, std::filesystem::path directory, std::filesystem::path copy)
      : disk_(disk), directory_(std::move(directory)), copy_(std::move(copy)) {}

  Result<std::vector<MendedFile>> run(const LogCheck& ours, const LogCheck& theirs);

 private:
  Result<void> mend(const SegmentCheck* our, const SegmentName& their, std::uint64_t next_base,
                    const Ranges& ranges);
  Result<void> patch(DiskFile& to, const DiskFile& from, const Ranges& ranges);
  Result<bool> is_sound(const SegmentName& name, std::uint64_t next_base);
  Result<void> make_candidate(const std::filesystem::path& from, const SegmentName& name,
                              const SegmentName& as);
  Result<void> put_in_place(const SegmentCheck* our, const SegmentName& mended, MendedFile& told);

  Disk& disk_;
  const std::filesystem::path directory_;
  const std::filesystem::path copy_;
  std::optional<NewestSlot> watermark_;
  std::vector<MendedFile> mended_;
};

Result<void> Repair::patch(DiskFile& to, const DiskFile& from, const Ranges& ranges) {
  const auto size = from.size();
  if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", copy_));
  for (const auto& [first, last] : ranges) {
    // A copy that is shorter gives what it has: the check will say so.
    auto done = for_each_piece(
        from, copy_, first, std::min(last, *size),
        [&](std::span<const std::byte> piece, std::uint64_t at) -> Result<void> {
          const auto put = to.write(piece, at);
          if (put) return {};
          return std::unexpected(disk_error(put.error(), "writing", directory_ / repair_folder));
        });
    if (!done) return done;
  }
  return {};
}

// Whether the candidate in the repair folder is right to its last byte.
Result<bool> Repair::is_sound(const SegmentName& name, std::uint64_t next_base) {
  std::vector<Finding> findings;
  const SegmentCheck check = check_segment(
      disk_, directory_ / repair_folder, name,
      [&](const SegmentHeader* header) {
        return promise_for(disk_, header, next_base, watermark_, false);
      },
      CheckDepth::everything, [](std::uint64_t) {}, findings);
  const bool clean = std::ranges::all_of(
      findings, [](const Finding& finding) { return finding.kind == FindingKind::note; });
  return clean && check.header && (!name.sealed || check.hash_sound.value_or(false));
}

Result<void> Repair::make_candidate(const std::filesystem::path& from, const SegmentName& name,
                                    const SegmentName& as) {
  const auto path = directory_ / repair_folder / to_string(as);
  static_cast<void>(disk_.remove(path));  // of a repair before this one
  const auto file = open_segment_file(disk_, from, name);
  if (!file) return std::unexpected(file.error());
  const auto copied = copy_file(disk_, **file, from / to_string(name), path);
  if (!copied) return std::unexpected(copied.error());
  return {};
}

Result<void> Repair::put_in_place(const SegmentCheck* our, const SegmentName& mended,
                                  MendedFile& told) {
  if (our != nullptr) {
    auto kept = keep_damaged(disk_, directory_, to_string(our->name));
    if (!kept) return std::unexpected(std::move(kept.error()));
    told.kept_as = std::move(*kept);
  }
  const auto to = directory_ / to_string(mended);
  auto done = disk_.sync_directory(directory_);  // what was kept has its name
  if (done) done = disk_.rename(directory_ / repair_folder / to_string(mended), to);
  if (done) done = disk_.sync_directory(directory_);
  // Another form of the same segment: listed no more since the raw one is there.
  if (done && our != nullptr && our->name != mended) {
    done = disk_.remove(directory_ / to_string(our->name));
    if (done) done = disk_.sync_directory(directory_);
  }
  if (!done) return std::unexpected(disk_error(done.error(), "putting in place", to));
  return {};
}

Result<void> Repair::mend(const SegmentCheck* our, const SegmentName& their,
                          std::uint64_t next_base, const Ranges& ranges) {
  // Always raw: what is mended can be compressed again.
  SegmentName mended = their;
  mended.compressed = false;
  MendedFile told{.file = to_string(mended), .kept_as = {}, .how = {}, .ranges = {}};
  bool sound = false;
  if (our != nullptr && !ranges.empty()) {
    mended.sealed = our->name.sealed;
    told.file = to_string(mended);
    if (auto made = make_candidate(directory_, our->name, mended); made) {
      const auto from = open_segment_file(disk_, copy_, their);
      if (!from) return std::unexpected(from.error());
      const auto path = directory_ / repair_folder / told.file;
      const auto to = disk_.open(path, OpenMode::write);
      if (!to) return std::unexpected(disk_error(to.error(), "opening", path));
      if (auto patched = patch(**to, **from, ranges); !patched) return patched;
      if (const auto synced = (*to)->sync(); !synced) {
        return std::unexpected(disk_error(synced.error(), "syncing", path));
      }
      const auto checked = is_sound(mended, next_base);
      if (!checked) return std::unexpected(checked.error());
      sound = *checked;
      if (sound) told.ranges = ranges;
    }
  }
  if (!sound) {
    mended.sealed = their.sealed;
    told.file = to_string(mended);
    if (auto made = make_candidate(copy_, their, mended); !made) return made;
    const auto checked = is_sound(mended, next_base);
    if (!checked) return std::unexpected(checked.error());
    sound = *checked;
  }
  if (!sound) {
    static_cast<void>(disk_.remove(directory_ / repair_folder / told.file));
    return fail(ExitCode::data_damaged, "the copy has no sound bytes for it either",
                (directory_ / told.file).string(),
                "nothing of this file was changed; try another copy");
  }
  if (auto placed = put_in_place(our, mended, told); !placed) return placed;
  mended_.push_back(std::move(told));
  return {};
}

Result<std::vector<MendedFile>> Repair::run(const LogCheck& ours, const LogCheck& theirs) {
  if (auto read = read_watermark(disk_, directory_)) watermark_ = *read;
  const auto next_base_of = [&](const SegmentName& name) -> std::uint64_t {
    for (const SegmentCheck& segment : theirs.segments) {
      if (segment.name.base > name.base) return segment.name.base.value();
    }
    return 0;
  };
  std::uint64_t newest = watermark_ ? watermark_->slot.segment_number : 0;
  // Without a watermark that tells, what the copy has behind our end is ours too.
  const bool end_is_unknown = is_damaged(ours, watermark_name);
  if (end_is_unknown && !theirs.segments.empty() && theirs.segments.back().header) {
    newest = theirs.segments.back().header->number;
  }
  // What is here and should not be, or is not what it was.
  for (const SegmentCheck& segment : ours.segments) {
    const bool ours_by_header = segment.header && segment.header->journal == *theirs.journal;
    if (ours_by_header) newest = std::max(newest, segment.header->number);
    const bool well_named = segment.header && segment.header->base_sequence == segment.name.base &&
                            segment.header->epoch == segment.name.epoch;
    Ranges ranges;
    bool is_faulty = !ours_by_header || !well_named;
    bool whole = is_faulty || (segment.name.sealed && !segment.footer);
    for (const Finding& finding : ours.findings) {
      if (finding.kind == FindingKind::note || finding.file != to_string(segment.name)) continue;
      is_faulty = true;
      const bool is_all = finding.from_byte == 0;  // of the whole file, or the hash over it
      if (!is_all && finding.to_byte > finding.from_byte) {
        ranges.emplace_back(finding.from_byte, finding.to_byte);
      }
    }
    const auto their = std::ranges::find_if(theirs.segments, [&](const SegmentCheck& other) {
      return same_segment(other.name, segment.name);
    });
    const bool is_short = end_is_unknown && !segment.name.sealed &&
                          their != theirs.segments.end() &&
                          their->last_sequence > segment.last_sequence;
    if (!is_faulty && !is_short) continue;
    if (whole || !is_faulty) ranges.clear();
    if (their != theirs.segments.end()) {
      if (auto done = mend(&segment, their->name, next_base_of(segment.name), ranges); !done) {
        return std::unexpected(std::move(done.error()));
      }
    } else if (!well_named) {
      // Its own place is filled below; this name is none of the log's.
      auto kept = keep_damaged(disk_, directory_, to_string(segment.name));
      if (!kept) return std::unexpected(std::move(kept.error()));
      const auto removed = disk_.remove(directory_ / to_string(segment.name));
      if (!removed) {
        return std::unexpected(disk_error(removed.error(), "removing", directory_ / *kept));
      }
      mended_.push_back(
          {.file = to_string(segment.name), .kept_as = *kept, .how = "moved away", .ranges = {}});
    }
  }
  // What is not here and should be.
  for (const SegmentCheck& segment : theirs.segments) {
    const bool is_here = std::ranges::any_of(ours.segments, [&](const SegmentCheck& other) {
      return same_segment(other.name, segment.name);
    });
    if (is_here || segment.name.base <= ours.deleted_to || !segment.header ||
        segment.header->number > newest) {
      continue;
    }
    if (auto done = mend(nullptr, segment.name, next_base_of(segment.name), {}); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  return std::move(mended_);
}

}  // namespace

Result<LogRepair> repair_log(Disk& disk, const std::filesystem::path& directory,
                             const std::filesystem::path& copy) {
  const auto lock = lock_directory(disk, directory);
  if (!lock) return std::unexpected(lock.error());
  const auto check_ours = [&] {
    return check_log(disk, directory, CheckDepth::everything, [](std::uint64_t) {}, true);
  };
  auto ours = check_ours();
  if (!ours) return std::unexpected(std::move(ours.error()));
  const auto theirs = check_log(disk, copy, CheckDepth::ends);
  if (!theirs) return std::unexpected(theirs.error());
  if (!theirs->journal || !ours->journal || *ours->journal != *theirs->journal) {
    return fail(
        ExitCode::bad_config, "the copy is of another log", copy.string(),
        "name a copy of the same one: bourse journal verify tells the identity of a journal");
  }
  LogRepair repair;
  if (ours->verdict() == ExitCode::ok) {
    repair.after = std::move(*ours);
    return repair;
  }
  if (auto made = disk.make_directory(directory / repair_folder); !made) {
    return std::unexpected(disk_error(made.error(), "making", directory / repair_folder));
  }
  // What was deleted on purpose comes first, so that it is not taken from the copy again.
  auto manifest = mend_manifest(disk, directory, copy, *ours, *theirs);
  if (!manifest) return std::unexpected(std::move(manifest.error()));
  if (*manifest) {
    repair.mended.push_back(std::move(**manifest));
    ours = check_ours();
    if (!ours) return std::unexpected(std::move(ours.error()));
  }
  auto mended = Repair(disk, directory, copy).run(*ours, *theirs);
  if (!mended) return std::unexpected(std::move(mended.error()));
  std::ranges::move(*mended, std::back_inserter(repair.mended));
  ours = check_ours();
  if (!ours) return std::unexpected(std::move(ours.error()));
  auto watermark = mend_watermark(disk, directory, *ours, *theirs);
  if (!watermark) return std::unexpected(std::move(watermark.error()));
  if (*watermark) {
    repair.mended.push_back(std::move(**watermark));
    ours = check_ours();
    if (!ours) return std::unexpected(std::move(ours.error()));
  }
  repair.after = std::move(*ours);
  return repair;
}

}  // namespace bourse
