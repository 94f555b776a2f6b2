// A few messages at a time, so that the books can be told ahead what they will touch: the misses of
// a whole batch pass at the same time and not one after another.
//   Shape:  up to 96 messages, views into the reader's buffer.
//   Owner:  one thread; the views hold until the next fill().
//   Errors: fill() takes what comes before a fault or the end; why() then says which.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "replay/itch/itch_books.h"   // ItchBooks
#include "replay/itch/itch_reader.h"  // ItchReader

namespace bourse {

class ItchBatch {
 public:
  static constexpr std::size_t messages_max = ItchBooks::batch_max;

  // False: there are no more, and why() says why.
  bool fill(ItchReader& reader) {
    size_ = reader.take(messages_);
    if (size_ == 0) [[unlikely]] {
      why_ = reader.next();
      if (why_ != ItchReader::Next::message) return false;
      messages_[size_++] = reader.message();
    }
    first_number_ = reader.messages() - size_ + 1;
    // The processor fetches a stream by itself, but stops at the end of each page.
    for (std::size_t ahead = 0; ahead < stream_ahead_bytes; ahead += 64) {
      request_line(messages_[size_ - 1].data() + 64 + ahead);
    }
    return true;
  }
  std::span<const std::span<const std::byte>> messages() const { return {messages_.data(), size_}; }
  // Of the message at `at` in the file, from 1.
  std::uint64_t number(std::size_t at) const { return first_number_ + at; }
  // `message`, or why there were no more behind these.
  ItchReader::Next why() const { return why_; }

 private:
  static constexpr std::size_t stream_ahead_bytes = 2048;

  std::array<std::span<const std::byte>, messages_max> messages_;
  std::size_t size_ = 0;
  std::uint64_t first_number_ = 0;
  ItchReader::Next why_ = ItchReader::Next::message;
};

}  // namespace bourse
