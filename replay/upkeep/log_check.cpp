#include "replay/upkeep/log_check.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "replay/disk/directory.h"    // list_directory
#include "replay/log/manifest.h"      // read_manifest
#include "replay/log/segment_file.h"  // open_segment_file
#include "replay/log/watermark.h"     // read_watermark

namespace bourse {
namespace {

Finding whole_file(FindingKind kind, std::string file, std::string what) {
  return {.kind = kind,
          .file = std::move(file),
          .from_byte = 0,
          .to_byte = 0,
          .first = Sequence{0},
          .last = Sequence{0},
          .what = std::move(what)};
}

// The identity of the log: what the watermark says, else what most segments say.
std::optional<Uuid> journal_of(const std::vector<SegmentCheck>& segments,
                               const std::optional<NewestSlot>& watermark) {
  if (watermark) return watermark->slot.journal;
  std::map<std::array<std::uint8_t, 16>, int> votes;
  for (const SegmentCheck& segment : segments) {
    if (segment.header) ++votes[segment.header->journal.bytes];
  }
  if (votes.empty()) return std::nullopt;
  return Uuid{std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; })->first};
}

Finding missing(std::uint64_t first, std::uint64_t last, std::string what) {
  Finding finding = whole_file(FindingKind::damage, {}, std::move(what));
  if (first <= last) {
    finding.first = Sequence{first};
    finding.last = Sequence{last};
  }
  return finding;
}

void check_pair(const SegmentCheck& before, const SegmentCheck& after,
                std::vector<Finding>& findings) {
  const SegmentHeader& a = *before.header;
  const SegmentHeader& b = *after.header;
  const std::string name = to_string(after.name);
  if (b.number > a.number + 1) {
    findings.push_back(missing(before.last_sequence.value() + 1, b.base_sequence.value() - 1,
                               fmt::format("{} segments are missing between {} and {}",
                                           b.number - a.number - 1, to_string(before.name), name)));
    return;
  }
  if (b.number <= a.number) {
    findings.push_back(
        whole_file(FindingKind::damage, name,
                   fmt::format("it is number {}, and so is {}", b.number, to_string(before.name))));
    return;
  }
  if (!before.name.sealed) {
    findings.push_back(whole_file(FindingKind::damage, to_string(before.name),
                                  "it is not sealed, although a segment follows it"));
    return;
  }
  if (!before.footer) return;  // said already
  const SegmentFooter& footer = *before.footer;
  if (b.base_sequence != next(footer.last_sequence) ||
      b.previous_last_sequence != footer.last_sequence || b.previous_bytes != footer.file_bytes ||
      b.previous_hash != footer.hash) {
    findings.push_back(
        whole_file(FindingKind::damage, name,
                   fmt::format("it does not follow {}: one of the two is not what it was",
                               to_string(before.name))));
  }
}

void check_chain(LogCheck& check, const Manifest& manifest) {
  const SegmentCheck* before = nullptr;
  bool is_first = true;
  std::vector<const SegmentCheck*> by_number;
  for (const SegmentCheck& segment : check.segments) {
    if (!segment.header) continue;
    if (segment.header->journal != *check.journal) {
      check.findings.push_back(
          whole_file(FindingKind::damage, to_string(segment.name), "it belongs to another log"));
      continue;
    }
    by_number.push_back(&segment);
  }
  // By what the headers say: a file that was renamed is complained about once.
  std::ranges::stable_sort(by_number, {}, [](const auto* s) { return s->header->number; });
  for (const SegmentCheck* segment : by_number) {
    if (is_first && segment->header->number != manifest.first_number()) {
      const std::uint64_t gone = manifest.last ? manifest.last->last_sequence.value() : 0;
      check.findings.push_back(
          missing(gone + 1, segment->header->base_sequence.value() - 1,
                  fmt::format("{} segments are missing before {}",
                              segment->header->number - manifest.first_number(),
                              to_string(segment->name))));
    } else if (is_first && manifest.last && segment->header->previous_hash != manifest.last->hash) {
      check.findings.push_back(
          whole_file(FindingKind::damage, to_string(segment->name),
                     "it does not follow the segment that MANIFEST says was deleted"));
    }
    if (before != nullptr) check_pair(*before, *segment, check.findings);
    is_first = false;
    before = segment;
  }
}

void check_watermark(LogCheck& check, const std::optional<NewestSlot>& watermark) {
  if (!watermark) {
    if (!check.segments.empty()) {
      check.findings.push_back(
          whole_file(FindingKind::note, std::string(watermark_name),
                     "it is missing: damage to the last group could not be told from a torn tail"));
    }
    return;
  }
  std::uint64_t newest = 0;
  for (const SegmentCheck& segment : check.segments) {
    if (segment.header && segment.header->journal == *check.journal) {
      newest = std::max(newest, segment.header->number);
    }
  }
  const WatermarkSlot& slot = watermark->slot;
  if (slot.segment_number > newest && !check.in_use) {
    check.findings.push_back(
        missing(check.last.value() + 1, slot.durable_sequence.value(),
                fmt::format("the newest segment, number {}, is missing", slot.segment_number)));
  }
}

}  // namespace

SegmentPromise promise_for(Disk& disk, const SegmentHeader* header, std::uint64_t next_base,
                           const std::optional<NewestSlot>& watermark, bool in_use) {
  SegmentPromise whole;
  if (next_base > 0) whole.last_sequence = Sequence{next_base - 1};
  if (!watermark) return whole;
  const WatermarkSlot& slot = watermark->slot;
  if (next_base == 0) whole.last_sequence = slot.durable_sequence;
  if (header == nullptr || slot.segment_number != header->number ||
      slot.journal != header->journal) {
    return whole;
  }
  // The page cache keeps its word as long as the machine runs.
  const bool same_boot = slot.boot == disk.boot();
  SegmentPromise promise{
      .offset =
          same_boot ? std::max(slot.durable_offset, slot.written_offset) : slot.durable_offset,
      .last_sequence = same_boot ? slot.written_sequence : slot.durable_sequence};
  if (in_use) promise.read_until = std::max<std::uint64_t>(slot.written_offset, 1);
  return promise;
}

bool LogCheck::has_damage() const {
  return std::ranges::find(findings, FindingKind::damage, &Finding::kind) != findings.end();
}

ExitCode LogCheck::verdict() const {
  if (has_damage()) return ExitCode::data_damaged;
  const bool readable =
      std::ranges::find(findings, FindingKind::unreadable, &Finding::kind) == findings.end();
  return readable ? ExitCode::ok : ExitCode::io_error;
}

Result<std::uint64_t> check_bytes(Disk& disk, const std::filesystem::path& directory) {
  const auto listing = list_directory(disk, directory);
  if (!listing) return std::unexpected(listing.error());
  std::uint64_t bytes = 0;
  for (const SegmentName& name : listing->segments) {
    const auto file = open_segment_file(disk, directory, name);
    if (!file) continue;
    // Records, and the hash over all of it.
    bytes += (*file)->size().value_or(0) * (name.sealed ? 2 : 1);
  }
  return bytes;
}

Result<LogCheck> check_log(Disk& disk, const std::filesystem::path& directory, CheckDepth depth,
                           const CheckProgress& progress, bool is_locked_by_us) {
  LogCheck check;
  check.in_use = !is_locked_by_us && is_directory_in_use(disk, directory);
  // Before the listing: what it promises is in a segment that is there by now.
  std::optional<NewestSlot> watermark;
  if (auto read = read_watermark(disk, directory)) {
    watermark = *read;
  } else {
    check.findings.push_back(finding_of(read.error(), std::string(watermark_name)));
  }
  auto listing = list_directory(disk, directory);
  if (!listing) return std::unexpected(std::move(listing.error()));
  if (listing->segments.empty() && !listing->has_watermark && !check.in_use) {
    return fail(ExitCode::file_missing, "there is no log", directory.string(),
                "name the directory of one");
  }
  Manifest manifest;
  if (auto read = read_manifest(disk, directory)) {
    manifest = *read;
  } else {
    check.findings.push_back(finding_of(read.error(), std::string(manifest_name)));
  }
  if (manifest.last) check.deleted_to = manifest.last->last_sequence;
  // What a deletion that was cut off has left is no part of the log any more.
  std::erase_if(listing->segments,
                [&](const SegmentName& name) { return name.base <= check.deleted_to; });
  for (std::size_t i = 0; i < listing->segments.size(); ++i) {
    SegmentName name = listing->segments[i];
    const std::uint64_t next_base =
        i + 1 < listing->segments.size() ? listing->segments[i + 1].base.value() : 0;
    if (check.in_use && !name.sealed) {
      // It may have been sealed since.
      SegmentName sealed = name;
      sealed.sealed = true;
      if (disk.open(directory / to_string(sealed), OpenMode::read)) name = sealed;
    } else if (check.in_use && !name.compressed) {
      SegmentName compressed = name;
      compressed.compressed = true;
      if (!disk.open(directory / to_string(name), OpenMode::read)) name = compressed;
    }
    if (check.in_use && !disk.open(directory / to_string(name), OpenMode::read)) {
      // Deleted since? Then what is checked has another beginning by now.
      const auto now = read_manifest(disk, directory);
      if (now && now->last && now->last->last_sequence > check.deleted_to) {
        return check_log(disk, directory, depth, progress, is_locked_by_us);
      }
    }
    check.segments.push_back(check_segment(
        disk, directory, name,
        [&](const SegmentHeader* header) {
          return promise_for(disk, header, next_base, watermark, check.in_use);
        },
        depth, progress, check.findings));
  }
  check.journal = journal_of(check.segments, watermark);
  if (check.journal) check_chain(check, manifest);
  for (const SegmentCheck& segment : check.segments) {
    check.transactions += segment.transactions;
    check.bytes += segment.file_bytes;
    check.last = std::max(check.last, segment.last_sequence);
  }
  if (!check.segments.empty()) check.first = check.segments.front().name.base;
  check_watermark(check, watermark);
  return check;
}

}  // namespace bourse
