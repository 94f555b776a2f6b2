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
#include <string>
#include <vector>

#include "matching/types.h"         // Sequence, TimeNs, Epoch
#include "replay/cursor.h"          // Cursor, Bound
#include "replay/journal_writer.h"  // JournalWriter
#include "replay/result.h"          // Result

namespace bourse {

class BroadcastRing;
class Disk;

// When a transaction may leave the process.
enum class Durability : std::uint8_t {
  memory = 1,  // written to the page cache: survives a crash of the process
  disk = 2,    // after fdatasync: survives a crash of the machine
};

struct LogOptions {
  std::filesystem::path directory;
  Durability durability = Durability::disk;
  std::uint64_t segment_bytes = std::uint64_t{256} << 20;
  std::size_t tail_bytes = std::size_t{64} << 20;  // rounded up to a power of two
  // For tools: takes no lock, writes nothing, has no tail and no journal, and may read while an
  // exchange runs in another process (it then sees what that one has released).
  bool read_only = false;
  Disk* disk = nullptr;  // nullptr: the files of this machine
};

// What open() found and did; for the start-up message.
struct RecoveryReport {
  std::uint32_t segments = 0;
  std::uint64_t bytes_scanned = 0;  // of the open segment
  std::uint64_t torn_bytes = 0;     // cut from the end, never acknowledged
  std::filesystem::path torn_file;  // where they are kept
  bool created = false;             // the directory was new
  std::vector<std::string> warnings;
};

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

  Sequence earliest_sequence() const;  // the oldest one that a cursor can deliver
  Sequence released_sequence() const;  // nothing above it may leave the process; moves
  const RecoveryReport& recovery() const;

  BroadcastRing& tail();     // REQUIRES: not read_only
  JournalWriter& journal();  // REQUIRES: not read_only

  // Fails if `from` is outside of [earliest, head + 1], naming what is available.
  Result<Cursor> cursor(Sequence from, Bound bound = Bound::released) const;

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bourse
