// MANIFEST: which segments were deleted on purpose. Without it nothing was, and a segment that is
// not there is missing.
//   Shape:  records of 104 bytes, appended and synced before the segment goes; each with its own
//           checksum. A record that a power cut tore counts as never written.
//   Owner:  whoever has the lock of the directory appends; anybody reads.
//   Errors: damage before the last record. Damage to the last one looks like a torn record; the
//           segment that is missing then is what is complained about.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <type_traits>
#include <vector>

#include "replay/disk/disk.h"       // Disk
#include "replay/log/log_format.h"  // Uuid, Hash128
#include "replay/result.h"          // Result

namespace bourse {

inline constexpr std::array<char, 8> manifest_magic{'B', 'O', 'U', 'R', 'S', 'M', 'N', '1'};

enum class ManifestType : std::uint16_t {
  segment_deleted = 1,
};

struct ManifestRecord {
  std::array<char, 8> magic;  // manifest_magic
  std::uint32_t number;       // of the record, dense from 1
  ManifestType type;
  std::uint16_t reserved_;
  Uuid journal;
  TimeNs at;                     // wall clock, for people
  std::uint64_t segment_number;  // dense from 1: segments go oldest first
  Sequence base_sequence;
  Sequence last_sequence;
  TimeNs last_time;
  std::uint64_t file_bytes;  // as in its footer
  Hash128 hash;              // likewise: what the next segment calls previous_hash
  std::uint32_t reserved_too_;
  std::uint32_t crc32c;  // of all bytes before it
};
static_assert(sizeof(ManifestRecord) == 104 && std::is_trivially_copyable_v<ManifestRecord>);
static_assert(offsetof(ManifestRecord, number) == 8 && offsetof(ManifestRecord, type) == 12);
static_assert(offsetof(ManifestRecord, journal) == 16 && offsetof(ManifestRecord, at) == 32);
static_assert(offsetof(ManifestRecord, segment_number) == 40);
static_assert(offsetof(ManifestRecord, base_sequence) == 48);
static_assert(offsetof(ManifestRecord, last_sequence) == 56);
static_assert(offsetof(ManifestRecord, last_time) == 64);
static_assert(offsetof(ManifestRecord, file_bytes) == 72 && offsetof(ManifestRecord, hash) == 80);
static_assert(offsetof(ManifestRecord, crc32c) == 100);

struct Manifest {
  std::optional<ManifestRecord> last;  // nullopt: nothing was ever deleted
  std::uint64_t bytes = 0;             // of sound records; what follows them is torn

  // Of the oldest segment that should be there.
  std::uint64_t first_number() const { return last ? last->segment_number + 1 : 1; }
};

Result<Manifest> read_manifest(Disk& disk, const std::filesystem::path& directory);

// For a repair: every sound record that stands in its place, whatever lies between; and a new file
// of these, numbered anew and synced. Its name is the caller's to make safe.
Result<std::vector<ManifestRecord>> sound_manifest_records(Disk& disk,
                                                           const std::filesystem::path& directory);
Result<void> write_manifest(Disk& disk, const std::filesystem::path& path,
                            std::vector<ManifestRecord> records);

// Fills in magic, numbers and checksum. When it returns, the record is on the disk.
Result<void> append_manifest(Disk& disk, const std::filesystem::path& directory,
                             ManifestRecord record);

}  // namespace bourse
