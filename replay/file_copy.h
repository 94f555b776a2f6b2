// Copies a file whole and makes it last.
//   Owner:  a pure function.
//   Errors: of the disk; a file that is there already is not overwritten.
#pragma once

#include <cstdint>
#include <filesystem>

#include "replay/disk.h"    // Disk, DiskFile
#include "replay/result.h"  // Result

namespace bourse {

// Returns how many bytes there were. The directory is the caller's to sync.
Result<std::uint64_t> copy_file(Disk& disk, const DiskFile& from,
                                const std::filesystem::path& from_path,
                                const std::filesystem::path& to);

}  // namespace bourse
