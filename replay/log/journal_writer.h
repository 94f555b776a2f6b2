// The journal thread's work: takes what the engine has appended to the memory tail, writes it to
// the open segment as one group, makes it as durable as was promised and releases it.
//   Shape:  a passive object; step() takes all that is there (at most 1 MiB, at least one record),
//           so groups form by themselves while the disk works: there is no timer.
//   Owner:  step() and finish() belong to the journal thread; all else may be asked by any thread.
//   Errors: a failed write or fdatasync is never tried again: the state is then `failed` for good,
//           nothing more is released, and failure() says what to tell the operator. A full disk is
//           `degraded`: take no new orders; what reduces risk is written into blocks that are there
//           already and into the reserve. When those are used up too it is `stalled`: nothing is
//           lost and nothing released until there is room. Both end by themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "matching/broadcast_ring.h"     // BroadcastRing::GatingReader
#include "matching/types.h"              // Sequence, Epoch
#include "replay/disk/disk.h"            // Disk
#include "replay/log/durability.h"       // Durability
#include "replay/log/journal_marks.h"    // JournalMarks
#include "replay/log/log_format.h"       // SegmentHeader, SegmentFooter, Uuid
#include "replay/log/power_histogram.h"  // PowerHistogram
#include "replay/log/preallocator.h"     // Preallocator
#include "replay/log/segment_catalog.h"  // SegmentCatalog
#include "replay/log/segment_writer.h"   // SegmentWriter
#include "replay/log/watermark.h"        // WatermarkWriter
#include "replay/result.h"               // Error, Result

namespace bourse {

// A reserve holds at least this and the largest transaction.
inline constexpr std::uint64_t reserve_overhead_bytes = std::uint64_t{16} << 10;

enum class JournalState : std::uint8_t { writing = 1, degraded = 2, stalled = 3, failed = 4 };

// Counters since the start; each may be read by any thread.
struct JournalCounters {
  std::uint64_t groups = 0;  // writes, each followed by one fdatasync at level disk
  std::uint64_t transactions = 0;
  std::uint64_t bytes = 0;          // written to segments, all records
  std::uint64_t segments = 0;       // sealed since the start
  std::uint64_t unprepared = 0;     // groups that had to write beyond the zeros laid ahead
  std::uint64_t degraded = 0;       // times that the disk was found full
  std::uint64_t reserve_bytes = 0;  // of the reserve that are laid now
};

// From 1 us to 2 s, and from 1 transaction to 16,384.
using SyncTimes = PowerHistogram<1000, 23>;  // nanoseconds inside one fdatasync
using GroupSizes = PowerHistogram<1, 16>;    // transactions of one write

// What the journal works with; the references outlive it.
struct JournalParts {
  Disk& disk;
  std::filesystem::path directory;
  Durability durability;
  std::uint64_t segment_bytes;
  std::size_t transaction_bytes_max;
  Uuid journal;
  SegmentCatalog& catalog;
  Preallocator& preallocator;
  JournalMarks& marks;
  WatermarkWriter& watermark;
  BroadcastRing::GatingReader tail;
  std::optional<SegmentWriter> segment;          // the open one, as recovered
  std::optional<SegmentHeader> previous_header;  // else the newest sealed one, if there is any
  std::optional<SegmentFooter> previous_footer;
};

class JournalWriter {
 public:
  explicit JournalWriter(JournalParts parts);  // made by Log::open()
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // Makes a segment for `epoch` if none is open. Log::open() calls it.
  Result<void> open_segment(Epoch epoch);

  enum class Step : std::uint8_t {
    idle = 1,     // the tail had nothing new: wait as the configuration says
    wrote = 2,    // call again at once
    stalled = 3,  // no room on the disk: wait a little, then call again
    failed = 4,   // stop the process; see failure()
  };
  Step step();

  // A clean end: writes what is left, makes it durable at any level. Call it after the engine
  // thread has ended, instead of further steps.
  Result<void> finish();

  // Whether step() would find something: what to ask between prepare() and park() on the tail.
  bool has_work() const;

  JournalState state() const;
  Error failure() const;  // why the state is not `writing`

  const JournalMarks& marks() const;
  JournalCounters counters() const;
  const SyncTimes& sync_times() const;
  const GroupSizes& group_sizes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
