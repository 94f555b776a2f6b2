#include "replay/log/seek_table.h"

#include <cstring>

#include "replay/log/compressed_file.h"  // frame_bytes_max
#include "replay/log/damage.h"           // damage_error

namespace bourse {
namespace {

constexpr std::uint32_t skippable_magic = 0x184d'2a5e;
constexpr std::uint32_t seekable_magic = 0x8f92'eab1;
constexpr std::size_t head_bytes = 8;
constexpr std::size_t end_bytes = 9;

std::uint32_t word_at(const std::byte* from) {
  std::uint32_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

std::vector<std::byte> seek_table(std::span<const SeekEntry> entries) {
  std::vector<std::byte> out(head_bytes + entries.size_bytes() + end_bytes);
  std::byte* at = out.data();
  const auto put = [&at](std::uint32_t word) {
    std::memcpy(at, &word, sizeof word);
    at += sizeof word;
  };
  put(skippable_magic);
  put(static_cast<std::uint32_t>(entries.size_bytes() + end_bytes));
  if (!entries.empty()) std::memcpy(at, entries.data(), entries.size_bytes());
  at += entries.size_bytes();
  put(static_cast<std::uint32_t>(entries.size()));
  *at++ = std::byte{0};  // descriptor: no checksums here, the frames have their own
  put(seekable_magic);
  return out;
}

Result<std::vector<SeekEntry>> read_seek_table(const DiskFile& file,
                                               const std::filesystem::path& path) {
  const auto size = file.size();
  if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", path));
  const auto damaged = [&](std::uint64_t from) {
    return std::unexpected(damage_error(
        path, from, *size, "the table at the end of the compressed segment is not sound"));
  };
  if (*size < head_bytes + end_bytes) return damaged(0);
  std::byte end[end_bytes];
  const auto got_end = file.read(end, *size - end_bytes);
  if (!got_end) return std::unexpected(disk_error(got_end.error(), "reading", path));
  const std::uint64_t count = word_at(end);
  const std::uint64_t table_bytes = head_bytes + count * sizeof(SeekEntry) + end_bytes;
  if (*got_end != end_bytes || word_at(end + 5) != seekable_magic || end[4] != std::byte{0} ||
      count == 0 || table_bytes > *size) {
    return damaged(*size - end_bytes);
  }
  const std::uint64_t at = *size - table_bytes;
  std::vector<std::byte> table(table_bytes);
  const auto got = file.read(table, at);
  if (!got) return std::unexpected(disk_error(got.error(), "reading", path));
  if (*got != table.size() || word_at(table.data()) != skippable_magic ||
      word_at(table.data() + 4) != table_bytes - head_bytes) {
    return damaged(at);
  }
  std::vector<SeekEntry> entries(count);
  std::memcpy(entries.data(), table.data() + head_bytes, count * sizeof(SeekEntry));
  std::uint64_t compressed = 0;
  for (const SeekEntry& entry : entries) {
    if (entry.bytes == 0 || entry.bytes > frame_bytes_max || entry.compressed_bytes == 0) {
      return damaged(at);
    }
    compressed += entry.compressed_bytes;
  }
  if (compressed != at) return damaged(at);
  return entries;
}

}  // namespace bourse
