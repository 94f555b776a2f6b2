// One record on disk: its checksum, and whether bytes are a whole, sound record.
//   Shape:  the checksum covers the length, everything after the checksum itself, the segment's
//   salt
//           and the record's offset in the file. So bytes that are stale, shifted or swapped fail.
//   Owner:  pure functions on caller's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "replay/log_format.h"  // RecordHeader

namespace bourse {

enum class RecordState : std::uint8_t {
  sound = 1,
  end = 2,         // length 0: nothing was written here
  incomplete = 3,  // may be sound, but the bytes end before it does
  damaged = 4,
};

// REQUIRES: record.size() is the record's length.
std::uint32_t record_crc(std::span<const std::byte> record, std::uint64_t salt,
                         std::uint64_t offset);

// Judges the record at the start of `bytes`, which lie at `offset` of their file. Bytes after the
// record do not matter.
RecordState check_record(std::span<const std::byte> bytes, std::uint64_t salt,
                         std::uint64_t offset);

RecordHeader record_header(const std::byte* record);  // a copy
void set_record_crc(std::byte* record, std::uint32_t crc);

}  // namespace bourse
