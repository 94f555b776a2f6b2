// The ring that hands reports of the challenge to another thread.
//   Shape:  records of 32 bytes, expanded to 64 by the reader; ids above 32 bits take a second
//           record. The writer publishes every 16 records and when asked: one cache line
//           travels for two reports, and the index for sixteen.
//   Owner:  one writing thread, one reading thread.
//   Errors: push returns false when full.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

#include "bench/challenge_adapter/challenge_abi.h"  // me_report_t
#include "matching/spsc_ring.h"                     // cache_line_pair_bytes

namespace bourse {

class ReportRing {
 public:
  explicit ReportRing(std::uint32_t capacity)
      : records_(std::make_unique<Record[]>(std::bit_ceil(std::uint64_t{capacity} + 2))),
        mask_(std::bit_ceil(std::uint64_t{capacity} + 2) - 1),
        last_free_(mask_ - 1) {}

  // Writer. `a` is the order, or the maker of a trade; `b` the taker of a trade.
  [[gnu::always_inline]] bool push(std::uint8_t type, std::uint8_t side, std::uint64_t sequence,
                                   std::uint64_t a, std::uint64_t b, std::int64_t price,
                                   std::uint32_t quantity) {
    if (written_ > last_free_) [[unlikely]] {
      if (!make_room()) return false;
    }
    const bool wide = ((a | b) >> 32) != 0;
    // Whole words, so that a record is four stores.
    records_[written_ & mask_] = {.kind = std::uint64_t{type} | std::uint64_t{side} << side_shift |
                                          std::uint64_t{wide} << wide_shift |
                                          std::uint64_t{quantity} << quantity_shift,
                                  .sequence = sequence,
                                  .price = price,
                                  .ids = low_half(a) | b << 32};
    ++written_;
    if (wide) [[unlikely]] {
      records_[written_++ & mask_] = {
          .kind = 0, .sequence = 0, .price = 0, .ids = a >> 32 | (b >> 32 << 32)};
    }
    if (written_ - published_ >= publish_every) publish();
    return true;
  }
  // Writer.
  void publish() {
    published_ = written_;
    head_.store(written_, std::memory_order_release);
  }
  // Reader. How many reports were written to `out`.
  std::uint32_t drain(me_report_t* out, std::uint32_t max) {
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    std::uint64_t at = read_.load(std::memory_order_relaxed);
    std::uint32_t count = 0;
    for (; at != head && count < max; ++count) at = expand(at, out[count]);
    if (count != 0) read_.store(at, std::memory_order_release);
    return count;
  }

 private:
  static constexpr std::uint64_t publish_every = 16;
  static constexpr unsigned side_shift = 8;
  static constexpr unsigned wide_shift = 16;
  static constexpr unsigned quantity_shift = 32;
  struct alignas(32) Record {
    std::uint64_t kind;  // type, side, whether the high halves of the ids follow, quantity
    std::uint64_t sequence;
    std::int64_t price;
    std::uint64_t ids;  // the low halves of a and b
  };
  static_assert(sizeof(Record) == 32);

  static std::uint64_t low_half(std::uint64_t id) { return id & 0xffff'ffff; }

  // Is there room for two records now?
  [[gnu::noinline]] bool make_room() {
    publish();
    last_free_ = read_.load(std::memory_order_acquire) + mask_ - 1;
    return written_ <= last_free_;
  }

  std::uint64_t expand(std::uint64_t at, me_report_t& out) const {
    const Record& record = records_[at++ & mask_];
    std::uint64_t a = low_half(record.ids);
    std::uint64_t b = record.ids >> 32;
    if ((record.kind >> wide_shift & 1) != 0) [[unlikely]] {
      const Record& high = records_[at++ & mask_];
      a |= high.ids << 32;
      b |= high.ids >> 32 << 32;
    }
    const auto type = static_cast<std::uint8_t>(record.kind);
    const bool trade = type == 1;
    out = {type,
           static_cast<std::uint8_t>(record.kind >> side_shift),
           {},
           record.sequence,
           trade ? b : a,
           record.price,
           static_cast<std::uint32_t>(record.kind >> quantity_shift),
           0,
           trade ? a : 0,
           trade ? b : 0,
           0};
    return at;
  }

  std::unique_ptr<Record[]> records_;
  std::uint64_t mask_;
  // Written by the writer (release: publishes the records below it), read by the reader (acquire).
  alignas(cache_line_pair_bytes) std::atomic<std::uint64_t> head_{0};
  // Written by the reader (release: gives the records below it back), read by the writer (acquire).
  alignas(cache_line_pair_bytes) std::atomic<std::uint64_t> read_{0};
  // The writer's own.
  alignas(cache_line_pair_bytes) std::uint64_t written_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t last_free_ = 0;  // two records may be written from here, or before
};

}  // namespace bourse
