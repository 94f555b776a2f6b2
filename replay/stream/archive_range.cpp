#include "replay/stream/archive_range.h"

#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "replay/log/crc32c.h"  // crc32c

namespace bourse {
namespace {

constexpr std::uint32_t request_magic = 0x3152'4142;  // "BAR1"
constexpr std::uint32_t answer_magic = 0x3141'4142;   // "BAA1"

struct WireRequest {
  std::uint32_t magic;
  std::uint32_t crc32c;
  std::uint64_t from;
};
struct WireAnswer {
  std::uint32_t magic;
  std::uint32_t crc32c;  // of the rest of this header; the records have their own
  std::array<std::uint8_t, 16> journal;
  std::uint64_t first;
  std::uint64_t last;
  std::uint32_t epoch;
  std::uint32_t reserved;
};
static_assert(sizeof(WireRequest) == 16 && sizeof(WireAnswer) == 48);

template <class Wire>
std::uint32_t crc_of(const Wire& wire) {
  return crc32c(0, std::as_bytes(std::span(&wire, 1)).subspan(8));
}

}  // namespace

std::vector<std::byte> encode_archive_request(Sequence from) {
  WireRequest wire{.magic = request_magic, .crc32c = 0, .from = from.value()};
  wire.crc32c = crc_of(wire);
  std::vector<std::byte> bytes(sizeof wire);
  std::memcpy(bytes.data(), &wire, sizeof wire);
  return bytes;
}

std::optional<Sequence> parse_archive_request(std::span<const std::byte> bytes) {
  WireRequest wire;
  if (bytes.size() != sizeof wire) return std::nullopt;
  std::memcpy(&wire, bytes.data(), sizeof wire);
  if (wire.magic != request_magic || wire.crc32c != crc_of(wire) || wire.from == 0)
    return std::nullopt;
  return Sequence{wire.from};
}

std::vector<std::byte> encode_archive_answer(const StreamBatch& batch) {
  const BatchHeader& header = batch.header();
  WireAnswer wire{.magic = answer_magic,
                  .crc32c = 0,
                  .journal = header.journal.bytes,
                  .first = header.first.value(),
                  .last = header.last.value(),
                  .epoch = header.epoch.value(),
                  .reserved = 0};
  wire.crc32c = crc_of(wire);
  const auto body = batch.body();
  std::vector<std::byte> bytes(sizeof wire + body.size());
  std::memcpy(bytes.data(), &wire, sizeof wire);
  if (!body.empty()) std::memcpy(bytes.data() + sizeof wire, body.data(), body.size());
  return bytes;
}

Result<void> parse_archive_answer(std::span<const std::byte> bytes, StreamBatch& into) {
  WireAnswer wire{};
  if (bytes.size() >= sizeof wire) std::memcpy(&wire, bytes.data(), sizeof wire);
  if (wire.magic != answer_magic || wire.crc32c != crc_of(wire))
    return fail(ExitCode::data_damaged, "an archive's answer is not whole", {}, "ask again");
  return into.read({.journal = {wire.journal},
                    .first = Sequence{wire.first},
                    .last = Sequence{wire.last},
                    .epoch = Epoch{wire.epoch}},
                   bytes.subspan(sizeof wire));
}

Result<ArchiveClient> ArchiveClient::open(JetStream& server, std::string subject) {
  auto mailbox = Mailbox::open(server);
  if (!mailbox) return std::unexpected(std::move(mailbox.error()));
  return ArchiveClient(server, std::move(subject), std::move(*mailbox));
}

Result<const StreamBatch*> ArchiveClient::ask(Sequence from, std::chrono::milliseconds wait) {
  while (mailbox_.next(std::chrono::milliseconds{1})) {
  }  // answers that came too late
  send_message(*server_, subject_, encode_archive_request(from), mailbox_.subject());
  const auto answer = mailbox_.next(wait);
  if (!answer)
    return fail(ExitCode::unreachable, "no archive answers", subject_,
                "start one: bourse archive --nats URL --dir DIR");
  if (auto whole = parse_archive_answer(answer->bytes(), batch_); !whole)
    return std::unexpected(whole.error());
  if (batch_.is_empty() || batch_.header().first != from)
    return fail(ExitCode::file_missing,
                fmt::format("the archive has sequences up to {}, and not {}",
                            batch_.header().last.value(), from.value()),
                subject_, "an archive must have begun before the stream forgot");
  return &batch_;
}

std::vector<std::byte> ArchiveDesk::answer(std::span<const std::byte> request) {
  const auto from = parse_archive_request(request);
  if (!from) return {};
  const Sequence head = log_.released_sequence();
  const auto empty = [&] {
    batch_.begin_empty(log_.journal_id(), head, log_.last_epoch());
    return encode_archive_answer(batch_);
  };
  if (*from > head || *from < log_.earliest_sequence()) return empty();
  const bool goes_on = cursor_ && (has_peeked_ ? cursor_->transaction().sequence() == *from
                                               : cursor_->position() == *from);
  if (!goes_on) {
    has_peeked_ = false;
    auto cursor = log_.cursor(*from);
    if (!cursor) return empty();
    cursor_.emplace(std::move(*cursor));
  }
  batch_.begin(log_.journal_id());
  while (has_peeked_ || cursor_->next() == Cursor::Next::transaction) {
    has_peeked_ = !batch_.has_room_for(cursor_->transaction());
    if (has_peeked_) break;
    batch_.add(cursor_->transaction());
  }
  return batch_.is_empty() ? empty() : encode_archive_answer(batch_);
}

}  // namespace bourse
