// Mends the two files that speak of segments: MANIFEST, which tells what was deleted on purpose,
// and the watermark, which tells how far the log was on the disk.
//   Shape:  each is written anew in <directory>/repair, of what can be proven, and takes the place
//           of the damaged one, which is kept as <file>.damaged.<n>.
//   Owner:  one thread, with the lock of the directory; the copy is only read.
//   Errors: of the disk. nullopt: there is nothing to mend, or nothing that would prove it.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "replay/disk/disk.h"          // Disk
#include "replay/result.h"             // Result
#include "replay/upkeep/log_check.h"   // LogCheck
#include "replay/upkeep/log_repair.h"  // MendedFile

namespace bourse {

// Of the sound records of both, and of segments that the copy still has. A deletion is believed
// only if a record of it is left here or in the copy, and if the oldest segment follows it.
Result<std::optional<MendedFile>> mend_manifest(Disk& disk, const std::filesystem::path& directory,
                                                const std::filesystem::path& copy,
                                                const LogCheck& ours, const LogCheck& theirs);

// Of the end of the log as its records say it: where all segments are sound, and the copy does not
// know of more.
Result<std::optional<MendedFile>> mend_watermark(Disk& disk, const std::filesystem::path& directory,
                                                 const LogCheck& ours, const LogCheck& theirs);

bool is_damaged(const LogCheck& check, std::string_view file);

}  // namespace bourse
