// Opens the file of a segment, compressed or not: either way it reads as the raw one.
//   Owner:  a pure function.
//   Errors: of the disk; damage of a compressed file that cannot be opened at all.
#pragma once

#include <filesystem>
#include <memory>

#include "replay/disk/directory.h"  // SegmentName
#include "replay/disk/disk.h"       // Disk, DiskFile
#include "replay/result.h"          // Result

namespace bourse {

Result<std::unique_ptr<DiskFile>> open_segment_file(Disk& disk,
                                                    const std::filesystem::path& directory,
                                                    const SegmentName& name);

}  // namespace bourse
