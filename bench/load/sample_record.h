// Records for benches of the log: what a transaction looks like to the journal, made once and given
// its sequence before each append.
//   Units:  small_record_bytes is a header and a payload, smaller than any transaction.
//   Owner:  pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "matching/transaction.h"  // RecordHeader, encode

namespace bourse {

inline constexpr std::size_t small_record_bytes = 64;

inline std::vector<std::byte> small_record() {
  std::vector<std::byte> record(small_record_bytes);
  const RecordHeader header{.length = small_record_bytes,
                            .crc32c = 0,
                            .sequence = Sequence{0},
                            .time = TimeNs{0},
                            .epoch = Epoch{1},
                            .type = RecordType::transaction,
                            .version = 1,
                            .flags = 0};
  std::memcpy(record.data(), &header, sizeof header);
  return record;
}

// A command that was taken, with one public event, and with the report to its account or without.
inline std::vector<std::byte> order_record(bool with_report) {
  Command command{};
  command.type = CommandType::new_order;
  EventBuffer events;
  events.add_public() = PublicEvent{};
  if (with_report) events.add_exec() = ExecEvent{};
  std::vector<std::byte> record(encoded_bytes(command, events));
  encode(command, events, Epoch{1}, 1, record);
  return record;
}

// Its time too: one nanosecond after that of the record before.
inline void set_sequence(std::vector<std::byte>& record, std::uint64_t sequence) {
  std::memcpy(record.data() + offsetof(RecordHeader, sequence), &sequence, sizeof sequence);
  std::memcpy(record.data() + offsetof(RecordHeader, time), &sequence, sizeof sequence);
}

}  // namespace bourse
