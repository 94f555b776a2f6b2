// The directory of a log: which files are in it, what they are called, and who may write.
//   Shape:  LOCK | watermark | <base sequence:020>-<epoch:08x>.seg or .seg.zst (compressed) ... and
//           one .open, the newest | MANIFEST (what was deleted) | next.prealloc, reserve.prealloc
//           (zeros, to become segments) | <segment>.torn.<n> (cut tails) | snap/, readers/.
//   Owner:  whoever opens the log; not safe against a second writer, which the lock keeps away.
//   Errors: a directory that holds other things and no segment is refused as foreign.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/types.h"    // Sequence, Epoch
#include "replay/disk/disk.h"  // Disk, DiskFile
#include "replay/result.h"     // Result

namespace bourse {

inline constexpr std::string_view lock_name = "LOCK";
inline constexpr std::string_view watermark_name = "watermark";
inline constexpr std::string_view next_segment_name = "next.prealloc";
inline constexpr std::string_view reserve_name = "reserve.prealloc";
inline constexpr std::string_view manifest_name = "MANIFEST";
inline constexpr std::string_view unfinished_suffix = ".tmp";  // of a segment being compressed

struct SegmentName {
  Sequence base{0};
  Epoch epoch{0};
  bool sealed = false;
  bool compressed = false;  // only a sealed one
  friend auto operator<=>(const SegmentName&, const SegmentName&) = default;
};

std::string to_string(const SegmentName& name);
std::optional<SegmentName> parse_segment_name(std::string_view name);

struct DirectoryListing {
  // Ascending by base sequence. Of one that is there raw and compressed only the raw one: a crash
  // came between the two steps, or nobody has removed the raw one yet.
  std::vector<SegmentName> segments;
  bool has_watermark = false;
  bool has_next_segment = false;
  bool has_reserve = false;
  std::vector<std::string> strangers;  // files that are none of the log's
};

Result<DirectoryListing> list_directory(Disk& disk, const std::filesystem::path& directory);

// Makes the directory if need be and takes its lock; the lock lives as long as the returned file.
Result<std::unique_ptr<DiskFile>> lock_directory(Disk& disk,
                                                 const std::filesystem::path& directory);

// Whether some process holds the lock now.
bool is_directory_in_use(Disk& disk, const std::filesystem::path& directory);

}  // namespace bourse
