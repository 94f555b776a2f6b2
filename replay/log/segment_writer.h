// Writes one segment: header, groups of records, at last the seal.
//   Shape:  one pwrite per group; checksums are put in here, because they cover the file offset.
//   Owner:  the journal thread. The index may be searched by any thread meanwhile.
//   Errors: errno of the disk. After a failed write_group() nothing has moved: the same group may
//   be
//           written again to the same place, if its error says that this is of any use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "replay/disk/directory.h"    // SegmentName
#include "replay/disk/disk.h"         // Disk, DiskFile
#include "replay/log/log_format.h"    // SegmentHeader, SegmentFooter, CommitRecord
#include "replay/log/sparse_index.h"  // SparseIndex
#include "replay/log/stream_hash.h"   // StreamHash

namespace bourse {

// Where a segment stands: what recovery finds and what the writer moves on.
struct SegmentPosition {
  std::uint64_t offset = segment_header_bytes;  // of the next record
  Sequence last_sequence{0};                    // of the whole log
  TimeNs first_time{0};                         // of this segment, if it has a transaction
  TimeNs last_time{0};
  Epoch last_epoch{0};
  std::uint64_t group_number = 0;  // of the last group
  // Behind the last transaction of this segment that defines an instrument; 0: not known.
  std::uint32_t definitions_end = segment_header_bytes;
};

class SegmentWriter {
 public:
  // `file` is open for writing, has `header` at its start and is called `name`. `hash` covers what
  // lies before position.offset.
  SegmentWriter(std::shared_ptr<DiskFile> file, const SegmentName& name,
                const SegmentHeader& header, std::shared_ptr<SparseIndex> index, StreamHash hash,
                const SegmentPosition& position);

  // Whether a group of so many bytes fits and leaves room for the seal.
  bool has_room(std::size_t group_bytes) const;
  // So many bytes of these records, whole ones, fit behind a CommitRecord; an empty segment must
  // take the first one.
  std::size_t fitting(std::span<const std::byte> records) const;
  // What the seal may take behind a further group of so many bytes.
  std::uint64_t seal_bytes(std::size_t group_bytes) const;
  // It has no transaction. (It may have a COMMIT: recovery cuts behind the last sound record.)
  bool is_empty() const { return next(position_.last_sequence) == header_.base_sequence; }

  // `group` is room for a CommitRecord, then whole transactions without checksums. Fills in both.
  DiskResult<void> write_group(std::span<std::byte> group, std::uint64_t durable_offset,
                               Sequence durable_sequence);
  DiskResult<void> sync() { return file_->sync(); }

  std::uint64_t seal_end() const;  // where the file would end if it were sealed now
  // Writes seal, index and footer, cuts what lies behind, syncs. The name is the caller's to
  // change.
  DiskResult<SegmentFooter> seal();

  DiskFile& file() { return *file_; }
  const SegmentName& name() const { return name_; }
  const SegmentHeader& header() const { return header_; }
  const SegmentPosition& position() const { return position_; }
  const std::shared_ptr<SparseIndex>& index() const { return index_; }

 private:
  std::shared_ptr<DiskFile> file_;
  SegmentName name_;
  SegmentHeader header_;
  std::shared_ptr<SparseIndex> index_;
  StreamHash hash_;
  SegmentPosition position_;
  std::vector<IndexEntry> due_;  // entries of the group at hand
};

// The header that follows `footer`, or, with none, that of the first segment of a new log.
SegmentHeader next_header(const SegmentHeader* previous, const SegmentFooter* footer,
                          const Uuid& journal, Epoch epoch, std::uint64_t segment_bytes);

// So much of a new segment exists from the start: its first group always fits, and the seal behind
// it, because an empty segment could not be sealed.
std::uint64_t bytes_at_first(std::uint64_t segment_bytes, std::size_t record_max);

}  // namespace bourse
