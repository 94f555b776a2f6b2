// One message of a stream: some transactions, one after another, of one log and one epoch.
//   Shape:   headers Ex-Journal, Ex-First-Seq, Ex-Last-Seq, Ex-Epoch; the body is the records as
//            the memory tail has them, each with a checksum that holds from publisher to reader. An
//            empty body tells how far the log had come (Ex-First-Seq = Ex-Last-Seq + 1).
//            docs/JOURNAL.md, section 8, is normative.
//   Owner:   a StreamBatch belongs to one thread; it reuses its memory.
//   Errors:  read() refuses with data_damaged what is not exactly that, and gives nothing of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "matching/transaction.h"     // TransactionView
#include "matching/types.h"           // Sequence, Epoch
#include "replay/disk/uuid.h"         // Uuid
#include "replay/result.h"            // Result
#include "replay/stream/jetstream.h"  // OutgoingMessage, StreamMessage

namespace bourse {

// A message is published when the next transaction would make it longer than this. One transaction
// that is longer alone is a message alone.
inline constexpr std::size_t batch_bytes_target = std::size_t{16} << 10;
// So many messages of an engine that does not lead any more may lie behind the first one of the
// next epoch, at most: no publisher has more without an answer. Readers pass them over.
inline constexpr std::uint64_t late_messages_max = 1024;
// What a server has to take (its max_payload): the largest transaction and the headers.
inline constexpr std::int64_t payload_bytes_needed =
    static_cast<std::int64_t>(transaction_bytes_max) + 4096;

// What the headers say.
struct BatchHeader {
  Uuid journal{};
  Sequence first{0};
  Sequence last{0};
  Epoch epoch{0};

  static Result<BatchHeader> read(const StreamMessage& message);
  static Result<BatchHeader> parse(std::string_view journal, std::string_view first,
                                   std::string_view last, std::string_view epoch);
  void write(OutgoingMessage& message) const;
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

class StreamBatch {
 public:
  // To be filled with transactions of this log.
  void begin(const Uuid& journal);
  // Whether add() may be called with it: of the same epoch, the next sequence, and short enough.
  bool has_room_for(const TransactionView& transaction) const;
  void add(const TransactionView& transaction);
  // An empty one, of a log that has come so far.
  void begin_empty(const Uuid& journal, Sequence last, Epoch epoch);

  // Takes a message over, or, after an error, holds nothing.
  Result<void> read(const StreamMessage& message);
  Result<void> read(const BatchHeader& header, std::span<const std::byte> body);

  const BatchHeader& header() const { return header_; }
  bool is_empty() const { return used_ == 0; }
  std::size_t count() const { return offsets_.size(); }
  // What add() has made, with checksums, to be published; after read() the checksums are 0.
  std::span<const std::byte> body() const { return {bytes(), used_}; }
  // The transaction at `index`, checksum 0 as in the memory tail. Valid as long as the batch is.
  // REQUIRES: read() has filled it, index < count()
  TransactionView transaction(std::size_t index) const;

 private:
  std::byte* bytes() const;
  void reserve(std::size_t bytes);

  BatchHeader header_;
  std::unique_ptr<std::uint64_t[]> words_;  // aligned as records are
  std::size_t capacity_ = 0;                // bytes
  std::size_t used_ = 0;
  std::vector<std::uint32_t> offsets_;  // of the records
};

// The salt of the checksums of a log's batches.
std::uint64_t batch_salt(const Uuid& journal);

}  // namespace bourse
