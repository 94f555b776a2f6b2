// Everything that is wrong with a log, not only the first: for `bourse journal ls` and `verify`.
//   Shape:  each segment by itself, then how they follow each other, then the watermark.
//   Owner:  one thread. Reads only; an exchange may be running on the directory.
//   Errors: none but a directory that cannot be listed or is no log's: what is wrong is a Finding.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "replay/disk/disk.h"             // Disk
#include "replay/log/log_format.h"        // Uuid
#include "replay/log/watermark.h"         // NewestSlot
#include "replay/result.h"                // Result
#include "replay/upkeep/segment_check.h"  // SegmentCheck, Finding

namespace bourse {

struct LogCheck {
  std::vector<SegmentCheck> segments;  // by their base sequence
  std::vector<Finding> findings;
  std::optional<Uuid> journal;
  Sequence first{0};       // 0: there is no segment
  Sequence last{0};        // 0: there is no transaction
  Sequence deleted_to{0};  // by MANIFEST: up to there it was deleted on purpose
  std::uint64_t transactions = 0;
  std::uint64_t bytes = 0;  // of all segments
  bool in_use = false;      // an exchange is running on it

  bool has_damage() const;
  // ok, data_damaged, or io_error if nothing is damaged but something could not be read.
  ExitCode verdict() const;
};

// What the watermark and the next segment promise of one. `header`: nullptr if it is not sound;
// `next_base`: where the segment after it begins, 0 if there is none.
SegmentPromise promise_for(Disk& disk, const SegmentHeader* header, std::uint64_t next_base,
                           const std::optional<NewestSlot>& watermark, bool in_use);

// Bytes that check_log() will tell `progress` of, about.
Result<std::uint64_t> check_bytes(Disk& disk, const std::filesystem::path& directory);

// `is_locked_by_us`: the caller has the lock of the directory, so no exchange is running on it.
Result<LogCheck> check_log(
    Disk& disk, const std::filesystem::path& directory, CheckDepth depth,
    const CheckProgress& progress = [](std::uint64_t) {}, bool is_locked_by_us = false);

}  // namespace bourse
