// The log as its users see it: what is appended comes back, in order, after any kind of end.
#include "replay/log/log.h"

#include <gtest/gtest.h>

#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

using LogTest = LogFixture;

TEST_F(LogTest, ANewLogIsEmptyAndWaitsAtItsHead) {
  must_open();
  EXPECT_TRUE(log->recovery().created);
  EXPECT_EQ(log->last_sequence(), Sequence{0});
  EXPECT_EQ(log->earliest_sequence(), Sequence{1});
  auto cursor = log->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->next(), Cursor::Next::at_head);
}

TEST_F(LogTest, NothingIsToldBeforeItIsWritten) {
  must_open();
  auto cursor = log->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  append(3);
  EXPECT_EQ(cursor->next(), Cursor::Next::at_head);
  EXPECT_EQ(log->released_sequence(), Sequence{0});
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::wrote);
  EXPECT_EQ(log->released_sequence(), Sequence{3});
  for (std::uint64_t i = 1; i <= 3; ++i) {
    ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
    EXPECT_EQ(cursor->transaction().sequence(), Sequence{i});
  }
  EXPECT_EQ(cursor->next(), Cursor::Next::at_head);
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::idle);
}

TEST_F(LogTest, AReaderInsideMaySeeWhatIsOnlyAppended) {
  must_open();
  auto cursor = log->cursor(Sequence{1}, Bound::appended);
  ASSERT_TRUE(cursor);
  append(2);
  EXPECT_EQ(cursor->next(), Cursor::Next::transaction);
  EXPECT_TRUE(cursor->in_memory());
  EXPECT_EQ(cursor->next(), Cursor::Next::transaction);
  EXPECT_EQ(cursor->next(), Cursor::Next::at_head);
}

TEST_F(LogTest, AllThatWasReleasedIsThereAfterADeath) {
  must_open();
  write(50, 7);
  const std::uint64_t released = log->released_sequence().value();
  EXPECT_EQ(released, 350U);
  drop();
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{350});
  EXPECT_EQ(log->last_epoch(), Epoch{1});
  EXPECT_EQ(log->last_time(), SampleTransactions::time_of(350));
  EXPECT_EQ(log->recovery().torn_bytes, 0U);
  EXPECT_EQ(read_all(*log), 350U);
}

TEST_F(LogTest, ItGoesOnWhereItEndedManyTimes) {
  std::uint64_t total = 0;
  for (std::uint32_t start = 1; start <= 12; ++start) {
    must_open();
    EXPECT_EQ(epoch, start);
    write(10, start);
    total += 10 * start;
    EXPECT_EQ(read_all(*log), total);
    if (start % 3 == 0) {
      ASSERT_TRUE(log->journal().finish());
    }
    drop();
  }
  EXPECT_GT(files(".seg").size(), 0U);
}

TEST_F(LogTest, SegmentsAreSealedAndChained) {
  must_open();
  write(200, 9);
  EXPECT_GT(files(".seg").size(), 5U);
  EXPECT_EQ(files(".open").size(), 1U);
  for (const auto& sealed : files(".seg")) EXPECT_LE(bytes(sealed).size(), segment_bytes);
  EXPECT_EQ(read_all(*log), 1800U);
  drop();
  must_open();
  EXPECT_EQ(read_all(*log), 1800U);
}

TEST_F(LogTest, Row14AGroupMayFillASegmentToItsLastByte) {
  // Sizes of groups are tried until one ends exactly where the seal must begin.
  must_open();
  std::uint64_t best = segment_bytes;
  for (int i = 0; i < 600; ++i) {
    const std::size_t sealed = files(".seg").size();
    write(1, 1 + mix(static_cast<std::uint64_t>(i)) % 5);
    if (files(".seg").size() > sealed) {
      best = std::min(best, segment_bytes - bytes(files(".seg").back()).size());
    }
  }
  EXPECT_LT(best, 600U);  // never more than one group is left unused
  EXPECT_EQ(read_all(*log), head());
  drop();
  must_open();
  EXPECT_EQ(read_all(*log), log->last_sequence().value());
}

TEST_F(LogTest, Row14OneGroupIsSplitOverSegmentsWhereItMustBe) {
  tail_bytes = std::size_t{1} << 20;
  largest = tail_bytes / 2;
  must_open();
  append(2000);  // some 500 KiB as one group
  drain();
  EXPECT_GT(files(".seg").size(), 5U);
  EXPECT_EQ(log->released_sequence(), Sequence{2000});
  EXPECT_EQ(read_all(*log), 2000U);
  drop();
  must_open();
  EXPECT_EQ(read_all(*log), 2000U);
}

TEST_F(LogTest, Row14TheLargestTransactionFitsEvenIfASegmentIsSmaller) {
  largest = transaction_bytes_max;
  must_open();
  write(1, 3);
  ASSERT_TRUE(writer->append(samples.make_largest(4)));
  drain();
  write(1, 3);
  EXPECT_EQ(log->released_sequence(), Sequence{7});
  drop();
  must_open();
  auto cursor = log->cursor(Sequence{4});
  ASSERT_TRUE(cursor);
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  const auto expected = samples.make_largest(4);
  ASSERT_EQ(cursor->transaction().bytes().size(), transaction_bytes_max);
  EXPECT_TRUE(std::ranges::equal(cursor->transaction().bytes(), expected));
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  EXPECT_EQ(cursor->transaction().sequence(), Sequence{5});
}

TEST_F(LogTest, MemoryReleasesWithoutSyncing) {
  durability = Durability::memory;
  must_open();
  int syncs = 0;
  disk->set_fault([&](DiskCall call, const std::filesystem::path&, std::size_t&) {
    if (call == DiskCall::sync) ++syncs;
    return 0;
  });
  write(20, 2);
  EXPECT_EQ(syncs, 0);
  EXPECT_EQ(log->released_sequence(), Sequence{40});
  EXPECT_EQ(log->journal().marks().durable.load(), 0U);
  ASSERT_TRUE(log->journal().finish());
  EXPECT_GT(syncs, 0);
  EXPECT_EQ(log->journal().marks().durable.load(), 40U);
}

TEST_F(LogTest, Row20ASecondExchangeOnTheSameDirectoryIsRefused) {
  must_open();
  const auto second = Log::open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::busy);
  EXPECT_NE(second.error().text().find("another exchange is running"), std::string::npos);
}

TEST_F(LogTest, AToolReadsWhatARunningExchangeHasReleasedAndNoMore) {
  must_open();
  write(30, 9);
  LogOptions tool_options = options();
  tool_options.read_only = true;
  auto tool = Log::open(tool_options);
  ASSERT_TRUE(tool) << tool.error().text();
  auto cursor = (*tool)->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  std::uint64_t read = 0;
  for (int round = 0; round < 200; ++round) {
    while (cursor->next() == Cursor::Next::transaction) {
      EXPECT_EQ(cursor->transaction().sequence().value(), ++read);
      EXPECT_TRUE(samples.matches(cursor->transaction()));
    }
    EXPECT_EQ(read, log->released_sequence().value());
    append(5);
    EXPECT_EQ(cursor->next(), Cursor::Next::at_head);
    drain();
  }
  EXPECT_GT(files(".seg").size(), 3U);
}

TEST_F(LogTest, AToolOpensNoEmptyDirectory) {
  LogOptions tool_options = options();
  tool_options.read_only = true;
  const auto tool = Log::open(tool_options);
  ASSERT_FALSE(tool);
  EXPECT_EQ(tool.error().code, ExitCode::file_missing);
}

TEST_F(LogTest, ImpossibleOptionsAreRefused) {
  segment_bytes = 100;
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ExitCode::bad_config);
}

}  // namespace
}  // namespace bourse
