// Finds the end of the open segment and decides whether what follows is a torn tail or damage.
//   Shape:  every record up to the first byte X that is not a sound one; then all of the rest, for
//           bytes that are not zero and for CommitRecords, whose claims say what had been promised.
//   Owner:  the thread that recovers.
//   Errors: ExitCode::io_error if a read fails; what is damaged is a finding, not an error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "replay/log/log_format.h"      // WatermarkSlot
#include "replay/log/segment_reader.h"  // SegmentReader
#include "replay/log/segment_writer.h"  // SegmentPosition
#include "replay/log/sparse_index.h"    // SparseIndex
#include "replay/result.h"              // Result

namespace bourse {

struct TailScan {
  SegmentPosition position;  // X, and what is before it
  std::shared_ptr<SparseIndex> index;
  std::uint64_t tail_end = 0;  // behind the last byte after X that is not zero; 0: none
  std::uint64_t file_bytes = 0;
  bool is_sealed = false;       // a sound SealRecord stands at X: the seal was begun
  std::optional<Error> damage;  // promised bytes are not there
};

// `claimed_offset`: what the watermark promises of this segment. `before`: where the log stood at
// the end of the segment before.
Result<TailScan> scan_tail(const SegmentReader& segment, const SegmentPosition& before,
                           std::uint64_t claimed_offset);

}  // namespace bourse
