// Readers of the log that retention waits for: an archiver, a replica, a nightly job.
//   Shape:  <directory>/readers/<name>: a text file with the sequence that the reader needs next,
//           in decimal. Whoever reads writes it (a new file, then rename) and removes it when done.
//   Owner:  free functions; any thread or process.
//   Errors: of the disk. A file that holds no number needs everything.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/types.h"    // Sequence
#include "replay/disk/disk.h"  // Disk
#include "replay/result.h"     // Result

namespace bourse {

inline constexpr std::string_view readers_folder = "readers";

struct RegisteredReader {
  std::string name;
  Sequence needs{0};  // this one and all behind it
};

Result<std::vector<RegisteredReader>> registered_readers(Disk& disk,
                                                         const std::filesystem::path& directory);
// Retention keeps `needs` and all behind it for this reader.
Result<void> register_reader(Disk& disk, const std::filesystem::path& directory,
                             const RegisteredReader& reader);
// Retention no longer waits for it.
Result<void> forget_reader(Disk& disk, const std::filesystem::path& directory,
                           const std::string& name);

}  // namespace bourse
