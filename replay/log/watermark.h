// The watermark: how far the log was on the disk, kept in a file of its own, so that damage to the
// very last group is seen as damage and not taken for a torn tail.
//   Shape:  three slots of 4 KiB; the sound one with the highest counter counts. At any moment one
//           is safe on the disk and left alone, one waits to be synced, and one is being written
//           again and again; so a power cut can garble two of them and the third still tells.
//   Owner:  write() belongs to the journal thread, sync() to one other; they share two numbers.
//   Errors: errno of the disk. A file in which no slot is sound is `damaged`.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "replay/disk/disk.h"       // Disk, DiskFile
#include "replay/log/log_format.h"  // WatermarkSlot
#include "replay/result.h"          // Result

namespace bourse {

struct NewestSlot {
  WatermarkSlot slot;
  std::uint64_t index;  // of the slot in the file
};

class WatermarkWriter {
 public:
  // Makes the file if need be and syncs it. `newest`: what was found in it.
  static DiskResult<std::unique_ptr<WatermarkWriter>> open(Disk& disk,
                                                           const std::filesystem::path& directory,
                                                           const std::optional<NewestSlot>& newest);
  // Stamps magic, version, counter and checksum. Goes to the page cache only.
  DiskResult<void> write(WatermarkSlot slot);
  // What was written before the last turn to another slot is on the disk afterwards, and with it
  // everything if nothing is being written.
  DiskResult<void> sync();

 private:
  WatermarkWriter(std::unique_ptr<DiskFile> writing, std::unique_ptr<DiskFile> syncing,
                  const std::optional<NewestSlot>& newest);

  std::unique_ptr<DiskFile> writing_;
  std::unique_ptr<DiskFile> syncing_;  // an open file of its own: the two report their own errors
  std::uint64_t counter_;
  // Turn t writes to slot t % 3. The writer goes on to turn t + 1 once turn t - 1 is safe.
  //   turn_: written by write() (release: slots of earlier turns will not change), read by sync()
  //   safe_: written by sync() (release), read by write() (acquire): last turn safe on the disk
  std::atomic<std::uint64_t> turn_;
  std::atomic<std::uint64_t> safe_;
};

// nullopt: no such file, or one without a single byte that is not zero (a start that was cut off).
// Without a segment (`is_first_start`) also a single slot that is not sound: its first write was.
Result<std::optional<NewestSlot>> read_watermark(Disk& disk, const std::filesystem::path& directory,
                                                 bool is_first_start = false);
// The same from an open file, for those who look often. nullopt: no sound slot at the moment.
std::optional<WatermarkSlot> newest_slot(const DiskFile& file);

}  // namespace bourse
