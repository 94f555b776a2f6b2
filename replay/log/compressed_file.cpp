#include "replay/log/compressed_file.h"

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "replay/log/damage.h"      // damage_error
#include "replay/log/seek_table.h"  // SeekEntry, read_seek_table

namespace bourse {

Result<std::unique_ptr<CompressedFile>> CompressedFile::open(std::unique_ptr<DiskFile> file,
                                                             const std::filesystem::path& path) {
  const auto table = read_seek_table(*file, path);
  if (!table) return std::unexpected(table.error());
  std::vector<Frame> frames;
  frames.reserve(table->size());
  std::uint64_t offset = 0;
  std::uint64_t compressed_offset = 0;
  for (const SeekEntry& entry : *table) {
    frames.push_back({.offset = offset,
                      .compressed_offset = compressed_offset,
                      .bytes = entry.bytes,
                      .compressed_bytes = entry.compressed_bytes});
    offset += entry.bytes;
    compressed_offset += entry.compressed_bytes;
  }
  return std::unique_ptr<CompressedFile>(
      new CompressedFile(std::move(file), std::move(frames), offset));
}

DiskResult<std::shared_ptr<const CompressedFile::Decompressed>> CompressedFile::frame(
    std::size_t index) const {
  {
    const std::lock_guard lock(lock_);
    for (const auto& kept : kept_) {
      if (kept != nullptr && kept->frame == index) return kept;
    }
  }
  const Frame& wanted = frames_[index];
  std::vector<std::byte> compressed(wanted.compressed_bytes);
  const auto got = file_->read(compressed, wanted.compressed_offset);
  if (!got) return std::unexpected(got.error());
  auto out = std::make_shared<Decompressed>();
  out->frame = index;
  out->bytes.resize(wanted.bytes);
  if (*got != compressed.size() ||
      ZSTD_getFrameContentSize(compressed.data(), compressed.size()) != wanted.bytes ||
      ZSTD_decompress(out->bytes.data(), out->bytes.size(), compressed.data(), compressed.size()) !=
          wanted.bytes) {
    return std::unexpected(EBADMSG);
  }
  const std::lock_guard lock(lock_);
  kept_[next_kept_++ % kept_frames] = out;
  return out;
}

DiskResult<std::size_t> CompressedFile::read_once(std::span<std::byte> into,
                                                  std::uint64_t offset) const {
  if (offset >= size_) return 0;
  const auto above = std::ranges::upper_bound(frames_, offset, {}, &Frame::offset);
  const auto index = static_cast<std::size_t>(above - frames_.begin()) - 1;
  const auto whole = frame(index);
  if (!whole) return std::unexpected(whole.error());
  const std::size_t at = offset - frames_[index].offset;
  const std::size_t bytes = std::min(into.size(), (*whole)->bytes.size() - at);
  std::memcpy(into.data(), (*whole)->bytes.data() + at, bytes);
  return bytes;
}

}  // namespace bourse
