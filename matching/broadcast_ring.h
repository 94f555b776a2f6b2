// The memory tail of the log: one writer appends records, any number of readers follow and cannot
// slow it down, except the one gating reader (the journal), which must never lose a record.
//   Shape:  power-of-two bytes of relaxed atomic 64-bit words (so that a copy which is overtaken is
//           no data race); records are 8-aligned, lie back to back and run over the end to the
//           beginning; an index of positions by sequence for seek() in O(1).
//   Units:  positions and lengths in bytes; positions never wrap.
//   Owner:  Writer: the engine thread. GatingReader: the journal thread. Reader: any thread, each
//           its own. All are move-only, may be made by any thread and must not outlive the ring.
//   Errors: append() returns false while the gating reader is a whole ring behind (back-pressure:
//           the caller tries later); Reader::next() says `lapped` when its record was overwritten.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "matching/transaction.h"    // RecordHeader, transaction_bytes_max
#include "matching/types.h"          // Sequence
#include "matching/wait_strategy.h"  // WaitPoint

namespace bourse {

class BroadcastRing {
 public:
  struct Options {
    std::size_t capacity_bytes = std::size_t{64} << 20;    // a power of two
    std::size_t record_bytes_max = transaction_bytes_max;  // at most half the capacity
    Sequence last{0};  // the first record appended has the sequence after this one
  };

  class Writer;
  class GatingReader;
  class Reader;

  // Takes, touches and keeps all memory; asks for huge pages. Aborts if there is none to be had.
  explicit BroadcastRing(const Options& options);
  ~BroadcastRing();
  BroadcastRing(const BroadcastRing&) = delete;
  BroadcastRing& operator=(const BroadcastRing&) = delete;

  Writer writer();  // once
  // Once, before the first append. Without one nothing ever holds the writer back.
  GatingReader gating_reader();
  // Stands after the last record. Any time, any thread.
  Reader reader() const;

  // Any thread. The last appended sequence; every record up to it can be read (acquire).
  Sequence head() const { return Sequence{head_.load(std::memory_order_acquire)}; }
  // Any thread. The oldest sequence that seek() would have found a moment ago; head()+1 when there
  // is none. For metrics and diagnosis: O(log n), and old at once. To read, seek() and see.
  Sequence oldest() const;
  std::size_t capacity_bytes() const { return mask_ + 1; }
  std::size_t record_bytes_max() const { return record_bytes_max_; }
  // Bytes that the gating reader has not released yet. Any thread, for metrics.
  std::size_t gate_lag_bytes() const;

  // Where readers sleep until there is more. append() does not wake: whoever drives the writer
  // calls arrivals().wake() once per batch, outside the hot path.
  WaitPoint& arrivals() { return arrivals_; }

 private:
  using Word = std::atomic<std::uint64_t>;
  static constexpr std::uint64_t no_gate = ~std::uint64_t{0};

  // Words are only ever relaxed: claimed_ and written_ order them, see append() and Reader::next().
  void copy_in(std::uint64_t position, std::span<const std::byte> bytes);
  void copy_out(std::uint64_t position, std::span<std::byte> bytes) const;
  std::uint64_t word_at(std::uint64_t position) const {
    return words_[(position & mask_) / sizeof(Word)].load(std::memory_order_relaxed);
  }
  Word& index_of(std::uint64_t sequence) const { return index_[sequence & index_mask_]; }

  void* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  Word* words_ = nullptr;  // capacity_bytes
  Word* index_ = nullptr;  // position of the record of sequence s at s & index_mask_
  std::uint64_t mask_;
  std::uint64_t index_mask_ = 0;
  Sequence first_;  // the oldest that the ring ever held
  std::size_t record_bytes_max_;
  bool writer_made_ = false;
  WaitPoint arrivals_;

  // Written by the writer, read by all readers.
  //   claimed_: end of the record that is being written; everything older than claimed_ - capacity
  //             is or will be overwritten. Stored before the words (fence), loaded after them.
  //   written_: end of the last whole record (release: publishes its words and index entry).
  //   head_:    its sequence (release, after written_).
  alignas(128) Word claimed_{0};
  Word written_{0};
  Word head_;
  // Written by the gating reader (release: its copies are done), read by the writer (acquire).
  alignas(128) Word gate_{no_gate};
};

class BroadcastRing::Writer {
 public:
  Writer(Writer&&) = default;
  Writer& operator=(Writer&&) = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Whether a record of so many bytes can be appended now. Once true, it stays true until append().
  bool has_room(std::size_t bytes) {
    if (written_ + bytes - gate_seen_ <= ring_->capacity_bytes()) return true;
    return look_at_gate(bytes);
  }
  // Appends one whole record that starts with its RecordHeader. False: no room.
  // REQUIRES: record.size() == header.length, a multiple of 8, at most record_bytes_max;
  //           header.sequence == head() + 1.
  bool append(std::span<const std::byte> record);
  Sequence last() const { return last_; }
  BroadcastRing& ring() const { return *ring_; }

 private:
  friend class BroadcastRing;
  explicit Writer(BroadcastRing& ring);
  bool look_at_gate(std::size_t bytes);

  BroadcastRing* ring_ = nullptr;
  std::uint64_t written_ = 0;
  std::uint64_t gate_seen_ = 0;
  Sequence last_{0};
};

class BroadcastRing::GatingReader {
 public:
  GatingReader(GatingReader&&) = default;
  GatingReader& operator=(GatingReader&&) = default;
  GatingReader(const GatingReader&) = delete;
  GatingReader& operator=(const GatingReader&) = delete;

  // Copies as many whole records as there are and as fit, from the reader's position on, and
  // returns their bytes: exactly consecutive records; 0 = nothing new. Does not move the position.
  // REQUIRES: into.size() >= record_bytes_max, into aligned to 8.
  std::size_t peek(std::span<std::byte> into);
  // Sequence of the last record that the last peek() copied; before any, the one before the first.
  Sequence last_peeked() const { return last_peeked_; }
  // Moves the position on: so many bytes are safe elsewhere and may be overwritten.
  // REQUIRES: a sum of lengths of whole records that peek() returned and that are not yet released.
  void release(std::size_t bytes);
  // Whether peek() would find something: what to ask between prepare() and park().
  bool has_more() const { return ring_->written_.load(std::memory_order_acquire) != position_; }
  std::size_t pending_bytes() const {
    return ring_->written_.load(std::memory_order_acquire) - position_;
  }

 private:
  friend class BroadcastRing;
  explicit GatingReader(BroadcastRing& ring);

  BroadcastRing* ring_ = nullptr;
  std::uint64_t position_ = 0;
  std::uint64_t peeked_ = 0;  // end of what peek() has ever copied
  Sequence last_peeked_{0};
};

class BroadcastRing::Reader {
 public:
  enum class Next : std::uint8_t {
    record = 1,     // copied; the reader stands after it
    empty = 2,      // nothing newer yet
    lapped = 3,     // overwritten before it was read: seek(), or read the files of the log
    too_small = 4,  // `length` says how large the scratch must be; the reader has not moved
  };

  Reader(Reader&&) = default;
  Reader& operator=(Reader&&) = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Copies the next record into scratch and sets its length.
  // REQUIRES: scratch.size() >= sizeof(RecordHeader), aligned to 8.
  Next next(std::span<std::byte> scratch, std::size_t& length);
  // Stands before the record of this sequence; head()+1 is fine: next() then waits as `empty`.
  // False, and does not move: no longer or not yet there.
  bool seek(Sequence sequence);
  // Whether next() would find something (or find itself lapped).
  bool has_more() const { return ring_->written_.load(std::memory_order_acquire) != position_; }

 private:
  friend class BroadcastRing;
  explicit Reader(const BroadcastRing& ring);
  // After relaxed loads of words from `position`: whether they are what the writer wrote there.
  bool still_there(std::uint64_t position) const {
    // Pairs with the fence in append(): having read a word of an overwriting record, this thread
    // sees a claimed_ that tells of it.
    std::atomic_thread_fence(std::memory_order_acquire);
    return ring_->claimed_.load(std::memory_order_relaxed) - position <= ring_->capacity_bytes();
  }

  const BroadcastRing* ring_ = nullptr;
  std::uint64_t position_ = 0;
  std::uint64_t written_seen_ = 0;
};

}  // namespace bourse
