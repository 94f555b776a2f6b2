#include "replay/record.h"

#include <cstring>

#include "replay/crc32c.h"  // crc32c

namespace bourse {
namespace {

constexpr std::size_t crc_offset = offsetof(RecordHeader, crc32c);
constexpr std::size_t after_crc = crc_offset + sizeof(std::uint32_t);
static_assert(crc_offset == 4 && after_crc == 8);

}  // namespace

std::uint32_t record_crc(std::span<const std::byte> record, std::uint64_t salt,
                         std::uint64_t offset) {
  // Length, salt and offset first, as one piece of 20 bytes.
  std::array<std::byte, 20> head{};
  std::memcpy(head.data(), record.data(), 4);
  std::memcpy(head.data() + 4, &salt, 8);
  std::memcpy(head.data() + 12, &offset, 8);
  return crc32c(crc32c(0, head), record.subspan(after_crc));
}

RecordHeader record_header(const std::byte* record) {
  RecordHeader header;
  std::memcpy(&header, record, sizeof header);
  return header;
}

void set_record_crc(std::byte* record, std::uint32_t crc) {
  std::memcpy(record + crc_offset, &crc, sizeof crc);
}

RecordState check_record(std::span<const std::byte> bytes, std::uint64_t salt,
                         std::uint64_t offset) {
  if (bytes.size() < sizeof(std::uint32_t)) return RecordState::incomplete;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length == 0) return RecordState::end;
  if (length < sizeof(RecordHeader) || length % 8 != 0 || length > record_bytes_max) {
    return RecordState::damaged;
  }
  if (length > bytes.size()) return RecordState::incomplete;
  const RecordHeader header = record_header(bytes.data());
  if (record_crc(bytes.first(length), salt, offset) != header.crc32c) return RecordState::damaged;
  return RecordState::sound;
}

}  // namespace bourse
