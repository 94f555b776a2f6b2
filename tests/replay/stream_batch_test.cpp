#include "replay/stream/stream_batch.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <vector>

#include "tests/replay/sample_transactions.h"  // SampleTransactions
#include "tests/test_seed.h"                   // test_seed

namespace bourse {
namespace {

class StreamBatchTest : public ::testing::Test {
 protected:
  static constexpr Uuid journal{{9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6}};

  void fill(std::uint64_t from, std::uint64_t to, std::uint32_t epoch = 1) {
    batch.begin(journal);
    for (std::uint64_t i = from; i <= to; ++i) {
      batch.add(*TransactionView::parse(samples.make(i, epoch)));
    }
  }
  std::vector<std::byte> body() const { return {batch.body().begin(), batch.body().end()}; }

  SampleTransactions samples;
  StreamBatch batch;
  StreamBatch got;
};

TEST_F(StreamBatchTest, WhatIsPutInComesOutByteForByte) {
  fill(5, 30, 3);
  ASSERT_TRUE(got.read(batch.header(), batch.body()));
  EXPECT_EQ(got.header(), batch.header());
  ASSERT_EQ(got.count(), 26U);
  for (std::size_t i = 0; i < got.count(); ++i) {
    EXPECT_EQ(got.transaction(i).sequence(), Sequence{5 + i});
    EXPECT_TRUE(samples.matches(got.transaction(i)));
  }
}

TEST_F(StreamBatchTest, AnEmptyOneTellsHowFarTheLogHasCome) {
  batch.begin_empty(journal, Sequence{17}, Epoch{2});
  ASSERT_TRUE(got.read(batch.header(), batch.body()));
  EXPECT_EQ(got.count(), 0U);
  EXPECT_EQ(got.header().first, Sequence{18});
  EXPECT_EQ(got.header().last, Sequence{17});
}

TEST_F(StreamBatchTest, ItIsFullAt16KiBAndEndsWithItsEpoch) {
  batch.begin(journal);
  std::uint64_t sequence = 1;
  for (; batch.has_room_for(*TransactionView::parse(samples.make(sequence))); ++sequence) {
    batch.add(*TransactionView::parse(samples.make(sequence)));
  }
  EXPECT_LE(batch.body().size(), batch_bytes_target);
  EXPECT_GT(batch.body().size(), batch_bytes_target - 2048);
  fill(1, 3, 1);
  EXPECT_FALSE(batch.has_room_for(*TransactionView::parse(samples.make(4, 2))));
  EXPECT_FALSE(batch.has_room_for(*TransactionView::parse(samples.make(5, 1))));
  EXPECT_TRUE(batch.has_room_for(*TransactionView::parse(samples.make(4, 1))));
}

TEST_F(StreamBatchTest, TheLargestTransactionIsOneAlone) {
  batch.begin(journal);
  const auto largest = TransactionView::parse(samples.make_largest(1));
  ASSERT_TRUE(batch.has_room_for(*largest));
  batch.add(*largest);
  EXPECT_FALSE(batch.has_room_for(*TransactionView::parse(samples.make(2))));
  EXPECT_LE(static_cast<std::int64_t>(batch.body().size()), payload_bytes_needed);
  ASSERT_TRUE(got.read(batch.header(), batch.body()));
  EXPECT_EQ(got.count(), 1U);
}

TEST_F(StreamBatchTest, Row27AnyFlippedBitIsFound) {
  fill(1, 6);
  const auto sound = body();
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 2000; ++round) {
    auto bytes = sound;
    bytes[random() % bytes.size()] ^= std::byte(1U << random() % 8);
    const auto read = got.read(batch.header(), bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ExitCode::data_damaged);
    EXPECT_EQ(got.count(), 0U);
  }
}

TEST_F(StreamBatchTest, WhatDoesNotMatchItsHeadersIsRefused) {
  fill(10, 20, 4);
  const auto refused = [&](auto change) {
    BatchHeader header = batch.header();
    change(header);
    return !got.read(header, batch.body());
  };
  EXPECT_TRUE(refused([](BatchHeader& h) { h.first = Sequence{9}; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.first = Sequence{11}; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.last = Sequence{19}; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.last = Sequence{21}; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.epoch = Epoch{5}; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.journal.bytes[0] = 1; }));
  for (std::size_t cut = 1; cut < batch.body().size(); cut += 7) {
    EXPECT_FALSE(got.read(batch.header(), batch.body().first(batch.body().size() - cut)));
  }
}

TEST_F(StreamBatchTest, HeadersThatAreNoNumbersAreRefused) {
  const char* const uuid = "000102030405060708090a0b0c0d0e0f";
  EXPECT_TRUE(BatchHeader::parse(uuid, "1", "2", "1"));
  EXPECT_TRUE(BatchHeader::parse(uuid, "3", "2", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "4", "2", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "0", "2", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "1", "18446744073709551615", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "1", "18446744073709551616", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "", "2", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "1", "2x", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "-1", "2", "1"));
  EXPECT_FALSE(BatchHeader::parse(uuid, "1", "2", "4294967296"));
  EXPECT_FALSE(BatchHeader::parse("0102", "1", "2", "1"));
  EXPECT_FALSE(BatchHeader::parse("", "1", "2", "1"));
}

}  // namespace
}  // namespace bourse
