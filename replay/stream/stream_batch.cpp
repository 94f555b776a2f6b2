#include "replay/stream/stream_batch.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "matching/check.h"     // CHECK
#include "replay/log/record.h"  // check_record, record_crc

namespace bourse {
namespace {

constexpr const char* journal_header = "Ex-Journal";
constexpr const char* first_header = "Ex-First-Seq";
constexpr const char* last_header = "Ex-Last-Seq";
constexpr const char* epoch_header = "Ex-Epoch";
constexpr std::uint8_t payload_version = 1;
// A record is where its message begins as far as its checksum is concerned: what keeps it in its
// place is its sequence.
constexpr std::uint64_t crc_offset_in_batch = 0;

std::unexpected<Error> damaged(std::string what) {
  return fail(ExitCode::data_damaged, "a message of the stream is damaged: " + std::move(what));
}

template <class Number>
bool parse_number(std::string_view text, Number& into) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, into);
  return error == std::errc{} && stopped == end && !text.empty();
}

bool parse_uuid(std::string_view text, Uuid& into) {
  if (text.size() != 2 * into.bytes.size()) return false;
  for (std::size_t i = 0; i < into.bytes.size(); ++i) {
    const char* const from = text.data() + 2 * i;
    const auto [stopped, error] = std::from_chars(from, from + 2, into.bytes[i], 16);
    if (error != std::errc{} || stopped != from + 2) return false;
  }
  return true;
}

std::string hex_of(const Uuid& uuid) {
  std::string out;
  for (const std::uint8_t byte : uuid.bytes) out += fmt::format("{:02x}", byte);
  return out;
}

}  // namespace

std::uint64_t batch_salt(const Uuid& journal) {
  std::uint64_t salt = 0;
  std::memcpy(&salt, journal.bytes.data(), sizeof salt);
  return salt;
}

Result<BatchHeader> BatchHeader::parse(std::string_view journal, std::string_view first,
                                       std::string_view last, std::string_view epoch) {
  BatchHeader header;
  std::uint64_t first_value = 0;
  std::uint64_t last_value = 0;
  std::uint32_t epoch_value = 0;
  if (!parse_uuid(journal, header.journal) || !parse_number(first, first_value) ||
      !parse_number(last, last_value) || !parse_number(epoch, epoch_value)) {
    return damaged(
        fmt::format("its headers say journal \"{}\", sequences \"{}\" to \"{}\", epoch "
                    "\"{}\"",
                    journal, first, last, epoch));
  }
  // One past the last: an empty one. A log's first sequence is 1.
  if (first_value == 0 || last_value == UINT64_MAX || first_value > last_value + 1) {
    return damaged(fmt::format("sequences {} to {}", first_value, last_value));
  }
  header.first = Sequence{first_value};
  header.last = Sequence{last_value};
  header.epoch = Epoch{epoch_value};
  return header;
}

Result<BatchHeader> BatchHeader::read(const StreamMessage& message) {
  return parse(message.header(journal_header), message.header(first_header),
               message.header(last_header), message.header(epoch_header));
}

void BatchHeader::write(OutgoingMessage& message) const {
  message.set(journal_header, hex_of(journal));
  message.set(first_header, std::to_string(first.value()));
  message.set(last_header, std::to_string(last.value()));
  message.set(epoch_header, std::to_string(epoch.value()));
}

std::byte* StreamBatch::bytes() const {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes of aligned memory
  return reinterpret_cast<std::byte*>(words_.get());
}

void StreamBatch::reserve(std::size_t bytes_wanted) {
  if (bytes_wanted <= capacity_) return;
  const std::size_t words = (std::max(bytes_wanted, batch_bytes_target) + 7) / 8;
  auto more = std::make_unique_for_overwrite<std::uint64_t[]>(words);
  if (used_ > 0) std::memcpy(more.get(), words_.get(), used_);
  words_ = std::move(more);
  capacity_ = words * 8;
}

void StreamBatch::begin(const Uuid& journal) {
  header_ = {.journal = journal, .first = Sequence{0}, .last = Sequence{0}, .epoch = Epoch{0}};
  used_ = 0;
  offsets_.clear();
}

void StreamBatch::begin_empty(const Uuid& journal, Sequence last, Epoch epoch) {
  begin(journal);
  header_.first = next(last);
  header_.last = last;
  header_.epoch = epoch;
}

bool StreamBatch::has_room_for(const TransactionView& transaction) const {
  if (is_empty()) return true;
  return transaction.epoch() == header_.epoch && transaction.sequence() == next(header_.last) &&
         used_ + transaction.bytes().size() <= batch_bytes_target;
}

void StreamBatch::add(const TransactionView& transaction) {
  CHECK(has_room_for(transaction));
  const auto record = transaction.bytes();
  reserve(used_ + record.size());
  std::byte* const at = bytes() + used_;
  std::memcpy(at, record.data(), record.size());
  set_record_crc(at,
                 record_crc({at, record.size()}, batch_salt(header_.journal), crc_offset_in_batch));
  if (is_empty()) header_.first = transaction.sequence();
  header_.last = transaction.sequence();
  header_.epoch = transaction.epoch();
  offsets_.push_back(static_cast<std::uint32_t>(used_));
  used_ += record.size();
}

Result<void> StreamBatch::read(const StreamMessage& message) {
  auto header = BatchHeader::read(message);
  if (!header) {
    begin({});
    return std::unexpected(std::move(header.error()));
  }
  return read(*header, message.body());
}

Result<void> StreamBatch::read(const BatchHeader& header, std::span<const std::byte> body) {
  begin(header.journal);
  const auto refuse = [this](std::string what) {
    begin({});
    return damaged(std::move(what));
  };
  reserve(body.size());
  if (!body.empty()) std::memcpy(bytes(), body.data(), body.size());
  const std::uint64_t salt = batch_salt(header.journal);
  Sequence expected = header.first;
  TimeNs time{INT64_MIN};
  for (std::size_t at = 0; at < body.size();) {
    const std::span<const std::byte> rest(bytes() + at, body.size() - at);
    if (check_record(rest, salt, crc_offset_in_batch) != RecordState::sound) {
      return refuse(
          fmt::format("the record that should have sequence {} is not sound", expected.value()));
    }
    const RecordHeader record = record_header(rest.data());
    if (record.type != RecordType::transaction || record.version != payload_version ||
        record.sequence != expected || expected > header.last || record.epoch != header.epoch ||
        record.time < time) {
      return refuse(fmt::format(
          "where sequence {} of epoch {} should be is sequence {} of epoch {}", expected.value(),
          header.epoch.value(), record.sequence.value(), record.epoch.value()));
    }
    set_record_crc(bytes() + at, 0);
    if (!TransactionView::parse(rest.first(record.length))) {
      return refuse(fmt::format("transaction {} does not add up", expected.value()));
    }
    offsets_.push_back(static_cast<std::uint32_t>(at));
    time = record.time;
    expected = next(expected);
    at += record.length;
  }
  if (expected != next(header.last)) {
    return refuse(fmt::format("it ends before sequence {}, though its headers say {} to {}",
                              expected.value(), header.first.value(), header.last.value()));
  }
  header_ = header;
  used_ = body.size();
  return {};
}

TransactionView StreamBatch::transaction(std::size_t index) const {
  const std::size_t from = offsets_[index];
  const std::size_t to = index + 1 < offsets_.size() ? offsets_[index + 1] : used_;
  return *TransactionView::parse({bytes() + from, to - from});
}

}  // namespace bourse
