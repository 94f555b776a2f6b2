// The frames of the last moments, encoded and framed once for all sessions of an io thread.
//   Shape:  a ring of bytes, each frame contiguous as [websocket header | payload], and a ring of
//           entries that say where each lies. Positions count entries and never wrap.
//   Units:  positions in entries, lengths in bytes.
//   Owner:  one io thread; its Hub appends, its sessions read between two flushes.
//   Errors: none. The oldest frames give way to new ones: a session whose position is before
//           oldest() has been lapped and reads the log instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace bourse {

struct FrameEntry {
  std::uint64_t first_seq;
  std::uint64_t last_seq;
  std::uint64_t offset;  // of the websocket header in the ring
  std::uint32_t length;  // header and payload
  std::uint32_t stream_id;
  std::uint64_t burst_seq;  // the hub's sequence after the burst
  std::uint8_t ws_header_bytes;
  std::uint8_t flags;     // wire::frame_flags
  bool is_last_of_burst;  // all frames up to this last_seq stand before it
};

class FrameLog {
 public:
  // REQUIRES: capacity_bytes >= 256 KiB.
  explicit FrameLog(std::size_t capacity_bytes);

  // Copies the payload behind a websocket header. offset, length and ws_header_bytes are filled in.
  void append(const FrameEntry& entry, std::span<const std::byte> payload);

  std::uint64_t oldest() const { return oldest_; }
  std::uint64_t head() const { return head_; }  // one past the newest
  // REQUIRES: oldest() <= position < head().
  const FrameEntry& entry(std::uint64_t position) const { return entries_[position & entry_mask_]; }
  std::span<const std::byte> bytes(std::uint64_t position) const {
    const FrameEntry& e = entry(position);
    return {ring_.get() + e.offset, e.length};
  }
  std::size_t capacity_bytes() const { return capacity_; }

 private:
  void make_room(std::uint64_t offset, std::size_t length);

  std::size_t capacity_;
  std::uint64_t entry_mask_;
  std::unique_ptr<std::byte[]> ring_;
  std::vector<FrameEntry> entries_;
  std::uint64_t oldest_ = 0;
  std::uint64_t head_ = 0;
  std::uint64_t write_offset_ = 0;
};

}  // namespace bourse
