// What becomes of sealed segments: compressed when they are cold, deleted when nobody needs them.
//   Shape:  a passive object; step() does one segment and returns. Deleting goes oldest first and
//           never beyond the second newest sound snapshot or a registered reader; the newest sealed
//           segment stays. MANIFEST says it before the file goes.
//   Units:  ages in nanoseconds by the time of a segment's last transaction; bytes on the disk.
//   Owner:  one thread, beside the journal thread and any cursors. counters() from any thread.
//   Errors: step() answers `failed` and failure() says why; the log is as good as before, and the
//           next step tries again.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>

#include "replay/disk/disk.h"                // Disk
#include "replay/log/log_format.h"           // Uuid
#include "replay/log/segment_catalog.h"      // SegmentCatalog
#include "replay/log/segment_compression.h"  // Compressed
#include "replay/result.h"                   // Error

namespace bourse {

struct KeepPolicy {
  bool compress = false;
  std::uint64_t compress_after_ns = 0;
  std::uint64_t retain_ns = 0;     // 0: any age
  std::uint64_t retain_bytes = 0;  // of all segments together; 0: any
  // Up to where sound snapshots make the log dispensable; 0: there are none. Empty: the second
  // newest in <directory>/snap; both are read to the last byte each time that something is due.
  std::function<Result<Sequence>()> snapshot = {};
};

struct KeeperCounters {
  std::uint64_t compressed = 0;  // segments
  std::uint64_t raw_bytes = 0;   // before
  std::uint64_t compressed_bytes = 0;
  std::uint64_t deleted = 0;
  std::uint64_t deleted_bytes = 0;
  std::uint64_t failures = 0;
};

class SegmentKeeper {
 public:
  // The references outlive it.
  SegmentKeeper(Disk& disk, std::filesystem::path directory, const KeepPolicy& policy,
                SegmentCatalog& catalog, const Uuid& journal);

  enum class Step : std::uint8_t { idle = 1, worked = 2, failed = 3 };
  // `goes_on` is asked while it compresses: false gives up (idle).
  Step step(TimeNs now, const std::function<bool()>& goes_on = [] { return true; });

  KeeperCounters counters() const;
  Error failure() const;

 private:
  using Counter = std::atomic<std::uint64_t>;  // written by step(), relaxed: publishes nothing

  Result<bool> delete_one(TimeNs now);
  Result<bool> compress_one(TimeNs now, const std::function<bool()>& goes_on);
  Result<bool> finish_one();
  Result<Sequence> covered_by_snapshots(Sequence last);
  Result<bool> is_needed(Sequence last);
  Result<std::uint64_t> bytes_of(const SegmentName& name) const;

  Disk& disk_;
  const std::filesystem::path directory_;
  const KeepPolicy policy_;
  SegmentCatalog& catalog_;
  const Uuid journal_;
  Counter compressed_{0};
  Counter raw_bytes_{0};
  Counter compressed_bytes_{0};
  Counter deleted_{0};
  Counter deleted_bytes_{0};
  Counter failures_{0};
  mutable std::mutex failure_lock_;  // cold
  Error failure_;
};

}  // namespace bourse
