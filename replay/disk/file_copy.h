// Copies a file whole and makes it last.
//   Owner:  a pure function.
//   Errors: of the disk; a file that is there already is not overwritten.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "replay/disk/disk.h"  // Disk, DiskFile
#include "replay/result.h"     // Result

namespace bourse {

// Returns how many bytes there were. The directory is the caller's to sync.
Result<std::uint64_t> copy_file(Disk& disk, const DiskFile& from,
                                const std::filesystem::path& from_path,
                                const std::filesystem::path& to);

// Copies a damaged file to <name>.damaged.<n> beside it, before another one takes its place.
// Returns that name.
Result<std::string> keep_damaged(Disk& disk, const std::filesystem::path& directory,
                                 const std::string& name);

}  // namespace bourse
