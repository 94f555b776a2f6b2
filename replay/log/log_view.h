// What all cursors of one log look at: the tail, the files, and how far they may be told.
//   Shape:  either inside the exchange (tail and marks) or, for tools, files only: bounded by what
//           the running exchange has released, or by the end that was found when none runs.
//   Owner:  made by Log; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "matching/broadcast_ring.h"     // BroadcastRing
#include "matching/types.h"              // Sequence
#include "replay/disk/disk.h"            // DiskFile
#include "replay/log/cursor.h"           // Bound
#include "replay/log/journal_marks.h"    // JournalMarks
#include "replay/log/segment_catalog.h"  // SegmentCatalog
#include "replay/result.h"               // Error

namespace bourse {

class LogView {
 public:
  LogView(SegmentCatalog& catalog, const BroadcastRing& tail, const JournalMarks& marks)
      : catalog_(&catalog), tail_(&tail), marks_(&marks) {}
  // Files only. `watermark`: of the exchange that is running in another process, else nullptr.
  LogView(SegmentCatalog& catalog, Sequence end, std::optional<Error> damage,
          std::unique_ptr<DiskFile> watermark)
      : catalog_(&catalog),
        end_(end.value()),
        damage_(std::move(damage)),
        watermark_(std::move(watermark)) {}

  Sequence head(Bound bound) const;
  Sequence earliest() const { return catalog_->earliest(); }
  // Whether the segment files hold it for certain.
  bool in_files(Sequence sequence) const;
  SegmentCatalog& catalog() const { return *catalog_; }
  const BroadcastRing* tail() const { return tail_; }                    // nullptr: files only
  const Error* damage() const { return damage_ ? &*damage_ : nullptr; }  // what lies after the head
  bool follows_another_process() const { return watermark_ != nullptr; }

  // "sequences 1 to 900 are there"
  Error outside(Sequence asked, Sequence head) const;

 private:
  SegmentCatalog* catalog_;
  const BroadcastRing* tail_ = nullptr;
  const JournalMarks* marks_ = nullptr;
  // Files only: any thread that looks may raise it to what the watermark says (relaxed: the files
  // themselves are what is read).
  mutable std::atomic<std::uint64_t> end_{0};
  std::optional<Error> damage_;
  std::unique_ptr<DiskFile> watermark_;
};

}  // namespace bourse
