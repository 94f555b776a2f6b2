#include "feed/net/outbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "feed/net/message_deflate.h"  // deflate_message
#include "matching/check.h"            // CHECK

namespace bourse {

std::size_t write_ws_header(WsOpcode opcode, std::size_t payload_bytes, std::byte* out) {
  constexpr unsigned final_bit = 0x80;
  out[0] = static_cast<std::byte>(final_bit | static_cast<unsigned>(opcode));
  if (payload_bytes < 126) {
    out[1] = static_cast<std::byte>(payload_bytes);
    return 2;
  }
  const bool is_short = payload_bytes <= 0xFFFF;
  const std::size_t width = is_short ? 2 : 8;
  out[1] = static_cast<std::byte>(is_short ? 126 : 127);
  for (std::size_t i = 0; i < width; ++i) {
    out[2 + i] = static_cast<std::byte>(payload_bytes >> (8 * (width - 1 - i)));
  }
  return 2 + width;
}

std::size_t ws_header_bytes(const std::byte* frame) {
  const auto length = static_cast<std::size_t>(frame[1]);
  return length < 126 ? 2 : length == 126 ? 4 : 10;
}

std::size_t ws_frame_bytes(const std::byte* frame) {
  const auto length = static_cast<std::size_t>(frame[1]);
  if (length < 126) return 2 + length;
  const std::size_t width = length == 126 ? 2 : 8;
  std::size_t payload_bytes = 0;
  for (std::size_t i = 0; i < width; ++i) {
    payload_bytes = payload_bytes << 8 | static_cast<std::size_t>(frame[2 + i]);
  }
  return 2 + width + payload_bytes;
}

std::byte* Outbox::room_for(std::size_t bytes) {
  if (end_ + bytes > capacity_) {
    const std::size_t pending_bytes = size();
    if (pending_bytes + bytes <= capacity_ / 2) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, pending_bytes);
    } else {
      const std::size_t capacity =
          std::max({capacity_ * 2, pending_bytes + bytes, std::size_t{2048}});
      auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
      if (pending_bytes > 0) std::memcpy(grown.get(), bytes_.get() + begin_, pending_bytes);
      bytes_ = std::move(grown);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = pending_bytes;
  }
  std::byte* const room = bytes_.get() + end_;
  end_ += bytes;
  return room;
}

std::span<std::byte> Outbox::append_text(std::string_view json) {
  std::byte header[ws_header_bytes_max];
  if (deflates_texts_ && json.size() >= deflate_bytes_min)
    if (const auto small = deflate_message(json); !small.empty()) {
      constexpr std::byte compressed{0x40};  // RSV1
      const std::size_t header_bytes = write_ws_header(WsOpcode::text, small.size(), header);
      header[0] |= compressed;
      std::byte* const to = room_for(header_bytes + small.size());
      std::memcpy(to, header, header_bytes);
      std::memcpy(to + header_bytes, small.data(), small.size());
      return {to + header_bytes, small.size()};
    }
  const std::size_t header_bytes = write_ws_header(WsOpcode::text, json.size(), header);
  std::byte* const to = room_for(header_bytes + json.size());
  std::memcpy(to, header, header_bytes);
  if (!json.empty()) std::memcpy(to + header_bytes, json.data(), json.size());
  return {to + header_bytes, json.size()};
}

std::span<std::byte> Outbox::append_binary(std::span<const std::byte> payload) {
  std::byte header[ws_header_bytes_max];
  const std::size_t header_bytes = write_ws_header(WsOpcode::binary, payload.size(), header);
  std::byte* const to = room_for(header_bytes + payload.size());
  std::memcpy(to, header, header_bytes);
  if (!payload.empty()) std::memcpy(to + header_bytes, payload.data(), payload.size());
  return {to + header_bytes, payload.size()};
}

std::span<std::byte> Outbox::append_framed(std::span<const std::byte> frames) {
  std::byte* const to = room_for(frames.size());
  if (!frames.empty()) std::memcpy(to, frames.data(), frames.size());
  return {to, frames.size()};
}

void Outbox::request_close(std::uint16_t code, std::string_view reason) {
  if (!close_) close_ = CloseRequest{code, std::string(reason)};
}

std::span<const std::byte> Outbox::front(std::size_t bytes_max) const {
  const std::span<const std::byte> all = pending();
  if (all.size() <= bytes_max) return all;
  std::size_t whole = 0;
  std::size_t frame_end = frame_left_ > 0 ? frame_left_ : ws_frame_bytes(all.data());
  while (frame_end <= bytes_max) {
    whole = frame_end;
    // More is pending than bytes_max, and frames are appended whole: the next header is there.
    frame_end += ws_frame_bytes(all.data() + frame_end);
  }
  return all.first(whole > 0 ? whole : bytes_max);
}

void Outbox::consume(std::size_t bytes) {
  CHECK(bytes <= size());
  consumed_ += bytes;
  std::size_t left = bytes;
  while (left > 0) {
    if (frame_left_ == 0) frame_left_ = ws_frame_bytes(bytes_.get() + begin_);
    const std::size_t step = std::min(left, frame_left_);
    frame_left_ -= step;
    begin_ += step;
    left -= step;
  }
  if (begin_ != end_) return;
  CHECK(frame_left_ == 0);
  begin_ = end_ = 0;
  if (capacity_ > keep_bytes) {
    bytes_.reset();
    capacity_ = 0;
  }
}

}  // namespace bourse
