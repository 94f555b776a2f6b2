// The table at the end of a compressed segment: how long each zstd frame is, raw and compressed.
//   Shape:  a skippable frame: magic, length | per frame u32 compressed, u32 raw | u32 count, u8 0,
//           u32 magic. That of the zstd project's "seekable format", so its tools read it too.
//   Owner:  pure functions.
//   Errors: a table that does not fit its file is damage. What it says of a frame is believed only
//           together with the frame's own header and checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "replay/disk/disk.h"  // DiskFile
#include "replay/result.h"     // Result

namespace bourse {

struct SeekEntry {
  std::uint32_t compressed_bytes;
  std::uint32_t bytes;
};
static_assert(sizeof(SeekEntry) == 8);

std::vector<std::byte> seek_table(std::span<const SeekEntry> entries);
Result<std::vector<SeekEntry>> read_seek_table(const DiskFile& file,
                                               const std::filesystem::path& path);

}  // namespace bourse
