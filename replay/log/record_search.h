// Where the next sound record is, behind bytes that are none.
//   Shape:  looks at every multiple of 8; a checksum that covers its own place makes a mistake as
//           good as impossible.
//   Owner:  pure functions on an open file.
#pragma once

#include <cstdint>
#include <optional>

#include "replay/disk/disk.h"  // DiskFile

namespace bourse {

struct RecordSearch {
  std::uint64_t found = 0;     // its offset, or `to` if there is none
  std::uint64_t data_end = 0;  // behind the last byte that is not zero before `found`; 0: none
  int read_error = 0;          // on the way, an errno; what could not be read was passed over
};

// In [from, to); `from` is a multiple of 8.
RecordSearch find_sound_record(const DiskFile& file, std::uint64_t salt, std::uint64_t from,
                               std::uint64_t to);

}  // namespace bourse
