// What the start of the log found and did, for the message that the operator sees.
//   Owner:  a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bourse {

struct RecoveryReport {
  std::size_t segments = 0;
  std::uint64_t bytes_scanned = 0;  // of the open segment
  std::uint64_t torn_bytes = 0;     // cut from the end; nobody had been told of them
  std::filesystem::path torn_file;  // where they are kept
  bool created = false;             // the directory was new
  std::vector<std::string> warnings;
};

}  // namespace bourse
