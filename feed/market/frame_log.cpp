#include "feed/market/frame_log.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "feed/net/outbox.h"  // write_ws_header
#include "feed/wire.h"        // frame_bytes_max
#include "matching/check.h"   // CHECK

namespace bourse {

// Most frames carry one event: so many entries serve a ring full of them.
constexpr std::size_t frame_bytes_typical = 128;

FrameLog::FrameLog(std::size_t capacity_bytes)
    : capacity_(capacity_bytes),
      entry_mask_(std::bit_ceil(capacity_bytes / frame_bytes_typical) - 1),
      ring_(std::make_unique_for_overwrite<std::byte[]>(capacity_bytes)),
      entries_(entry_mask_ + 1) {
  CHECK(capacity_bytes >= 4 * wire::frame_bytes_max);
}

// Forgets the oldest frames until nothing of [offset, offset + length) is in use. The frames lie in
// the ring in their order, so the oldest one is always the next one in the way.
void FrameLog::make_room(std::uint64_t offset, std::size_t length) {
  if (head_ - oldest_ > entry_mask_) ++oldest_;
  while (oldest_ < head_) {
    const FrameEntry& e = entry(oldest_);
    if (e.offset >= offset + length || e.offset + e.length <= offset) break;
    ++oldest_;
  }
}

void FrameLog::append(const FrameEntry& entry_in, std::span<const std::byte> payload) {
  std::byte header[ws_header_bytes_max];
  const std::size_t header_bytes = write_ws_header(WsOpcode::binary, payload.size(), header);
  const std::size_t length = header_bytes + payload.size();
  CHECK(payload.size() <= wire::frame_bytes_max);
  if (write_offset_ + length > capacity_) {
    // The rest of the ring is left empty; frames in it are older than all at the start.
    make_room(write_offset_, capacity_ - write_offset_);
    write_offset_ = 0;
  }
  make_room(write_offset_, length);
  std::memcpy(ring_.get() + write_offset_, header, header_bytes);
  std::memcpy(ring_.get() + write_offset_ + header_bytes, payload.data(), payload.size());
  FrameEntry& e = entries_[head_ & entry_mask_];
  e = entry_in;
  e.offset = write_offset_;
  e.length = static_cast<std::uint32_t>(length);
  e.ws_header_bytes = static_cast<std::uint8_t>(header_bytes);
  ++head_;
  write_offset_ += length;
}

}  // namespace bourse
