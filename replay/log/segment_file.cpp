#include "replay/log/segment_file.h"

#include <utility>

#include "replay/log/compressed_file.h"  // CompressedFile

namespace bourse {

Result<std::unique_ptr<DiskFile>> open_segment_file(Disk& disk,
                                                    const std::filesystem::path& directory,
                                                    const SegmentName& name) {
  const auto path = directory / to_string(name);
  auto file = disk.open(path, OpenMode::read);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", path));
  if (!name.compressed) return std::move(*file);
  auto readable = CompressedFile::open(std::move(*file), path);
  if (!readable) return std::unexpected(std::move(readable.error()));
  return std::move(*readable);
}

}  // namespace bourse
