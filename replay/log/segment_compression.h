// Makes the compressed form of a sealed segment, and proves it before anything is deleted.
//   Shape:  compress into <segment>.seg.zst.tmp, sync, read back and compare with the hash that the
//           segment has had since it was sealed, give it its name, sync the directory. The raw file
//           is still there then; remove_segment() takes it away once readers are told of the other.
//           A crash between any two steps leaves the raw file, the compressed one, or both.
//   Owner:  one thread; readers may have the raw file open.
//   Errors: of the disk; damage when the raw segment is not what its footer says: it is left alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "replay/disk/directory.h"  // SegmentName
#include "replay/disk/disk.h"       // Disk
#include "replay/result.h"          // Result

namespace bourse {

struct Compressed {
  std::uint64_t raw_bytes = 0;
  std::uint64_t compressed_bytes = 0;
};

inline constexpr int compression_level = 3;

// `raw`: a sealed one. `goes_on` is asked between frames; false gives up (ExitCode::interrupted).
Result<Compressed> compress_segment(
    Disk& disk, const std::filesystem::path& directory, const SegmentName& raw,
    const std::function<bool()>& goes_on = [] { return true; });

// Removes the file for good. The raw one: only after compress_segment() has succeeded.
Result<void> remove_segment(Disk& disk, const std::filesystem::path& directory,
                            const SegmentName& name);

}  // namespace bourse
