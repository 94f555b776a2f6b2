// One record on disk: its checksum, and whether bytes are a whole, sound record.
//   Shape:  the checksum covers the length, everything after the checksum itself, the segment's
//   salt
//           and the record's offset in the file. So bytes that are stale, shifted or swapped fail.
//   Owner:  pure functions on caller's memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "replay/log/log_format.h"  // RecordHeader

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

// The checksums of three records of one segment at once. The processor adds a word to a checksum
// every cycle but takes three for each one, so three that do not wait for each other cost what one
// does. REQUIRES: lengths are multiples of 8, at least that of a RecordHeader.
struct RecordPlace {
  const std::byte* bytes;
  std::uint32_t length;
  std::uint64_t offset;  // in the file
};
std::array<std::uint32_t, 3> record_crcs(const std::array<RecordPlace, 3>& records,
                                         std::uint64_t salt);

// Bytes of whole, sound records at the start of `bytes`, which lie at `offset` of their file: three
// records at a time, until `enough` or more are found, or one of the next three is not whole and
// sound. Their checksums read 0 from then on: they have done their duty. What follows may be sound
// all the same: check_record() tells of it alone.
std::size_t take_sound(std::span<std::byte> bytes, std::uint64_t salt, std::uint64_t offset,
                       std::size_t enough);

// Judges the record at the start of `bytes`, which lie at `offset` of their file. Bytes after the
// record do not matter.
RecordState check_record(std::span<const std::byte> bytes, std::uint64_t salt,
                         std::uint64_t offset);

inline RecordHeader record_header(const std::byte* record) {  // a copy
  RecordHeader header;
  std::memcpy(&header, record, sizeof header);
  return header;
}
// Whether it is a transaction that defines or changes an instrument: nothing else does.
bool defines_instrument(std::span<const std::byte> record);
inline void set_record_crc(std::byte* record, std::uint32_t crc) {
  std::memcpy(record + offsetof(RecordHeader, crc32c), &crc, sizeof crc);
}

}  // namespace bourse
