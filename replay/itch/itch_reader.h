// Reads a file of ITCH 5.0 messages, each behind its length in two bytes, big-endian.
//   Shape:  one buffer of 1 MiB, refilled by read(2), so that files of any size and pipes work; or
//           a view of memory. Message bytes are not copied once more.
//   Units:  bytes of the file as it lies on disk.
//   Owner:  one thread; message() is valid until the next call of next().
//   Errors: next() says `failed` and error() names file, byte offset, message number and type. A
//           wrong size or a torn end fails; an unknown type is counted and skipped.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "replay/itch/itch_messages.h"  // message_sizes
#include "replay/result.h"              // Error, Result

namespace bourse {

class ItchReader {
 public:
  enum class Next : std::uint8_t { message = 1, end = 2, failed = 3 };
  using CountsByType = std::array<std::uint64_t, 256>;

  static Result<ItchReader> open(const std::filesystem::path& path);
  // REQUIRES: the bytes outlive the reader.
  static ItchReader over(std::span<const std::byte> bytes, std::string name);

  Next next() {
    for (;;) {
      if (frame_bytes() == 0 || frame_bytes() > available()) [[unlikely]] {
        if (const Next stop = load_frame(); stop != Next::message) return stop;
      }
      frame_ = at_;
      at_ += frame_bytes();
      ++messages_;
      const std::span<const std::byte> bytes = message();
      const auto type = static_cast<unsigned char>(bytes[0]);
      const std::size_t size = itch::message_sizes[type];
      if (size == bytes.size()) [[likely]] {
        ++counts_[type];
        return Next::message;
      }
      if (size != 0) return wrong_size();
      ++unknown_messages_;
    }
  }

  // The same for many at a time: those that lie whole and right in memory, as many as `out` takes;
  // none: next() says why, or takes the next one. Views until the next call.
  std::size_t take(std::span<std::span<const std::byte>> out) {
    const std::byte* at = at_;
    std::size_t count = 0;
    while (count < out.size() && end_ - at >= 3) {
      const std::size_t length = length_at(at);
      const auto type = static_cast<unsigned char>(at[2]);
      if (length != itch::message_sizes[type] || length == 0 ||
          length > static_cast<std::size_t>(end_ - at) - 2) [[unlikely]] {
        break;
      }
      ++counts_[type];
      out[count++] = {at + 2, length};
      at += 2 + length;
    }
    at_ = at;
    messages_ += count;
    return count;
  }

  std::span<const std::byte> message() const { return {frame_ + 2, length_at(frame_)}; }
  const Error& error() const { return error_; }  // REQUIRES: next() has said `failed`

  std::uint64_t bytes_done() const {
    return window_offset_ + static_cast<std::uint64_t>(at_ - window_);
  }
  std::uint64_t bytes_total() const { return bytes_total_; }  // 0 = not known (a pipe)
  std::uint64_t messages() const { return messages_; }        // the unknown ones included
  std::uint64_t unknown_messages() const { return unknown_messages_; }
  const CountsByType& counts() const { return counts_; }
  const std::string& name() const { return name_; }

 private:
  struct OwnedFile {  // a file descriptor, closed at the end; -1 = none
    OwnedFile() = default;
    explicit OwnedFile(int opened) : descriptor(opened) {}
    OwnedFile(OwnedFile&& other) noexcept : descriptor(std::exchange(other.descriptor, -1)) {}
    OwnedFile& operator=(OwnedFile&& other) noexcept {
      std::swap(descriptor, other.descriptor);
      return *this;
    }
    ~OwnedFile();
    int descriptor = -1;
  };

  explicit ItchReader(std::string name) : name_(std::move(name)) {}

  static std::size_t length_at(const std::byte* at) {
    std::uint16_t length;
    std::memcpy(&length, at, sizeof length);
    return std::byteswap(length);
  }
  std::size_t available() const { return static_cast<std::size_t>(end_ - at_); }
  // Of the frame that starts at at_, length included; 0 if that is an end mark or not yet known.
  std::size_t frame_bytes() const {
    if (available() < 2) return 0;
    const std::size_t length = length_at(at_);
    return length == 0 ? 0 : 2 + length;
  }
  Next load_frame();  // makes the frame at at_ available
  bool refill();      // false: no more bytes, or error_ is set
  Next wrong_size();
  Next fail_at(const std::byte* frame, ExitCode code, std::string what, std::string next);

  std::string name_;
  std::unique_ptr<std::byte[]> buffer_;
  OwnedFile file_;
  const std::byte* at_ = nullptr;  // next frame
  const std::byte* end_ = nullptr;
  const std::byte* frame_ = nullptr;  // current frame
  std::uint64_t window_offset_ = 0;   // of window_ in the file
  const std::byte* window_ = nullptr;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t unknown_messages_ = 0;
  CountsByType counts_{};
  Error error_;
};

}  // namespace bourse
