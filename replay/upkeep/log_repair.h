// Mends a damaged log from another copy of the same one.
//   Shape:  per damaged segment: a mended file is made in <directory>/repair, of our bytes and, for
//           what is damaged of them, of the copy's; only when every checksum, the index and the
//           hash of it are right does it take the place of the damaged one, which is kept as
//           <file>.damaged.<n>. What is missing is taken whole. MANIFEST and the watermark are
//           written anew from what can be proven (mark_repair.h).
//   Owner:  one thread, with the lock of the directory; the copy is only read.
//   Errors: another log; a range that is damaged in both; the disk's. What was mended before the
//           error stays mended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "replay/disk/disk.h"         // Disk
#include "replay/result.h"            // Result
#include "replay/upkeep/log_check.h"  // LogCheck

namespace bourse {

struct MendedFile {
  std::string file;
  std::string kept_as;  // empty: it had been missing
  std::string how;      // in words, if it was not taken from the copy byte by byte
  // Taken from the copy, in bytes of the raw segment; empty: all of it.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
};

struct LogRepair {
  std::vector<MendedFile> mended;
  LogCheck after;  // everything once more
};

inline constexpr std::string_view repair_folder = "repair";

Result<LogRepair> repair_log(Disk& disk, const std::filesystem::path& directory,
                             const std::filesystem::path& copy);

}  // namespace bourse
