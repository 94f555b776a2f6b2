// The snapshotter: one more cursor on the log. It goes on from its last snapshot in an engine of
// its own, executes what was sealed or released since and compares every byte, and writes the next
// snapshot. The engine that trades knows nothing of it.
//   Shape:  a passive object; due() is cheap, take() takes as long as the transactions since the
//           last snapshot and as much memory as the state, and gives it back.
//   Units:  transactions, sequences.
//   Owner:  one thread; counters may be read by any.
//   Errors: answer_is_no: executed again, the log gives something else: the engine is not
//           deterministic, or memory has failed. No snapshot is taken after that. All others leave
//           things as they are: the next due() is the next try.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "matching/engine.h"             // EngineLimits
#include "replay/log/log.h"              // Log
#include "replay/log/snapshot_format.h"  // SnapshotHeader
#include "replay/result.h"               // Result

namespace bourse {

struct SnapshotPolicy {
  std::uint64_t every_transactions = 1'000'000;  // 0: never by their number
  bool at_seal = true;                           // whenever a segment is full
  std::uint32_t keep = 3;                        // older ones are removed; at least 1
  std::uint64_t books_every = 32'768;            // transactions between keyframes; 0: none
};

class Snapshotter {
 public:
  // `newest`: the snapshot that the exchange was restored from, 0 if none.
  Snapshotter(const Log& log, const SnapshotPolicy& policy, const EngineLimits& limits,
              Sequence newest);

  // The sequence of the snapshot that should be taken now; nullopt: none.
  std::optional<Sequence> due() const;
  // `now` is for people. `stop` is asked now and then; true ends it with `interrupted`.
  Result<SnapshotHeader> take(Sequence upto, TimeNs now, const std::function<bool()>& stop = {});

  // Any thread. The newest snapshot that was taken or restored from, every byte checked.
  Sequence newest() const { return Sequence{newest_.load(std::memory_order_acquire)}; }
  std::uint64_t taken_count() const { return taken_.load(std::memory_order_relaxed); }
  std::uint64_t failed_count() const { return failed_.load(std::memory_order_relaxed); }
  std::uint64_t executed_count() const { return executed_.load(std::memory_order_relaxed); }
  std::uint64_t last_bytes() const { return last_bytes_.load(std::memory_order_relaxed); }
  bool has_diverged() const { return has_diverged_.load(std::memory_order_relaxed); }

 private:
  Result<SnapshotHeader> take_now(Sequence upto, TimeNs now, const std::function<bool()>& stop);
  void remove_old() const;

  const Log& log_;
  const SnapshotPolicy policy_;
  const EngineLimits limits_;
  std::atomic<std::uint64_t> newest_;  // release: the file is there
  // Relaxed: they publish nothing but themselves.
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> executed_{0};  // transactions compared with the log
  std::atomic<std::uint64_t> last_bytes_{0};
  std::atomic<bool> has_diverged_{false};
};

// What a restored state is written as; also for tools.
struct Restored;
Result<SnapshotHeader> save_snapshot(const Log& log, const Restored& state, TimeNs now);

}  // namespace bourse
