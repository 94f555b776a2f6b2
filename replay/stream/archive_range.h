// Ranges of the past, asked for over NATS: what a gateway does when the stream no longer has what
// it wants, and what an archive answers.
//   Shape:  a request names the first sequence that is wanted; the answer is one batch, with the
//           checksums of a stream's, or says what there is.
//   Owner:  ArchiveClient and ArchiveDesk: one thread each.
//   Errors: ask(): unreachable when nobody answers in time, file_missing for what no archive has,
//           data_damaged for an answer that is not whole.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "matching/types.h"              // Sequence
#include "replay/log/log.h"              // Log, Cursor
#include "replay/result.h"               // Result
#include "replay/stream/jetstream.h"     // JetStream
#include "replay/stream/mailbox.h"       // Mailbox
#include "replay/stream/stream_batch.h"  // StreamBatch

namespace bourse {

std::vector<std::byte> encode_archive_request(Sequence from);
std::optional<Sequence> parse_archive_request(std::span<const std::byte> bytes);

// An empty batch says up to where the archive has come.
std::vector<std::byte> encode_archive_answer(const StreamBatch& batch);
Result<void> parse_archive_answer(std::span<const std::byte> bytes, StreamBatch& into);

class ArchiveClient {
 public:
  static Result<ArchiveClient> open(JetStream& server, std::string subject);

  // The batch that begins with `from`. It holds until the next call.
  Result<const StreamBatch*> ask(Sequence from, std::chrono::milliseconds wait);

 private:
  ArchiveClient(JetStream& server, std::string subject, Mailbox mailbox)
      : server_(&server), subject_(std::move(subject)), mailbox_(std::move(mailbox)) {}

  JetStream* server_;
  std::string subject_;
  Mailbox mailbox_;
  StreamBatch batch_;
};

class ArchiveDesk {
 public:
  explicit ArchiveDesk(const Log& log) : log_(log) {}

  // The answer; empty: the bytes ask for nothing.
  std::vector<std::byte> answer(std::span<const std::byte> request);

 private:
  const Log& log_;
  std::optional<Cursor> cursor_;  // where the last answer ended
  bool has_peeked_ = false;       // its transaction found no room in that answer
  StreamBatch batch_;
};

}  // namespace bourse
