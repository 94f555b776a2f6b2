#include "replay/disk/file_copy.h"

#include <span>
#include <vector>

#include <fmt/format.h>

namespace bourse {
namespace {

constexpr std::size_t copy_bytes = std::size_t{1} << 20;

}  // namespace

Result<std::uint64_t> copy_file(Disk& disk, const DiskFile& from,
                                const std::filesystem::path& from_path,
                                const std::filesystem::path& to) {
  const auto file = disk.open(to, OpenMode::create);
  if (!file) return std::unexpected(disk_error(file.error(), "making", to));
  std::vector<std::byte> buffer(copy_bytes);
  for (std::uint64_t at = 0;;) {
    const auto got = from.read(buffer, at);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", from_path));
    if (const auto put = (*file)->write(std::span(buffer).first(*got), at); !put) {
      return std::unexpected(disk_error(put.error(), "writing", to));
    }
    at += *got;
    if (*got < buffer.size()) {
      if (const auto synced = (*file)->sync(); !synced) {
        return std::unexpected(disk_error(synced.error(), "syncing", to));
      }
      return at;
    }
  }
}

Result<std::string> keep_damaged(Disk& disk, const std::filesystem::path& directory,
                                 const std::string& name) {
  // As it is on the disk, compressed or not.
  const auto file = disk.open(directory / name, OpenMode::read);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", directory / name));
  for (int n = 1;; ++n) {
    std::string kept = fmt::format("{}.damaged.{}", name, n);
    if (disk.open(directory / kept, OpenMode::read)) continue;
    const auto copied = copy_file(disk, **file, directory / name, directory / kept);
    if (!copied) return std::unexpected(copied.error());
    return kept;
  }
}

}  // namespace bourse
