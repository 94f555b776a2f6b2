// The ring that hands reports of the challenge to another thread.
//   Shape:  records of 32 bytes, expanded to 64 by the reader; ids above 32 bits take a second
//           record. The records stand in blocks. The writer fills the block that the reader gave
//           back last, so that a reader who keeps up leaves the writer few lines to write to,
//           however large the ring is. It writes past its own cache: the lines of a block were
//           last read by the other core, and to ask for each takes as long as several reports.
//           The writer publishes every 128 records and when asked; a reader who finds little waits
//           a moment before it looks again, because each look takes the index from the writer.
//   Owner:  one writing thread, one reading thread.
//   Errors: push returns false when full.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#ifdef __AVX__
#include <immintrin.h>
#endif

#include "bench/challenge_adapter/challenge_abi.h"  // me_report_t
#include "matching/pages.h"                         // Pages, take_pages
#include "matching/spsc_ring.h"                     // cache_line_pair_bytes

namespace bourse {

class ReportRing {
 public:
  explicit ReportRing(std::uint32_t capacity)
      : block_count_(capacity / block_records + 2),
        records_(take_pages<Record>(std::size_t{block_count_} * block_records)),
        filled_mask_(std::bit_ceil(block_count_) - 1),
        filled_(std::make_unique<std::uint32_t[]>(std::size_t{filled_mask_} + 1)),
        free_(std::make_unique<std::uint32_t[]>(block_count_)) {
    touch_pages(records_.get(), std::size_t{block_count_} * block_records);
    while (free_count_ < block_count_) {
      free_[free_count_] = block_count_ - 1 - free_count_;
      ++free_count_;
    }
  }

  // Writer. `a` is the order, or the maker of a trade; `b` the taker of a trade.
  [[gnu::always_inline]] bool push(std::uint8_t type, std::uint8_t side, std::uint64_t sequence,
                                   std::uint64_t a, std::uint64_t b, std::int64_t price,
                                   std::uint32_t quantity) {
    if (next_record_ >= stop_) [[unlikely]] {
      if (!go_on()) return false;
    }
    const bool wide = ((a | b) >> 32) != 0;
    write({.kind = std::uint64_t{type} | std::uint64_t{side} << side_shift |
                   std::uint64_t{wide} << wide_shift | std::uint64_t{quantity} << quantity_shift,
           .sequence = sequence,
           .price = price,
           .ids = low_half(a) | b << 32});
    if (wide) [[unlikely]]
      write({.kind = 0, .sequence = 0, .price = 0, .ids = a >> 32 | (b >> 32 << 32)});
    return true;
  }
  // Writer.
  [[gnu::noinline]] void publish() {
    const std::uint64_t written =
        blocks_opened_ * block_records - static_cast<std::uint64_t>(block_end_ - next_record_);
#ifdef __AVX__
    _mm_sfence();  // stores past the cache keep no order by themselves
#endif
    head_.store(written, std::memory_order_release);
  }
  // Reader. How many reports were written to `out`.
  std::uint32_t drain(me_report_t* out, std::uint32_t max) {
    std::uint64_t at = read_.load(std::memory_order_relaxed);
    std::uint64_t head = head_.load(std::memory_order_acquire);
    if (head - at < worth_a_look) {
      for (int i = 0; i < pauses_between_looks; ++i) __builtin_ia32_pause();
      head = head_.load(std::memory_order_acquire);
    }
    std::uint32_t count = 0;
    while (at != head && count < max) {
      if (record(at).kind == padding) {
        ++at;
      } else {
        at = expand(at, out[count++]);
      }
    }
    read_.store(at, std::memory_order_release);
    return count;
  }

 private:
  static constexpr std::uint32_t block_records = 1024;  // even, so that no line is in two blocks
  static constexpr std::ptrdiff_t publish_every = 128;
  static constexpr std::ptrdiff_t wide_records = 2;  // of one report
  static constexpr std::uint64_t worth_a_look = 128;
  static constexpr int pauses_between_looks = 32;
  static constexpr std::uint64_t padding = 0xff;  // the kind of a record that says nothing
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

  [[gnu::always_inline]] void write(const Record& record) {
#ifdef __AVX__
    _mm256_stream_si256(reinterpret_cast<__m256i*>(next_record_),
                        _mm256_set_epi64x(static_cast<long long>(record.ids), record.price,
                                          static_cast<long long>(record.sequence),
                                          static_cast<long long>(record.kind)));
#else
    *next_record_ = record;
#endif
    ++next_record_;
  }

  // Publishes, and gives the writer a new block at the end of one; false: there is none.
  [[gnu::noinline]] bool go_on() {
    if (block_end_ - next_record_ >= wide_records) {
      publish();
    } else {
      // Both halves of a wide report stand in one block.
      while (next_record_ != block_end_) {
        write({.kind = padding, .sequence = 0, .price = 0, .ids = 0});
      }
      if (blocks_opened_ != 0) publish();
      if (!open_block()) return false;
    }
    stop_ = std::min(next_record_ + publish_every, block_end_ - (wide_records - 1));
    return true;
  }
  bool open_block() {
    const std::uint64_t read = read_.load(std::memory_order_acquire) / block_records;
    for (; returned_ != read; ++returned_) {
      free_[free_count_++] = filled_[returned_ & filled_mask_];
    }
    if (free_count_ == 0) return false;
    const std::uint32_t block = free_[--free_count_];
    filled_[blocks_opened_++ & filled_mask_] = block;
    next_record_ = &records_[std::size_t{block} * block_records];
    block_end_ = next_record_ + block_records;
    return true;
  }

  // Reader.
  const Record& record(std::uint64_t at) const {
    const std::size_t block = filled_[at / block_records & filled_mask_];
    return records_[block * block_records + at % block_records];
  }
  std::uint64_t expand(std::uint64_t at, me_report_t& out) const {
    const Record& record = this->record(at++);
    std::uint64_t a = low_half(record.ids);
    std::uint64_t b = record.ids >> 32;
    if ((record.kind >> wide_shift & 1) != 0) [[unlikely]] {
      const Record& high = this->record(at++);
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

  std::uint32_t block_count_;
  Pages<Record> records_;
  std::uint32_t filled_mask_;
  // Which block holds the n-th block_records of all reports: written by the writer before it
  // publishes the first of them, read by the reader after that, and not written again before the
  // reader has given that block back.
  std::unique_ptr<std::uint32_t[]> filled_;
  // Written by the writer (release: publishes the records below it), read by the reader (acquire).
  alignas(cache_line_pair_bytes) std::atomic<std::uint64_t> head_{0};
  // Written by the reader (release: gives the records below it back), read by the writer (acquire).
  alignas(cache_line_pair_bytes) std::atomic<std::uint64_t> read_{0};
  // The writer's own.
  alignas(cache_line_pair_bytes) Record* next_record_ = nullptr;
  Record* stop_ = nullptr;  // from here on there is something else to do first
  Record* block_end_ = nullptr;
  std::uint64_t blocks_opened_ = 0;
  std::uint64_t returned_ = 0;             // blocks that came back from the reader
  std::unique_ptr<std::uint32_t[]> free_;  // the last is the one that came back last
  std::uint32_t free_count_ = 0;
};

}  // namespace bourse
