// The bytes that are due to one connection: whole websocket messages, in order.
//   Shape:  one contiguous buffer. Each message is an unmasked, unfragmented websocket frame:
//           header of 2, 4 or 10 bytes, then the payload. What was consumed may end inside a frame;
//           the buffer knows how much of it is left, so that others can go between two of ours.
//   Units:  bytes.
//   Owner:  the io thread of the connection. Memory beyond `keep_bytes` is given back when drained.
//   Errors: none. It takes what it is given: whoever fills it looks at size() first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "matching/types.h"  // TimeNs

namespace bourse {

// Websocket framing of messages from a server.
inline constexpr std::size_t ws_header_bytes_max = 10;
enum class WsOpcode : std::uint8_t {
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA
};
// Writes the header of an unfragmented message and returns its length.
std::size_t write_ws_header(WsOpcode opcode, std::size_t payload_bytes, std::byte* out);
// Of the frame that starts here: its header, and header and payload.
// REQUIRES: the whole header is there.
std::size_t ws_header_bytes(const std::byte* frame);
std::size_t ws_frame_bytes(const std::byte* frame);

class Outbox {
 public:
  static constexpr std::size_t keep_bytes = 16 << 10;

  struct CloseRequest {
    std::uint16_t code;
    std::string reason;
  };

  // Writers. The returned span is the payload (append_framed: the whole copy) inside of the buffer
  // and holds until the next call that is not const.
  std::span<std::byte> append_text(std::string_view json);
  std::span<std::byte> append_binary(std::span<const std::byte> payload);
  std::span<std::byte> append_framed(std::span<const std::byte> frames);  // whole frames

  // From now on texts are compressed where that makes them smaller (permessage-deflate).
  void deflate_texts(bool agreed) { deflates_texts_ = agreed; }

  // The connection is to be closed once everything appended before has been sent. The first
  // request counts.
  void request_close(std::uint16_t code, std::string_view reason);
  const std::optional<CloseRequest>& close_requested() const { return close_; }

  // The sender.
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::span<const std::byte> pending() const { return {bytes_.get() + begin_, size()}; }
  // The longest start of pending() that has at most `bytes_max` bytes and ends with a frame; if not
  // even one frame ends by then, as much of it as fits.
  std::span<const std::byte> front(std::size_t bytes_max) const;
  void consume(std::size_t bytes);  // REQUIRES: bytes <= size()
  // Bytes of a frame that has been sent in part; 0 = the connection stands between two frames.
  std::size_t frame_left_bytes() const { return frame_left_; }
  std::uint64_t consumed_bytes() const { return consumed_; }  // ever
  // All that was consumed has been taken by the socket, at this time; kept for who wants to know
  // when a message left.
  void want_sent_time() { wants_sent_time_ = true; }
  // Or only when all up to here, in bytes ever, had been taken; one place at a time.
  void watch_sent(std::uint64_t bytes) {
    watched_ = bytes;
    watched_time_ = TimeNs{0};
  }
  TimeNs watched_time() const { return watched_time_; }  // 0: not yet
  bool wants_sent_time() const { return wants_sent_time_ || watched_ != 0; }
  void note_sent(TimeNs time) {
    sent_time_ = time;
    sent_ = consumed_;
    if (watched_ == 0 || sent_ < watched_) return;
    watched_time_ = time;
    watched_ = 0;
  }
  std::uint64_t sent_bytes() const { return sent_; }
  TimeNs sent_time() const { return sent_time_; }

 private:
  std::byte* room_for(std::size_t bytes);

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t frame_left_ = 0;
  std::uint64_t consumed_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t watched_ = 0;  // 0: nothing is watched
  TimeNs sent_time_{0};
  TimeNs watched_time_{0};
  bool wants_sent_time_ = false;
  bool deflates_texts_ = false;
  std::optional<CloseRequest> close_;
};

}  // namespace bourse
