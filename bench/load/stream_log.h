// A log that was filled by the product's own sequencer and engine from the seeded order stream.
//   Shape:  one function that leaves a closed log behind.
//   Owner:  the calling thread; journal and engine take turns on it.
//   Errors: those of the log.
#pragma once

#include <cstdint>
#include <filesystem>

#include "matching/types.h"  // Sequence
#include "replay/result.h"   // Result

namespace bourse {

struct StreamLog {
  std::uint64_t transactions = 0;
  std::uint64_t bytes = 0;  // of the segment files, as far as they are written
};

// REQUIRES: `directory` does not exist or holds no log.
Result<StreamLog> fill_stream_log(const std::filesystem::path& directory, std::uint64_t commands,
                                  std::uint64_t seed);

}  // namespace bourse
