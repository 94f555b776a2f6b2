#include "replay/log/record_scanner.h"

#include <algorithm>
#include <cstring>

#include "matching/check.h"     // CHECK
#include "replay/log/record.h"  // check_record

namespace bourse {
namespace {

// An index entry is never further from what is sought than this, nearly.
constexpr std::size_t first_chunk_bytes = index_every_bytes + (4u << 10);
constexpr std::size_t chunk_bytes_max = 256u << 10;
constexpr std::size_t verified_at_once_max = 8u << 10;  // they stay in the nearest cache

}  // namespace

void RecordScanner::start(std::uint64_t offset) {
  CHECK(offset % 8 == 0);
  // What is buffered may be stale: a start is a seek, and reads anew.
  begin_ = offset;
  at_ = filled_ = found_bytes_ = sound_end_ = 0;
  chunk_bytes_ = first_chunk_bytes;
  verified_at_once_ = 1;
  at_file_end_ = false;
}

void RecordScanner::forget() {
  filled_ = at_;
  found_bytes_ = sound_end_ = 0;
  at_file_end_ = false;
}

bool RecordScanner::has_buffered() const {
  const std::size_t at = at_ + found_bytes_;
  const std::size_t left = filled_ - at;
  if (left < sizeof(RecordHeader)) return at_file_end_ && filled_ > 0;
  const std::uint32_t length = record_header(buffer_.get() + at).length;
  return length <= left || length > record_bytes_max;
}

bool RecordScanner::fill(std::size_t bytes_wanted) {
  const std::size_t kept = filled_ - at_;
  const std::size_t room = std::max(bytes_wanted, chunk_bytes_);
  chunk_bytes_ = std::min(chunk_bytes_ * 2, chunk_bytes_max);
  if (room > capacity_) {
    // new[] of bytes is aligned to 16, records lie at multiples of 8 from a multiple of 8.
    auto larger = std::make_unique_for_overwrite<std::byte[]>(room);
    if (kept > 0) std::memcpy(larger.get(), buffer_.get() + at_, kept);
    buffer_ = std::move(larger);
    capacity_ = room;
  } else if (kept > 0) {
    std::memmove(buffer_.get(), buffer_.get() + at_, kept);
  }
  begin_ += at_;
  at_ = sound_end_ = 0;
  filled_ = kept;
  const std::span<std::byte> into(buffer_.get() + kept, room - kept);
  const auto got = file_->read(into, begin_ + kept);
  if (!got) {
    read_error_ = got.error();
    return false;
  }
  filled_ += *got;
  at_file_end_ = *got < into.size();
  return true;
}

// Several records at once, if they lie here whole and sound: more and more of them, because after a
// seek often one is enough. Else one at a time will tell why.
void RecordScanner::verify_ahead() {
  const std::span<std::byte> rest(buffer_.get() + at_, filled_ - at_);
  sound_end_ = at_ + take_sound(rest, salt_, offset(), verified_at_once_);
  verified_at_once_ = std::min(verified_at_once_ * 2, verified_at_once_max);
}

bool RecordScanner::skip_to(Sequence wanted) {
  CHECK(filled_ == 0);
  if (!fill(0)) return false;
  std::size_t at = 0;
  while (filled_ - at >= sizeof(RecordHeader)) {
    const RecordHeader header = record_header(buffer_.get() + at);
    if (header.length < sizeof header || header.length % 8 != 0 || header.length > filled_ - at) {
      return false;
    }
    if (header.type == RecordType::transaction && header.sequence >= wanted) {
      if (header.sequence != wanted) return false;
      at_ = at;
      return true;
    }
    at += header.length;
  }
  return false;
}

RecordScanner::Found RecordScanner::next() {
  at_ += found_bytes_;
  found_bytes_ = 0;
  if (at_ >= sound_end_) verify_ahead();
  if (at_ < sound_end_) {
    header_ = record_header(buffer_.get() + at_);
    found_bytes_ = header_.length;
    return Found::record;
  }
  for (;;) {
    const std::size_t left = filled_ - at_;
    // At the end of the file even less than a header may be zeros, which is a clean end.
    if (left >= sizeof(RecordHeader) || (at_file_end_ && left >= sizeof(RecordHeader::length))) {
      const std::span<std::byte> rest(buffer_.get() + at_, left);
      switch (check_record(rest, salt_, offset())) {
        case RecordState::sound:
          header_ = record_header(rest.data());
          set_record_crc(rest.data(), 0);
          header_.crc32c = 0;
          found_bytes_ = header_.length;
          return Found::record;
        case RecordState::end:
          return Found::end;
        case RecordState::damaged:
          return Found::damaged;
        case RecordState::incomplete:
          break;
      }
    }
    if (at_file_end_) return left == 0 ? Found::end : Found::damaged;
    std::size_t wanted = sizeof(RecordHeader);
    if (left >= sizeof(RecordHeader)) wanted = record_header(buffer_.get() + at_).length;
    if (!fill(wanted)) return Found::unreadable;
  }
}

}  // namespace bourse
