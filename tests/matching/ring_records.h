// Records for the tests of the broadcast ring: a header, then words that depend on the sequence, so
// that a torn or foreign record is seen.
//   Shape:  any multiple of 8 bytes from sizeof(RecordHeader) on.
//   Owner:  free functions.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "matching/transaction.h"  // RecordHeader, RecordType

namespace bourse {

inline std::uint64_t record_word(std::uint64_t sequence, std::size_t index) {
  return (sequence * 0x9e3779b97f4a7c15u) ^ index;
}

inline std::vector<std::uint64_t> make_record(std::uint64_t sequence, std::size_t bytes) {
  std::vector<std::uint64_t> words(bytes / 8);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = record_word(sequence, i);
  RecordHeader header{};
  header.length = static_cast<std::uint32_t>(bytes);
  header.sequence = Sequence{sequence};
  header.type = RecordType::transaction;
  header.version = 1;
  std::memcpy(words.data(), &header, sizeof header);
  return words;
}

// Whether these bytes begin with a whole record that make_record() made.
inline bool is_intact_record(std::span<const std::uint64_t> words) {
  RecordHeader header{};
  std::memcpy(&header, words.data(), sizeof header);
  if (header.length > words.size_bytes() || header.type != RecordType::transaction) return false;
  for (std::size_t i = sizeof header / 8; i < header.length / 8; ++i) {
    if (words[i] != record_word(header.sequence.value(), i)) return false;
  }
  return true;
}

inline RecordHeader header_of(std::span<const std::uint64_t> words) {
  RecordHeader header{};
  std::memcpy(&header, words.data(), sizeof header);
  return header;
}

}  // namespace bourse
