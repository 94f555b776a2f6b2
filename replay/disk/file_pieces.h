// A part of a file, piece by piece: the one loop of whoever reads all of it.
//   Shape:  pieces of at most 1 MiB, in order; `use` gets each one and where it lies, and may end
//           it with an error.
//   Owner:  one thread.
//   Errors: of the disk, with the file; a file that ends too early is an error of reading.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "replay/disk/disk.h"  // DiskFile, disk_error
#include "replay/result.h"     // Result

namespace bourse {

inline constexpr std::size_t piece_bytes = std::size_t{1} << 20;

template <class Use>  // Result<void>(std::span<const std::byte> piece, std::uint64_t offset)
Result<void> for_each_piece(const DiskFile& file, const std::filesystem::path& path,
                            std::uint64_t from, std::uint64_t to, Use use) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(piece_bytes, to - std::min(from, to)));
  for (std::uint64_t at = from; at < to;) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), to - at);
    const auto got = file.read(std::span(buffer).first(wanted), at);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", path));
    if (*got == 0) return std::unexpected(disk_error(EIO, "reading", path));
    if (auto used = use(std::span<const std::byte>(buffer).first(*got), at); !used) return used;
    at += *got;
  }
  return {};
}

}  // namespace bourse
