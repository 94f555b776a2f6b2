// A transaction: one command and everything it caused, as bytes. The unit of the log.
//   Shape:  RecordHeader 32 bytes | TransactionHeader 24 bytes | command | public events | execs,
//           padded to 8. Command and execs are written without their zero tail when no client order
//           id is present (the strides say so). docs/JOURNAL.md has the table of offsets.
//   Units:  record lengths in bytes, including the header and the padding.
//   Owner:  free functions on caller's memory; TransactionView borrows the bytes it was given.
//   Errors: parse() returns nullopt for bytes whose lengths do not add up; it never reads past
//   them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "matching/command.h"  // Command
#include "matching/event.h"    // EventBuffer, PublicEvent, ExecEvent
#include "matching/types.h"    // Sequence, TimeNs, Epoch

namespace bourse {

enum class RecordType : std::uint16_t {
  none = 0,  // length 0: end of what was written
  transaction = 1,
  commit = 2,  // first record of every group that was written together
  seal = 3,    // last record of a finished segment
  pad = 4,     // filler; carries no sequence
};

struct RecordHeader {
  std::uint32_t length;  // header, payload and padding; a multiple of 8; 0 = end
  std::uint32_t crc32c;  // filled by the journal when it knows the file offset; 0 in memory
  Sequence sequence;     // of the transaction; other types repeat the last one before them
  TimeNs time;           // non-decreasing
  Epoch epoch;
  RecordType type;
  std::uint8_t version;  // of the payload's layout: 1
  std::uint8_t flags;
};
static_assert(sizeof(RecordHeader) == 32 && offsetof(RecordHeader, epoch) == 24);

struct TransactionHeader {
  std::uint32_t public_count;
  std::uint32_t exec_count;
  std::uint16_t command_bytes;  // 160, or 120 without client order id
  std::uint16_t exec_bytes;     // 144, or 104 without client order ids
  std::uint32_t reserved_;
  std::uint64_t state_hash;  // of the engine after this transaction; 0 = not executed (imported)
};
static_assert(sizeof(TransactionHeader) == 24);

inline constexpr std::size_t transaction_bytes_max =
    sizeof(RecordHeader) + sizeof(TransactionHeader) + sizeof(Command) +
    EventBuffer::public_events_max * sizeof(PublicEvent) +
    EventBuffer::exec_events_max * sizeof(ExecEvent);

// Bytes that encode() will write.
std::size_t encoded_bytes(const Command& command, const EventBuffer& events);

// Writes one record (crc32c left 0) into `out` and returns its length.
// REQUIRES: out.size() >= encoded_bytes(command, events), out aligned to 8.
std::size_t encode(const Command& command, const EventBuffer& events, Epoch epoch,
                   std::uint64_t state_hash, std::span<std::byte> out);

class TransactionView {
 public:
  TransactionView() = default;
  // The record at the start of `bytes`. The view is valid as long as the bytes are.
  // REQUIRES: bytes aligned to 8.
  static std::optional<TransactionView> parse(std::span<const std::byte> bytes);

  Sequence sequence() const { return header_.sequence; }
  TimeNs time() const { return header_.time; }
  Epoch epoch() const { return header_.epoch; }
  std::uint64_t state_hash() const { return transaction_.state_hash; }
  Command command() const;  // a copy, with its zero tail restored
  CommandType command_type() const;
  std::span<const PublicEvent> public_events() const { return public_; }
  std::size_t exec_count() const { return transaction_.exec_count; }
  ExecEvent exec_event(std::size_t index) const;               // REQUIRES: index < exec_count()
  std::span<const std::byte> bytes() const { return bytes_; }  // the whole record

 private:
  RecordHeader header_{};
  TransactionHeader transaction_{};
  std::span<const std::byte> bytes_;
  std::span<const std::byte> execs_;
  std::span<const PublicEvent> public_;
};

}  // namespace bourse
