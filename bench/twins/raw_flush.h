// The disk without any of ours: what one flush costs at this moment.
//   Units:  nanoseconds.
//   Owner:  the calling thread.
//   Errors: what the disk refuses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "replay/result.h"  // Result

namespace bourse {

// `prepared`: 4 KiB and fdatasync into zeros that are there already, the least that a durable write
// can cost. Not prepared: `bytes` appended to a growing file and fdatasync, what one writes first.
struct RawFlush {
  bool is_prepared = true;
  std::size_t bytes = 4096;
  std::size_t count = 500;
};

// Each flush alone, one after the other. The file is removed again.
Result<std::vector<std::int64_t>> measure_raw_flush(const std::filesystem::path& directory,
                                                    const RawFlush& flush);

}  // namespace bourse
