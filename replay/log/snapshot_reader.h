// One snapshot file, for reading: its checked header, its sections, each alone or all at once.
//   Shape:  opening reads the header and the table of the sections; a section is read when asked
//           for and checked by its own checksum, so that one book costs a few KiB.
//   Owner:  after open() any number of threads.
//   Errors: damaged, foreign, of another version, wrongly named: each with the file and the reason.
//           Nothing in a snapshot is irreplaceable: `next` says what is used instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replay/disk/disk.h"            // Disk, DiskFile
#include "replay/log/snapshot_format.h"  // SnapshotHeader, SnapshotSection
#include "replay/result.h"               // Result

namespace bourse {

class SnapshotReader {
 public:
  static Result<std::shared_ptr<const SnapshotReader>> open(
      Disk& disk, const std::filesystem::path& directory, Sequence sequence,
      SnapshotKind kind = SnapshotKind::state);

  const std::filesystem::path& path() const { return path_; }
  const SnapshotHeader& header() const { return header_; }

  // Reads every byte and compares the hash.
  Result<void> verify() const;

  // nullptr if the file has none of this kind.
  const SnapshotSection* section(SnapshotSectionKind kind) const;

  // All records of a section that the file must have, checked.
  template <class Record>
  Result<std::vector<Record>> records(SnapshotSectionKind kind) const {
    static_assert(std::is_trivially_copyable_v<Record> && alignof(Record) <= 8);
    const SnapshotSection* const found = section(kind);
    if (found == nullptr || found->record_bytes != sizeof(Record)) return no_section(kind);
    std::vector<Record> out(found->record_count);
    auto done = read(std::as_writable_bytes(std::span(out)), found->offset, found->crc32c);
    if (!done) return std::unexpected(std::move(done.error()));
    return out;
  }
  // Some records of a section, checked by the checksum that the caller has for them.
  template <class Record>
  Result<std::vector<Record>> some(SnapshotSectionKind kind, std::uint64_t first,
                                   std::uint64_t count, std::uint32_t crc) const {
    const SnapshotSection* const found = section(kind);
    if (found == nullptr || found->record_bytes != sizeof(Record)) return no_section(kind);
    if (first > found->record_count || count > found->record_count - first) {
      return std::unexpected(unusable("a symbol names orders that are not there"));
    }
    std::vector<Record> out(count);
    auto done =
        read(std::as_writable_bytes(std::span(out)), found->offset + first * sizeof(Record), crc);
    if (!done) return std::unexpected(std::move(done.error()));
    return out;
  }

  Error unusable(std::string why) const;

 private:
  SnapshotReader() = default;
  Result<void> check(Sequence sequence);
  Result<void> check_sections();
  Result<void> read(std::span<std::byte> into, std::uint64_t offset, std::uint32_t crc) const;
  std::unexpected<Error> no_section(SnapshotSectionKind kind) const;

  std::filesystem::path path_;
  std::unique_ptr<DiskFile> file_;
  SnapshotHeader header_{};
  std::vector<SnapshotSection> sections_;
};

// Stamps magic, version, size and checksum.
void finish_header(SnapshotHeader& header);

}  // namespace bourse
