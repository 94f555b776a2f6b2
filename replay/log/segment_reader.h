// One segment, for reading: its checked header, its footer if it is sealed, its index.
//   Shape:  opening reads 4 KiB and, of a sealed segment, the footer; the index when first asked
//   for. Owner:  after open() any number of threads; index() locks while it loads. Errors: foreign,
//   of another version, damaged, wrongly named: each with file and bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "replay/disk/directory.h"    // SegmentName
#include "replay/disk/disk.h"         // Disk, DiskFile
#include "replay/log/log_format.h"    // SegmentHeader, SegmentFooter
#include "replay/log/sparse_index.h"  // SparseIndex
#include "replay/result.h"            // Result

namespace bourse {

class SegmentReader {
 public:
  // `live_index`: of the open segment, when its writer lives in this process; else nullptr.
  static Result<std::shared_ptr<SegmentReader>> open(
      Disk& disk, const std::filesystem::path& directory, const SegmentName& name,
      std::shared_ptr<const SparseIndex> live_index = nullptr);

  const std::filesystem::path& path() const { return path_; }
  const SegmentName& name() const { return name_; }
  const SegmentHeader& header() const { return header_; }
  const std::optional<SegmentFooter>& footer() const { return footer_; }
  const DiskFile& file() const { return *file_; }

  // From the footer; else, or if that is damaged, by reading the segment.
  Result<std::shared_ptr<const SparseIndex>> index() const;

 private:
  SegmentReader() = default;
  Result<void> check_footer();
  std::shared_ptr<const SparseIndex> load_index() const;  // nullptr: damaged
  Result<std::shared_ptr<const SparseIndex>> build_index() const;

  std::filesystem::path path_;
  SegmentName name_;
  std::unique_ptr<DiskFile> file_;
  SegmentHeader header_{};
  std::optional<SegmentFooter> footer_;
  mutable std::mutex index_lock_;  // cold: the first seek in this segment
  mutable std::shared_ptr<const SparseIndex> index_;
};

// Stamps magic, version, size and checksum.
void finish_header(SegmentHeader& header);
void finish_footer(SegmentFooter& footer);

}  // namespace bourse
