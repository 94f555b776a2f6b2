// The watermark: how far the log was on the disk, kept in a file of its own, so that damage to the
// very last group is seen as damage and not taken for a torn tail.
//   Shape:  two slots of 4 KiB, written in turn; the sound one with the higher counter counts.
//   Owner:  write() the journal thread; sync() the helper thread, on its own open file; read() any.
//   Errors: errno of the disk. A file in which neither slot is sound is `damaged`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "replay/disk.h"        // Disk, DiskFile
#include "replay/log_format.h"  // WatermarkSlot
#include "replay/result.h"      // Result

namespace bourse {

class WatermarkWriter {
 public:
  // Makes the file if need be; the next write has a counter above `last_counter`.
  static DiskResult<WatermarkWriter> open(Disk& disk, const std::filesystem::path& directory,
                                          std::uint64_t last_counter);
  // Stamps magic, version, counter and checksum. Goes to the page cache only.
  DiskResult<void> write(WatermarkSlot slot);
  DiskResult<void> sync() { return file_->sync(); }

 private:
  WatermarkWriter(std::unique_ptr<DiskFile> file, std::uint64_t last_counter)
      : file_(std::move(file)), counter_(last_counter) {}
  std::unique_ptr<DiskFile> file_;
  std::uint64_t counter_;
};

// nullopt: no such file, or one without a single byte that is not zero (a start that was cut off).
Result<std::optional<WatermarkSlot>> read_watermark(Disk& disk,
                                                    const std::filesystem::path& directory);
// The same from an open file, for those who look often. nullopt: no sound slot at the moment.
std::optional<WatermarkSlot> newest_slot(const DiskFile& file);

}  // namespace bourse
