#include "replay/log/snapshot_catalog.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "replay/log/snapshot_reader.h"  // SnapshotReader

namespace bourse {
namespace {

constexpr std::size_t sequence_digits = 20;
std::string_view suffix_of(SnapshotKind kind) {
  return kind == SnapshotKind::state ? ".snap" : ".book";
}

}  // namespace

std::filesystem::path snapshot_path(const std::filesystem::path& directory, Sequence sequence,
                                    SnapshotKind kind) {
  return directory / snapshot_folder / fmt::format("{:020}{}", sequence.value(), suffix_of(kind));
}

std::optional<Sequence> parse_snapshot_name(std::string_view name, SnapshotKind kind) {
  const std::string_view suffix = suffix_of(kind);
  if (name.size() != sequence_digits + suffix.size() || !name.ends_with(suffix)) {
    return std::nullopt;
  }
  std::uint64_t sequence = 0;
  const char* const end = name.data() + sequence_digits;
  const auto [at, error] = std::from_chars(name.data(), end, sequence);
  if (error != std::errc{} || at != end) return std::nullopt;
  return Sequence{sequence};
}

Result<std::vector<Sequence>> list_snapshots(Disk& disk, const std::filesystem::path& directory,
                                             SnapshotKind kind) {
  const auto folder = directory / snapshot_folder;
  const auto names = disk.list(folder);
  std::vector<Sequence> sequences;
  if (!names) {
    if (names.error() == ENOENT) return sequences;
    return std::unexpected(disk_error(names.error(), "reading the directory", folder));
  }
  for (const std::string& name : *names) {
    if (const auto sequence = parse_snapshot_name(name, kind)) sequences.push_back(*sequence);
  }
  std::ranges::sort(sequences);
  return sequences;
}

SnapshotEntry verify_snapshot(Disk& disk, const std::filesystem::path& directory, Sequence sequence,
                              const Uuid& journal) {
  SnapshotEntry entry{.sequence = sequence, .unusable = {}};
  const auto reader = SnapshotReader::open(disk, directory, sequence);
  if (!reader) {
    entry.unusable = reader.error();
    return entry;
  }
  entry.header = (*reader)->header();
  entry.bytes = entry.header.file_bytes;
  if (entry.header.journal != journal) {
    entry.unusable = (*reader)->unusable("it is of another log");
  } else if (const auto verified = (*reader)->verify(); !verified) {
    entry.unusable = verified.error();
  }
  return entry;
}

Result<std::optional<SnapshotEntry>> newest_snapshot(Disk& disk,
                                                     const std::filesystem::path& directory,
                                                     const Uuid& journal, Sequence last,
                                                     std::vector<SnapshotEntry>* passed_over) {
  const auto sequences = list_snapshots(disk, directory);
  if (!sequences) return std::unexpected(sequences.error());
  for (auto at = sequences->rbegin(); at != sequences->rend(); ++at) {
    SnapshotEntry entry{.sequence = *at, .unusable = {}};
    if (*at > last) {
      entry.unusable =
          Error{.code = ExitCode::data_damaged,
                .what = fmt::format("the snapshot is newer than the log, which ends at sequence {}",
                                    last.value()),
                .where = snapshot_path(directory, *at).string(),
                .next = "an older one and more of the log do as well; remove this file"};
    } else {
      entry = verify_snapshot(disk, directory, *at, journal);
    }
    if (!entry.unusable) return entry;
    if (passed_over != nullptr) passed_over->push_back(std::move(entry));
  }
  return std::optional<SnapshotEntry>();
}

}  // namespace bourse
