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
        mask_(std::bit_ceil(std::uint64_t{capacity} + 2) - 1) {}

  // Writer. `a` is the order, or the maker of a trade; `b` the taker of a trade.
  bool push(std::uint8_t type, std::uint8_t side, std::uint64_t sequence, std::uint64_t a,
            std::uint64_t b, std::int64_t price, std::uint32_t quantity) {
    if (written_ + 2 - read_seen_ > mask_ + 1) {
      publish();
      read_seen_ = read_.load(std::memory_order_acquire);
      if (written_ + 2 - read_seen_ > mask_ + 1) return false;
    }
    const bool wide = ((a | b) >> 32) != 0;
    records_[written_++ & mask_] = {type,
                                    side,
                                    wide,
                                    0,
                                    quantity,
                                    sequence,
                                    price,
                                    static_cast<std::uint32_t>(a),
                                    static_cast<std::uint32_t>(b)};
    if (wide) [[unlikely]] {
      records_[written_++ & mask_] = {0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      static_cast<std::uint32_t>(a >> 32),
                                      static_cast<std::uint32_t>(b >> 32)};
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
  struct alignas(32) Record {
    std::uint8_t type;
    std::uint8_t side;
    std::uint8_t wide;  // the high halves of the ids are in the next record
    std::uint8_t reserved_;
    std::uint32_t quantity;
    std::uint64_t sequence;
    std::int64_t price;
    std::uint32_t a;
    std::uint32_t b;
  };
  static_assert(sizeof(Record) == 32);

  std::uint64_t expand(std::uint64_t at, me_report_t& out) const {
    const Record& record = records_[at++ & mask_];
    std::uint64_t a = record.a;
    std::uint64_t b = record.b;
    if (record.wide != 0) [[unlikely]] {
      const Record& high = records_[at++ & mask_];
      a |= std::uint64_t{high.a} << 32;
      b |= std::uint64_t{high.b} << 32;
    }
    const bool trade = record.type == 1;
    out = {record.type,
           record.side,
           {},
           record.sequence,
           trade ? b : a,
           record.price,
           record.quantity,
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
  std::uint64_t read_seen_ = 0;
};

}  // namespace bourse
