#include "matching/broadcast_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <new>

#include <sys/mman.h>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);
constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
// No transaction is shorter than this, so the index forgets nothing that the ring still holds.
constexpr std::size_t record_bytes_min = 128;
static_assert(sizeof(RecordHeader) + sizeof(TransactionHeader) + 120 >= record_bytes_min);
static_assert(offsetof(RecordHeader, length) == 0 && offsetof(RecordHeader, sequence) == 8);

std::uint64_t length_of(std::uint64_t first_word) { return first_word & 0xffff'ffffu; }

}  // namespace

BroadcastRing::BroadcastRing(const Options& options)
    : mask_(options.capacity_bytes - 1),
      first_(next(options.last)),
      record_bytes_max_(options.record_bytes_max),
      head_(options.last.value()) {
  CHECK(std::has_single_bit(options.capacity_bytes));
  CHECK(options.record_bytes_max >= sizeof(RecordHeader));
  CHECK(options.record_bytes_max % word_bytes == 0);
  CHECK(options.capacity_bytes >= 2 * options.record_bytes_max);

  const std::size_t word_count = options.capacity_bytes / word_bytes;
  const std::size_t index_count =
      std::max<std::size_t>(options.capacity_bytes / record_bytes_min, 4);
  index_mask_ = index_count - 1;
  const std::size_t bytes = (word_count + index_count) * sizeof(Word);
  mapped_bytes_ = bytes + huge_page_bytes;
  mapped_ =
      ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mapped_ != MAP_FAILED);
  // Only advice: a kernel without huge pages is slower, not wrong.
  static_cast<void>(::madvise(mapped_, mapped_bytes_, MADV_HUGEPAGE));
  void* aligned = mapped_;
  std::size_t space = mapped_bytes_;
  CHECK(std::align(huge_page_bytes, bytes, aligned, space) != nullptr);
  // Starts the life of each word, and touches each page before the first record needs it.
  words_ = static_cast<Word*>(aligned);
  index_ = words_ + word_count;
  for (Word* word = words_; word != index_ + index_count; ++word) new (word) Word{0};
}

BroadcastRing::~BroadcastRing() { ::munmap(mapped_, mapped_bytes_); }

BroadcastRing::Writer BroadcastRing::writer() {
  CHECK(!writer_made_);
  writer_made_ = true;
  return Writer(*this);
}

BroadcastRing::GatingReader BroadcastRing::gating_reader() {
  CHECK(gate_.load(std::memory_order_relaxed) == no_gate);
  CHECK(written_.load(std::memory_order_relaxed) == 0);
  gate_.store(0, std::memory_order_release);
  return GatingReader(*this);
}

BroadcastRing::Reader BroadcastRing::reader() const { return Reader(*this); }

void BroadcastRing::copy_in(std::uint64_t position, std::span<const std::byte> bytes) {
  std::uint64_t word = 0;
  std::size_t at = (position & mask_) / word_bytes;
  const std::byte* from = bytes.data();
  std::size_t left = bytes.size() / word_bytes;
  while (left > 0) {  // twice where the record runs over the end of the ring
    const std::size_t run = std::min(left, (mask_ + 1) / word_bytes - at);
    for (std::size_t i = 0; i < run; ++i) {
      std::memcpy(&word, from + i * word_bytes, word_bytes);
      words_[at + i].store(word, std::memory_order_relaxed);
    }
    from += run * word_bytes;
    left -= run;
    at = 0;
  }
}

void BroadcastRing::copy_out(std::uint64_t position, std::span<std::byte> bytes) const {
  std::size_t at = (position & mask_) / word_bytes;
  std::byte* to = bytes.data();
  std::size_t left = bytes.size() / word_bytes;
  while (left > 0) {
    const std::size_t run = std::min(left, (mask_ + 1) / word_bytes - at);
    for (std::size_t i = 0; i < run; ++i) {
      const std::uint64_t word = words_[at + i].load(std::memory_order_relaxed);
      std::memcpy(to + i * word_bytes, &word, word_bytes);
    }
    to += run * word_bytes;
    left -= run;
    at = 0;
  }
}

Sequence BroadcastRing::oldest() const {
  const std::uint64_t claimed = claimed_.load(std::memory_order_acquire);
  const std::uint64_t bound = claimed > capacity_bytes() ? claimed - capacity_bytes() : 0;
  // Positions grow with the sequence: the first one that is not overwritten.
  std::uint64_t high = head().value() + 1;
  std::uint64_t low = first_.value();
  if (high - low > index_mask_) low = high - index_mask_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (index_of(middle).load(std::memory_order_relaxed) >= bound) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return Sequence{high};
}

std::size_t BroadcastRing::gate_lag_bytes() const {
  const std::uint64_t gate = gate_.load(std::memory_order_acquire);
  return gate == no_gate ? 0 : written_.load(std::memory_order_acquire) - gate;
}

BroadcastRing::Writer::Writer(BroadcastRing& ring) : ring_(&ring), last_(ring.head()) {}

bool BroadcastRing::Writer::look_at_gate(std::size_t bytes) {
  const std::uint64_t gate = ring_->gate_.load(std::memory_order_acquire);
  gate_seen_ = gate == no_gate ? written_ : gate;
  return written_ + bytes - gate_seen_ <= ring_->capacity_bytes();
}

bool BroadcastRing::Writer::append(std::span<const std::byte> record) {
  RecordHeader header;
  CHECK(record.size() >= sizeof header && record.size() <= ring_->record_bytes_max_);
  std::memcpy(&header, record.data(), sizeof header);
  CHECK(header.length == record.size() && header.length % word_bytes == 0);
  CHECK(header.sequence == next(last_));
  if (!has_room(record.size())) return false;

  const std::uint64_t end = written_ + record.size();
  ring_->claimed_.store(end, std::memory_order_relaxed);
  // Whoever reads a word stored below also sees the claim above: Reader::still_there().
  std::atomic_thread_fence(std::memory_order_release);
  ring_->copy_in(written_, record);
  // Where the next record will stand is known already: seek(head() + 1) finds it.
  ring_->index_of(header.sequence.value() + 1).store(end, std::memory_order_relaxed);
  ring_->written_.store(end, std::memory_order_release);
  ring_->head_.store(header.sequence.value(), std::memory_order_release);
  written_ = end;
  last_ = header.sequence;
  return true;
}

BroadcastRing::GatingReader::GatingReader(BroadcastRing& ring)
    : ring_(&ring), last_peeked_(ring.head()) {}

std::size_t BroadcastRing::GatingReader::peek(std::span<std::byte> into) {
  CHECK(into.size() >= ring_->record_bytes_max_);
  const std::uint64_t written = ring_->written_.load(std::memory_order_acquire);
  std::uint64_t end = position_;
  std::uint64_t last_start = end;
  while (end != written) {
    const std::uint64_t length = length_of(ring_->word_at(end));
    CHECK(length >= sizeof(RecordHeader) && length <= written - end);
    if (end + length - position_ > into.size()) break;
    last_start = end;
    end += length;
  }
  const std::size_t bytes = end - position_;
  if (bytes == 0) return 0;
  ring_->copy_out(position_, into.first(bytes));
  last_peeked_ = Sequence{ring_->word_at(last_start + word_bytes)};
  peeked_ = std::max(peeked_, end);
  return bytes;
}

void BroadcastRing::GatingReader::release(std::size_t bytes) {
  CHECK(bytes <= peeked_ - position_);
  position_ += bytes;
  ring_->gate_.store(position_, std::memory_order_release);
}

BroadcastRing::Reader::Reader(const BroadcastRing& ring)
    : ring_(&ring), position_(ring.written_.load(std::memory_order_acquire)) {
  written_seen_ = position_;
}

BroadcastRing::Reader::Next BroadcastRing::Reader::next(std::span<std::byte> scratch,
                                                        std::size_t& length) {
  if (position_ == written_seen_) {
    written_seen_ = ring_->written_.load(std::memory_order_acquire);
    if (position_ == written_seen_) return Next::empty;
  }
  const std::uint64_t first_word = ring_->word_at(position_);
  if (!still_there(position_)) return Next::lapped;
  length = length_of(first_word);
  CHECK(length >= sizeof(RecordHeader) && length <= ring_->record_bytes_max_);
  if (length > scratch.size()) return Next::too_small;
  ring_->copy_out(position_, scratch.first(length));
  if (!still_there(position_)) return Next::lapped;
  position_ += length;
  return Next::record;
}

bool BroadcastRing::Reader::seek(Sequence sequence) {
  if (sequence < ring_->first_ || sequence > bourse::next(ring_->head())) return false;
  const std::uint64_t position = ring_->index_of(sequence.value()).load(std::memory_order_relaxed);
  // The entry becomes another sequence's while the record `index size - 1` after ours is appended.
  // Had we read that, then after this fence (it pairs with the one in append()) we would see a head
  // at most one before that record.
  std::atomic_thread_fence(std::memory_order_acquire);
  const std::uint64_t index_count = ring_->index_mask_ + 1;
  if (ring_->head().value() + 2 >= sequence.value() + index_count) return false;
  if (!still_there(position)) return false;
  position_ = written_seen_ = position;
  return true;
}

}  // namespace bourse
