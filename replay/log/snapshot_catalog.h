// Which snapshots a log has: <directory>/snap/<sequence:020>.snap, and which of them can be relied
// upon.
//   Shape:  looks at the directory when asked; verifying reads the whole file once.
//   Owner:  free functions; any thread, also beside a snapshotter that writes or removes one.
//   Errors: only those of the disk. A file that is damaged, foreign or of another version is a
//           SnapshotEntry with the reason, never an error: there is always the log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/types.h"              // Sequence
#include "replay/disk/disk.h"            // Disk
#include "replay/log/snapshot_format.h"  // SnapshotHeader, Uuid
#include "replay/result.h"               // Result

namespace bourse {

inline constexpr std::string_view snapshot_folder = "snap";

std::filesystem::path snapshot_path(const std::filesystem::path& directory, Sequence sequence,
                                    SnapshotKind kind = SnapshotKind::state);
std::optional<Sequence> parse_snapshot_name(std::string_view name,
                                            SnapshotKind kind = SnapshotKind::state);

// By name only, ascending. Empty where there is no folder.
Result<std::vector<Sequence>> list_snapshots(Disk& disk, const std::filesystem::path& directory,
                                             SnapshotKind kind = SnapshotKind::state);

struct SnapshotEntry {
  Sequence sequence{0};
  std::uint64_t bytes = 0;
  SnapshotHeader header{};
  std::optional<Error> unusable;  // why it cannot be relied upon
};

// Reads every byte of one: header, checksums, hash, and whose log it is of.
SnapshotEntry verify_snapshot(Disk& disk, const std::filesystem::path& directory, Sequence sequence,
                              const Uuid& journal);

// The newest one not above `last` that is sound; nullopt if there is none. What had to be passed
// over on the way is appended to `passed_over`, if given.
Result<std::optional<SnapshotEntry>> newest_snapshot(
    Disk& disk, const std::filesystem::path& directory, const Uuid& journal, Sequence last,
    std::vector<SnapshotEntry>* passed_over = nullptr);

}  // namespace bourse
