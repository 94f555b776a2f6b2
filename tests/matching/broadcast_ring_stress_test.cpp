#include "matching/broadcast_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "tests/matching/ring_records.h"  // make_record, is_intact_record

namespace bourse {
namespace {

using Next = BroadcastRing::Reader::Next;

constexpr BroadcastRing::Options small{.capacity_bytes = 16384, .record_bytes_max = 1024};
// Where the writer waits for a reader: larger, because each wait may cost a turn of the scheduler.
constexpr BroadcastRing::Options gated{.capacity_bytes = 1 << 18, .record_bytes_max = 1024};
constexpr std::uint64_t record_count = BOURSE_SANITIZED ? 20'000 : 100'000;

// Follows the ring to its end; when lapped it seeks back in. Every record is intact, sequences only
// grow, and grow by one except where the reader was told that it lost some.
struct Follower {
  std::uint64_t seen = 0;
  std::uint64_t lapped = 0;
  bool is_sound = true;

  void run(const BroadcastRing& ring, bool is_slow) {
    auto reader = ring.reader();
    std::vector<std::uint64_t> words(small.record_bytes_max / 8);
    std::size_t length = 0;
    std::uint64_t last = 0;
    bool may_skip = true;  // where it starts depends on when
    while (last < record_count) {
      switch (reader.next(std::as_writable_bytes(std::span(words)), length)) {
        case Next::record: {
          const std::uint64_t sequence = header_of(words).sequence.value();
          is_sound &= is_intact_record(words) && header_of(words).length == length;
          is_sound &= may_skip ? sequence > last : sequence == last + 1;
          may_skip = false;
          last = sequence;
          ++seen;
          if (is_slow && seen % 64 == 0) std::this_thread::yield();
          break;
        }
        case Next::empty:
          std::this_thread::yield();
          break;
        case Next::lapped:
          ++lapped;
          may_skip = true;
          while (!reader.seek(ring.oldest())) {
          }
          break;
        case Next::too_small:
          is_sound = false;
          return;
      }
    }
  }
};

void write_all(BroadcastRing::Writer writer, unsigned seed) {
  std::mt19937 random(seed);
  for (std::uint64_t i = 1; i <= record_count; ++i) {
    const auto record = make_record(i, 128 + 8 * (random() % 112));
    while (!writer.append(std::as_bytes(std::span(record)))) std::this_thread::yield();
  }
}

TEST(BroadcastRingStress, LappedReadersAreToldAndNobodySeesATornRecord) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  BroadcastRing ring(small);
  std::vector<Follower> followers(3);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < followers.size(); ++i) {
    threads.emplace_back([&, i] { followers[i].run(ring, i == 0); });
  }
  write_all(ring.writer(), seed);
  threads.clear();
  for (const Follower& follower : followers) {
    EXPECT_TRUE(follower.is_sound);
    EXPECT_TRUE(follower.lapped > 0 || follower.seen > 0);
  }
}

TEST(BroadcastRingStress, TheGatingReaderGetsEveryRecordOnceWhileOthersAreLapped) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  BroadcastRing ring(gated);
  auto journal = ring.gating_reader();
  Follower follower;
  std::jthread other([&] { follower.run(ring, false); });
  std::jthread writer([&] { write_all(ring.writer(), seed); });

  std::vector<std::uint64_t> words(65536 / 8);
  std::uint64_t expected = 1;
  bool is_sound = true;
  while (expected <= record_count) {
    const std::size_t bytes = journal.peek(std::as_writable_bytes(std::span(words)));
    if (bytes == 0) std::this_thread::yield();
    for (std::size_t at = 0; at < bytes;) {
      const auto record = std::span<const std::uint64_t>(words).subspan(at / 8);
      is_sound &= is_intact_record(record) && header_of(record).sequence.value() == expected;
      ++expected;
      at += header_of(record).length;
    }
    journal.release(bytes);
    if (!is_sound) FAIL() << "at sequence " << expected - 1;
  }
  other.join();
  EXPECT_TRUE(follower.is_sound);
}

TEST(BroadcastRingStress, AParkedReaderIsWokenForEveryBatch) {
  BroadcastRing ring(small);
  auto journal = ring.gating_reader();
  constexpr std::uint64_t batches = BOURSE_SANITIZED ? 1'000 : 5'000;
  std::atomic<std::uint64_t> taken{0};
  std::jthread reader([&] {
    std::vector<std::uint64_t> words(small.record_bytes_max / 8);
    while (taken.load(std::memory_order_relaxed) < batches) {
      const std::size_t bytes = journal.peek(std::as_writable_bytes(std::span(words)));
      if (bytes == 0) {
        const std::uint32_t ticket = ring.arrivals().prepare();
        if (journal.has_more()) {
          ring.arrivals().cancel();
        } else {
          ring.arrivals().park(ticket);
        }
        continue;
      }
      journal.release(bytes);
      taken.store(journal.last_peeked().value(), std::memory_order_relaxed);
    }
  });
  auto writer = ring.writer();
  for (std::uint64_t i = 1; i <= batches; ++i) {
    const auto record = make_record(i, 128);
    while (!writer.append(std::as_bytes(std::span(record)))) std::this_thread::yield();
    ring.arrivals().wake();
    // Every so often until the reader sleeps or has all: a lost wake-up would hang here.
    if (i % 16 == 0) {
      while (taken.load(std::memory_order_relaxed) < i) std::this_thread::yield();
    }
  }
}

}  // namespace
}  // namespace bourse
