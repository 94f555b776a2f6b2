// Recovery: what every start does first. Proves that the directory holds one whole log and finds
// its end, by the rule of docs/JOURNAL.md.
//   Shape:  headers and footers of all segments, every record of the open one. A torn tail (bytes
//           that nobody was promised) is saved beside the segment and cut; damage below the durable
//           claim is refused.
//   Owner:  the thread that opens the log, with the directory's lock.
//   Errors: damaged, incomplete, foreign or of another version, each with file, range and remedy; a
//           read that fails is an I/O error, never damage. After an error nothing has been changed.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "replay/disk/directory.h"       // SegmentName
#include "replay/disk/disk.h"            // Disk
#include "replay/log/log_format.h"       // SegmentHeader, SegmentFooter, WatermarkSlot
#include "replay/log/recovery_report.h"  // RecoveryReport
#include "replay/log/segment_reader.h"   // SegmentReader
#include "replay/log/segment_writer.h"   // SegmentPosition
#include "replay/log/sparse_index.h"     // SparseIndex
#include "replay/log/stream_hash.h"      // StreamHash
#include "replay/log/watermark.h"        // NewestSlot
#include "replay/result.h"               // Result

namespace bourse {

struct Recovered {
  std::vector<SegmentName> segments;         // ascending
  std::vector<TimeNs> base_times;            // of each
  std::optional<SegmentHeader> last_header;  // of the newest; nullopt: a new log
  std::optional<SegmentFooter> last_footer;  // if the newest is sealed
  std::optional<NewestSlot> watermark;
  std::shared_ptr<SparseIndex> index;  // of the open segment
  SegmentPosition position;            // end of the log
  std::optional<Error> damage;         // only with repair = false: what lies after the end
  RecoveryReport report;
};

// The running hash of the file's first `end` bytes, to go on from.
Result<StreamHash> hash_of(const DiskFile& file, const std::filesystem::path& path,
                           std::uint64_t end);

// With `repair` the tail is cut, a seal that was begun is finished, and what is there is synced, so
// that all of it may be released. Without, nothing is changed: for readers.
Result<Recovered> recover(Disk& disk, const std::filesystem::path& directory, bool repair);

}  // namespace bourse
