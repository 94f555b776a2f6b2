// The log: memory tail and segment files as one sequence of transactions. There is no other source
// of truth; everything else is a Cursor on it.
//   Shape:  <directory>/LOCK, watermark, <base sequence>-<epoch>.seg (sealed) and .open (being
//           written); docs/JOURNAL.md has every byte. The memory tail is a BroadcastRing.
//   Owner:  open() and the destructor belong to one thread, tail().writer() to the engine thread,
//           journal() to the journal thread; cursor() and released_sequence() to any thread.
//   Errors: open() refuses a directory that is in use, foreign, of another version, incomplete or
//           damaged, each with its ExitCode, the file, the range and what to do. It never drops
//           what was acknowledged: only a torn tail, which nobody has heard of, is cut (and kept
//           aside).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "matching/broadcast_ring.h"     // BroadcastRing
#include "matching/transaction.h"        // transaction_bytes_max
#include "matching/types.h"              // Sequence, TimeNs, Epoch
#include "matching/wait_strategy.h"      // WaitPoint
#include "replay/disk/disk.h"            // Disk
#include "replay/log/cursor.h"           // Cursor, Bound
#include "replay/log/durability.h"       // Durability
#include "replay/log/journal_writer.h"   // JournalWriter
#include "replay/log/log_format.h"       // Uuid
#include "replay/log/recovery_report.h"  // RecoveryReport
#include "replay/result.h"               // Result

namespace bourse {

struct LogOptions {
  std::filesystem::path directory;
  Durability durability = Durability::disk;
  std::uint64_t segment_bytes = std::uint64_t{256} << 20;
  std::size_t tail_bytes = std::size_t{64} << 20;  // rounded up to a power of two
  // The largest transaction that will be appended; the tail holds at least two of these.
  std::size_t transaction_bytes_max = bourse::transaction_bytes_max;
  // A whole small segment kept for the time when the disk is full, so that cancels still reach the
  // disk; 0 = none. Once used it is made again when there is room.
  std::uint64_t reserve_bytes = 0;
  // This log is a copy of another one: its records are appended as they are, sequence, time and
  // epoch with them. A new directory takes the id over; one that has another is refused.
  std::optional<Uuid> copy_of = {};
  // For tools: takes no lock, writes nothing, has no tail and no journal, and may read while an
  // exchange runs in another process (it then sees what that one has released). Damage at the end
  // does not keep it from opening: its cursors fail where the damage is.
  bool read_only = false;
  // Lay zeros ahead from a thread of the log's own. Off: the caller runs helper_step(), or nobody.
  bool helper_thread = true;
  Disk* disk = nullptr;  // nullptr: the files of this machine
};

class SegmentKeeper;
struct KeepPolicy;

class Log {
 public:
  static Result<std::unique_ptr<Log>> open(const LogOptions& options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // As found by open(): where the engine goes on. 0 for a new log. They do not move.
  Sequence last_sequence() const;
  TimeNs last_time() const;
  Epoch last_epoch() const;  // the next start opens the epoch after it
  Disk& disk() const;
  const std::filesystem::path& directory() const;
  const Uuid& journal_id() const;  // the same in all files of one log

  Sequence earliest_sequence() const;  // the oldest one that a cursor can deliver
  Sequence sealed_sequence() const;  // the last one in a sealed segment, 0 if there is none; moves
  Sequence released_sequence() const;  // nothing above it may leave the process; moves
  // The same, were it not for the stream: what is published to it. Differs at level replicated.
  Sequence local_sequence() const;  // REQUIRES: not read_only
  // The stream has stored everything up to it. One thread; whether more has been released by that.
  bool acknowledge(Sequence sequence);  // REQUIRES: not read_only
  // For who looks for definitions only: no transaction from `from` up to the one before the answer
  // defines an instrument. `from` itself where nothing is known.
  Result<Sequence> past_definitions(Sequence from) const;
  // Where readers sleep until more is released (the journal thread wakes it).
  WaitPoint& releases();  // REQUIRES: not read_only
  const RecoveryReport& recovery() const;

  BroadcastRing& tail();     // REQUIRES: not read_only
  JournalWriter& journal();  // REQUIRES: not read_only
  // One piece of the helper's work: zeros ahead, the watermark to the disk. False: nothing to do.
  bool helper_step();  // REQUIRES: not read_only, no helper_thread

  // Who compresses and deletes sealed segments, for a thread of its own; at most one. It must not
  // outlive the log.
  std::unique_ptr<SegmentKeeper> keeper(const KeepPolicy& policy);  // REQUIRES: not read_only

  // Fails if `from` is outside of [earliest, head + 1], naming what is available.
  Result<Cursor> cursor(Sequence from, Bound bound = Bound::released) const;

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  static Result<void> start_writing(State& state);
  static Result<void> start_reading(State& state);
  std::unique_ptr<State> state_;
};

}  // namespace bourse
