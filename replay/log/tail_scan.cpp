#include "replay/log/tail_scan.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "replay/log/damage.h"          // damage_error
#include "replay/log/record.h"          // check_record
#include "replay/log/record_scanner.h"  // RecordScanner

namespace bourse {
namespace {

constexpr std::size_t window_bytes = std::size_t{128} << 10;

// A sound checksum over words that cannot be: written by a faulty program, not by a faulty disk.
std::optional<std::string> misfit(const RecordHeader& header, const SegmentPosition& position) {
  if (header.epoch < position.last_epoch) return "the epoch goes back";
  if (header.time < position.last_time) return "time goes back";
  if (header.type == RecordType::transaction) {
    if (header.sequence != next(position.last_sequence)) {
      return fmt::format("sequence {} follows {}", header.sequence.value(),
                         position.last_sequence.value());
    }
  } else if (header.sequence != position.last_sequence) {
    return "a record names the wrong sequence before it";
  }
  return std::nullopt;
}

std::uint64_t claim_of(std::span<const std::byte> record) {
  CommitRecord commit;
  std::memcpy(&commit, record.data(), sizeof commit);
  return commit.durable_offset;
}

// What lies behind the end: the last byte that is not zero, and the highest claim of any
// CommitRecord whose checksum is right for the place where it stands.
struct Rest {
  std::uint64_t tail_end = 0;
  std::uint64_t claim = 0;
};

Result<Rest> scan_rest(const SegmentReader& segment, std::uint64_t from, std::uint64_t to) {
  Rest rest;
  std::vector<std::byte> window(window_bytes + sizeof(CommitRecord));
  static const std::vector<std::byte> zeros(window_bytes);
  for (std::uint64_t at = from; at < to;) {
    const auto got = segment.file().read(window, at);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", segment.path()));
    if (*got == 0) break;
    const std::size_t fresh = std::min(*got, window_bytes);
    const bool last = *got < window.size();
    if (std::memcmp(window.data(), zeros.data(), fresh) != 0) {
      for (std::size_t i = 0; i < fresh; i += 8) {
        const std::size_t word_bytes = std::min<std::size_t>(8, fresh - i);
        std::uint64_t word = 0;
        std::memcpy(&word, window.data() + i, word_bytes);
        if (word == 0) continue;
        rest.tail_end = at + i + word_bytes;
        if (static_cast<std::uint32_t>(word) != sizeof(CommitRecord)) continue;
        if (i + sizeof(CommitRecord) > *got) continue;
        const std::span record(window.data() + i, sizeof(CommitRecord));
        if (record_header(record.data()).type != RecordType::commit) continue;
        if (check_record(record, segment.header().salt, at + i) != RecordState::sound) continue;
        rest.claim = std::max(rest.claim, claim_of(record));
      }
    }
    if (last) break;
    at += window_bytes;
  }
  return rest;
}

}  // namespace

Result<TailScan> scan_tail(const SegmentReader& segment, const SegmentPosition& before,
                           std::uint64_t claimed_offset) {
  const SegmentHeader& header = segment.header();
  const auto size = segment.file().size();
  if (!size) {
    return std::unexpected(disk_error(size.error(), "asking for the size of", segment.path()));
  }
  TailScan scan{.position = before, .index = nullptr, .damage = {}};
  scan.file_bytes = *size;
  scan.index = std::make_shared<SparseIndex>(SparseIndex::capacity_for(
      std::max(*size, std::min(header.segment_bytes, segment_bytes_max))));
  SegmentPosition& position = scan.position;
  position.first_time = TimeNs{0};
  std::uint64_t claim = claimed_offset;

  RecordScanner scanner(segment.file(), header.salt);
  scanner.start(segment_header_bytes);
  for (;;) {
    const auto found = scanner.next();
    position.offset = scanner.offset();
    if (found == RecordScanner::Found::unreadable) {
      Error error = disk_error(scanner.read_error(), "reading", segment.path());
      error.where += fmt::format(" at byte {}", position.offset);
      error.next =
          "this is no damage yet: the device does not give these bytes. Nothing was changed";
      return std::unexpected(std::move(error));
    }
    if (found != RecordScanner::Found::record || position.offset >= *size) break;
    const RecordHeader& record = scanner.header();
    if (const auto why = misfit(record, position)) {
      scan.damage = damage_error(segment.path(), position.offset, scanner.offset_after(), *why);
      return scan;
    }
    if (record.type == RecordType::seal) {
      scan.is_sealed = true;
      break;
    }
    if (record.type == RecordType::commit && record.length == sizeof(CommitRecord)) {
      claim = std::max(claim, claim_of(scanner.bytes()));
      CommitRecord commit;
      std::memcpy(&commit, scanner.bytes().data(), sizeof commit);
      position.group_number = commit.group_number;
    } else if (record.type == RecordType::transaction) {
      if (record.sequence == header.base_sequence) position.first_time = record.time;
      if (scan.index->is_due(position.offset)) {
        scan.index->append({.sequence_delta = static_cast<std::uint32_t>(
                                record.sequence.value() - header.base_sequence.value()),
                            .offset = static_cast<std::uint32_t>(position.offset),
                            .time = record.time});
      }
      if (defines_instrument(scanner.bytes())) {
        position.definitions_end = static_cast<std::uint32_t>(scanner.offset_after());
      }
      position.last_sequence = record.sequence;
      position.last_time = record.time;
    }
    position.last_epoch = record.epoch;
  }
  if (scan.is_sealed && claim <= position.offset) return scan;
  const auto rest = scan_rest(segment, position.offset, *size);
  if (!rest) return std::unexpected(rest.error());
  scan.tail_end = rest->tail_end;
  claim = std::max(claim, rest->claim);
  if (claim > position.offset) {
    scan.damage = damage_error(
        segment.path(), position.offset, claim,
        fmt::format("what was acknowledged up to byte {} is whole only up to byte {}, sequence {}",
                    claim, position.offset, position.last_sequence.value()));
  }
  return scan;
}

}  // namespace bourse
