#include "replay/log/record.h"

#include <algorithm>
#include <cstring>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

#include "replay/log/crc32c.h"  // crc32c

namespace bourse {
namespace {

constexpr std::size_t crc_offset = offsetof(RecordHeader, crc32c);
constexpr std::size_t after_crc = crc_offset + sizeof(std::uint32_t);
static_assert(crc_offset == 4 && after_crc == 8);

}  // namespace

#ifdef __SSE4_2__

namespace {

std::uint64_t word_at(const std::byte* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Length, salt and offset first.
std::uint64_t begin_crc(std::uint32_t length, std::uint64_t salt, std::uint64_t offset) {
  const std::uint32_t state = _mm_crc32_u32(~std::uint32_t{0}, length);
  return _mm_crc32_u64(_mm_crc32_u64(state, salt), offset);
}

std::uint64_t add_words(std::uint64_t state, const std::byte* from, const std::byte* to) {
  for (; from != to; from += 8) state = _mm_crc32_u64(state, word_at(from));
  return state;
}

}  // namespace

std::uint32_t record_crc(std::span<const std::byte> record, std::uint64_t salt,
                         std::uint64_t offset) {
  std::uint32_t length = 0;
  std::memcpy(&length, record.data(), sizeof length);
  const std::byte* const words_end = record.data() + record.size() / 8 * 8;
  const std::uint64_t state =
      add_words(begin_crc(length, salt, offset), record.data() + after_crc, words_end);
  const std::span<const std::byte> rest(words_end, record.data() + record.size());
  return crc32c(~static_cast<std::uint32_t>(state), rest);
}

std::array<std::uint32_t, 3> record_crcs(const std::array<RecordPlace, 3>& records,
                                         std::uint64_t salt) {
  const auto& [a, b, c] = records;
  std::uint64_t crc_a = begin_crc(a.length, salt, a.offset);
  std::uint64_t crc_b = begin_crc(b.length, salt, b.offset);
  std::uint64_t crc_c = begin_crc(c.length, salt, c.offset);
  const std::size_t common = std::min({a.length, b.length, c.length});
  for (std::size_t at = after_crc; at < common; at += 8) {
    crc_a = _mm_crc32_u64(crc_a, word_at(a.bytes + at));
    crc_b = _mm_crc32_u64(crc_b, word_at(b.bytes + at));
    crc_c = _mm_crc32_u64(crc_c, word_at(c.bytes + at));
  }
  const auto rest = [common](std::uint64_t crc, const RecordPlace& record) {
    return ~static_cast<std::uint32_t>(
        add_words(crc, record.bytes + common, record.bytes + record.length));
  };
  return {rest(crc_a, a), rest(crc_b, b), rest(crc_c, c)};
}

#else

std::uint32_t record_crc(std::span<const std::byte> record, std::uint64_t salt,
                         std::uint64_t offset) {
  std::array<std::byte, 20> head{};
  std::memcpy(head.data(), record.data(), 4);
  std::memcpy(head.data() + 4, &salt, 8);
  std::memcpy(head.data() + 12, &offset, 8);
  return crc32c(crc32c(0, head), record.subspan(after_crc));
}

std::array<std::uint32_t, 3> record_crcs(const std::array<RecordPlace, 3>& records,
                                         std::uint64_t salt) {
  std::array<std::uint32_t, 3> crcs{};
  for (std::size_t i = 0; i < crcs.size(); ++i) {
    crcs[i] = record_crc({records[i].bytes, records[i].length}, salt, records[i].offset);
  }
  return crcs;
}

#endif

std::size_t take_sound(std::span<std::byte> bytes, std::uint64_t salt, std::uint64_t offset,
                       std::size_t enough) {
  std::size_t sound = 0;
  while (sound < enough) {
    std::array<RecordPlace, 3> records{};
    std::size_t at = sound;
    for (RecordPlace& record : records) {
      if (bytes.size() - at < sizeof(RecordHeader)) return sound;
      std::uint32_t length = 0;
      std::memcpy(&length, bytes.data() + at, sizeof length);
      if (length < sizeof(RecordHeader) || length % 8 != 0 || length > bytes.size() - at) {
        return sound;
      }
      record = {bytes.data() + at, length, offset + at};
      at += length;
    }
    const auto crcs = record_crcs(records, salt);
    bool are_right = true;
    for (std::size_t i = 0; i < records.size(); ++i) {
      std::uint32_t crc = 0;
      std::memcpy(&crc, records[i].bytes + crc_offset, sizeof crc);
      are_right &= crc == crcs[i];
    }
    if (!are_right) return sound;
    for (const RecordPlace& record : records) {
      set_record_crc(bytes.data() + (record.offset - offset), 0);
    }
    sound = at;
  }
  return sound;
}

bool defines_instrument(std::span<const std::byte> record) {
  constexpr std::size_t type_at =
      sizeof(RecordHeader) + sizeof(TransactionHeader) + offsetof(Command, type);
  if (record.size() <= type_at) return false;
  const auto type = static_cast<CommandType>(record[type_at]);
  return type == CommandType::define_instrument || type == CommandType::change_instrument;
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
