#include "matching/broadcast_ring.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/matching/ring_records.h"  // make_record, is_intact_record

namespace bourse {
namespace {

using Next = BroadcastRing::Reader::Next;

constexpr BroadcastRing::Options small{.capacity_bytes = 4096, .record_bytes_max = 1024};

bool append(BroadcastRing::Writer& writer, std::size_t bytes) {
  const auto record = make_record(writer.last().value() + 1, bytes);
  return writer.append(std::as_bytes(std::span(record)));
}

struct Scratch {
  std::vector<std::uint64_t> words = std::vector<std::uint64_t>(small.record_bytes_max / 8);
  std::size_t length = 0;

  Next next(BroadcastRing::Reader& reader) {
    return reader.next(std::as_writable_bytes(std::span(words)), length);
  }
  std::uint64_t sequence() const { return header_of(words).sequence.value(); }
};

TEST(BroadcastRing, EveryReaderSeesEveryRecordInOrder) {
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto one = ring.reader();
  auto two = ring.reader();
  Scratch scratch;
  EXPECT_EQ(scratch.next(one), Next::empty);
  for (std::uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(append(writer, 32 + 8 * i));
  EXPECT_EQ(ring.head(), Sequence{5});
  for (auto* reader : {&one, &two}) {
    for (std::uint64_t i = 1; i <= 5; ++i) {
      ASSERT_EQ(scratch.next(*reader), Next::record);
      EXPECT_EQ(scratch.length, 32 + 8 * i);
      EXPECT_EQ(scratch.sequence(), i);
      EXPECT_TRUE(is_intact_record(scratch.words));
    }
    EXPECT_FALSE(reader->has_more());
    EXPECT_EQ(scratch.next(*reader), Next::empty);
  }
}

TEST(BroadcastRing, RecordsOfAllSizesRunOverTheEndIntact) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto reader = ring.reader();
  Scratch scratch;
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    ASSERT_TRUE(append(writer, 32 + 8 * (random() % 125)));
    ASSERT_EQ(scratch.next(reader), Next::record);
    ASSERT_EQ(scratch.sequence(), i);
    ASSERT_TRUE(is_intact_record(scratch.words));
  }
}

TEST(BroadcastRing, ContinuesAfterTheSequenceItWasGiven) {
  BroadcastRing ring({.capacity_bytes = 4096, .record_bytes_max = 1024, .last = Sequence{1000}});
  auto writer = ring.writer();
  auto reader = ring.reader();
  EXPECT_EQ(ring.head(), Sequence{1000});
  EXPECT_EQ(ring.oldest(), Sequence{1001});
  EXPECT_FALSE(reader.seek(Sequence{1000}));
  EXPECT_TRUE(reader.seek(Sequence{1001}));
  ASSERT_TRUE(append(writer, 64));
  EXPECT_EQ(ring.head(), Sequence{1001});
  Scratch scratch;
  ASSERT_EQ(scratch.next(reader), Next::record);
  EXPECT_EQ(scratch.sequence(), 1001u);
}

TEST(BroadcastRing, ALappedReaderIsToldAndCanSeekBackIn) {
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto reader = ring.reader();
  for (int i = 0; i < 17; ++i) ASSERT_TRUE(append(writer, 256));  // 16 fit
  Scratch scratch;
  EXPECT_EQ(scratch.next(reader), Next::lapped);
  EXPECT_EQ(scratch.next(reader), Next::lapped);
  EXPECT_TRUE(reader.has_more());
  EXPECT_FALSE(reader.seek(Sequence{1}));
  EXPECT_EQ(ring.oldest(), Sequence{2});
  ASSERT_TRUE(reader.seek(ring.oldest()));
  for (std::uint64_t i = 2; i <= 17; ++i) {
    ASSERT_EQ(scratch.next(reader), Next::record);
    EXPECT_EQ(scratch.sequence(), i);
  }
  EXPECT_EQ(scratch.next(reader), Next::empty);
}

TEST(BroadcastRing, SeekFindsExactlyWhatTheRingHolds) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto reader = ring.reader();
  Scratch scratch;
  std::vector<std::uint64_t> ends{0};  // by sequence
  for (std::uint64_t head = 1; head <= 300; ++head) {
    const std::size_t bytes = 176 + 8 * (random() % 100);
    ASSERT_TRUE(append(writer, bytes));
    ends.push_back(ends.back() + bytes);
    for (std::uint64_t sequence = 0; sequence <= head + 3; ++sequence) {
      const bool is_kept = sequence >= 1 && sequence <= head &&
                           ends[head] - ends[sequence - 1] <= small.capacity_bytes;
      ASSERT_EQ(reader.seek(Sequence{sequence}), is_kept || sequence == head + 1)
          << sequence << " of " << head;
      if (is_kept) {
        ASSERT_EQ(scratch.next(reader), Next::record);
        ASSERT_EQ(scratch.sequence(), sequence);
        ASSERT_TRUE(is_intact_record(scratch.words));
      }
    }
    const std::uint64_t oldest = ring.oldest().value();
    EXPECT_LE(ends[head] - ends[oldest - 1], small.capacity_bytes);
    if (oldest > 1) {
      EXPECT_GT(ends[head] - ends[oldest - 2], small.capacity_bytes);
    }
  }
}

TEST(BroadcastRing, SeekToTheNextSequenceWaitsForIt) {
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto reader = ring.reader();
  ASSERT_TRUE(append(writer, 64));
  ASSERT_TRUE(reader.seek(Sequence{2}));
  Scratch scratch;
  EXPECT_EQ(scratch.next(reader), Next::empty);
  ASSERT_TRUE(append(writer, 64));
  ASSERT_EQ(scratch.next(reader), Next::record);
  EXPECT_EQ(scratch.sequence(), 2u);
}

TEST(BroadcastRing, ASmallScratchIsToldTheSizeAndLosesNothing) {
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto reader = ring.reader();
  ASSERT_TRUE(append(writer, 512));
  std::vector<std::uint64_t> words(8);
  std::size_t length = 0;
  ASSERT_EQ(reader.next(std::as_writable_bytes(std::span(words)), length), Next::too_small);
  ASSERT_EQ(length, 512u);
  words.resize(length / 8);
  ASSERT_EQ(reader.next(std::as_writable_bytes(std::span(words)), length), Next::record);
  EXPECT_TRUE(is_intact_record(words));
}

TEST(BroadcastRing, TheGatingReaderHoldsTheWriterBack) {
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto journal = ring.gating_reader();
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(append(writer, 256));
  EXPECT_FALSE(writer.has_room(8));
  EXPECT_FALSE(append(writer, 256));
  EXPECT_EQ(ring.head(), Sequence{16});
  EXPECT_EQ(ring.gate_lag_bytes(), 4096u);

  std::vector<std::uint64_t> words(1100 / 8);
  const auto into = std::as_writable_bytes(std::span(words));
  ASSERT_EQ(journal.peek(into), 1024u);  // four whole records, not a piece of the fifth
  EXPECT_EQ(journal.last_peeked(), Sequence{4});
  EXPECT_FALSE(append(writer, 256)) << "peeking is not releasing";
  journal.release(256);
  EXPECT_TRUE(append(writer, 256));
  EXPECT_FALSE(append(writer, 256));
  journal.release(768);
  EXPECT_EQ(ring.gate_lag_bytes(), 13u * 256u);
  EXPECT_TRUE(append(writer, 768));
}

TEST(BroadcastRing, PeekGivesConsecutiveRecordsAndDoesNotMove) {
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto journal = ring.gating_reader();
  std::vector<std::uint64_t> words(512);
  const auto into = std::as_writable_bytes(std::span(words));
  EXPECT_EQ(journal.peek(into), 0u);
  EXPECT_FALSE(journal.has_more());
  std::uint64_t expected = 1;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(append(writer, 40 + 8 * static_cast<std::size_t>(round)));
    }
    EXPECT_TRUE(journal.has_more());
    const std::size_t bytes = journal.peek(into);
    EXPECT_EQ(journal.peek(into), bytes);
    EXPECT_EQ(journal.pending_bytes(), bytes);
    std::size_t at = 0;
    while (at < bytes) {
      const auto record = std::span<const std::uint64_t>(words).subspan(at / 8);
      ASSERT_EQ(header_of(record).sequence.value(), expected++);
      ASSERT_TRUE(is_intact_record(record));
      at += header_of(record).length;
    }
    EXPECT_EQ(at, bytes);
    EXPECT_EQ(journal.last_peeked().value(), expected - 1);
    journal.release(bytes);
  }
}

TEST(BroadcastRingDeathTest, RefusesMisuse) {
  BroadcastRing ring(small);
  auto writer = ring.writer();
  auto journal = ring.gating_reader();
  EXPECT_DEATH(static_cast<void>(ring.writer()), "CHECK failed");
  EXPECT_DEATH(static_cast<void>(ring.gating_reader()), "CHECK failed");
  EXPECT_DEATH(journal.release(8), "CHECK failed");
  const auto skipping = make_record(2, 64);
  EXPECT_DEATH(writer.append(std::as_bytes(std::span(skipping))), "CHECK failed");
  const auto large = make_record(1, 1032);
  EXPECT_DEATH(writer.append(std::as_bytes(std::span(large))), "CHECK failed");
}

}  // namespace
}  // namespace bourse
