// Two logs side by side: the same, one longer than the other, or the first transaction that differs
// with the fields in which it does. And what a log is made of.
#include "replay/upkeep/log_difference.h"

#include <gtest/gtest.h>

#include "replay/upkeep/log_statistics.h"  // LogStatistics
#include "tests/replay/log_fixture.h"      // LogFixture

namespace bourse {
namespace {

class LogDifferenceTest : public LogFixture {
 protected:
  // Another log of the same samples; `odd` (0: none) has another price.
  std::unique_ptr<Log> make(std::uint64_t transactions, std::uint64_t odd = 0) {
    disks.push_back(std::make_unique<SimulatedDisk>());
    LogOptions there = options();
    there.disk = disks.back().get();
    auto made = Log::open(there);
    EXPECT_TRUE(made);
    auto to = (*made)->tail().writer();
    for (std::uint64_t i = 1; i <= transactions; ++i) {
      const auto record = samples.make(i);
      std::vector<std::byte> bytes_of_it(record.begin(), record.end());
      if (i == odd) {
        // The price of the command: behind both headers, at 56 of the command.
        bytes_of_it[sizeof(RecordHeader) + sizeof(TransactionHeader) + 56] ^= std::byte{1};
      }
      EXPECT_TRUE(to.append(bytes_of_it));
      (*made)->journal().step();
    }
    return std::move(*made);
  }
  std::vector<std::unique_ptr<SimulatedDisk>> disks;
};

TEST_F(LogDifferenceTest, TwoLogsOfTheSameTransactionsAreTheSame) {
  const auto left = make(50);
  const auto right = make(50);
  const auto found = compare_logs(*left, *right);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->same());
  EXPECT_EQ(found->equal, 50U);
}

TEST_F(LogDifferenceTest, TheFirstDifferenceIsNamedFieldByField) {
  const auto left = make(50);
  const auto right = make(60, 31);
  const auto found = compare_logs(*left, *right);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->same());
  EXPECT_EQ(found->equal, 30U);
  EXPECT_EQ(found->differs, Sequence{31});
  ASSERT_EQ(found->fields.size(), 1U);
  EXPECT_EQ(found->fields[0].field, "command price");
  EXPECT_NE(found->fields[0].left, found->fields[0].right);
}

TEST_F(LogDifferenceTest, AShorterLogIsAPrefix) {
  const auto left = make(50);
  const auto right = make(40);
  const auto found = compare_logs(*left, *right);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->same());
  EXPECT_EQ(found->equal, 40U);
  EXPECT_EQ(found->differs, std::nullopt);
  EXPECT_EQ(found->left_last, Sequence{50});
  EXPECT_EQ(found->right_last, Sequence{40});
}

TEST_F(LogDifferenceTest, ALogThatEndsInDamageIsNotCalledShorter) {
  must_open();
  write(20, 2);
  drop();
  flip_byte(open_segment(), end_of_log() - 100);
  LogOptions tool = options();
  tool.read_only = true;
  const auto damaged = Log::open(tool);
  ASSERT_TRUE(damaged);
  const auto whole = make(40);
  const auto found = compare_logs(*whole, **damaged);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ExitCode::data_damaged);
}

TEST_F(LogDifferenceTest, StatisticsCountWhatIsThere) {
  const auto made = make(300);
  auto cursor = made->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  LogStatistics stats;
  std::uint64_t events = 0;
  std::vector<std::size_t> sizes;
  while (cursor->next() == Cursor::Next::transaction) {
    stats.add(cursor->transaction());
    events += cursor->transaction().public_events().size();
    sizes.push_back(cursor->transaction().bytes().size());
  }
  std::ranges::sort(sizes);
  EXPECT_EQ(stats.transactions(), 300U);
  EXPECT_EQ(stats.events(), events);
  EXPECT_EQ(stats.last_sequence(), Sequence{300});
  EXPECT_EQ(stats.commands_by_type()[static_cast<std::size_t>(CommandType::new_order)], 300U);
  EXPECT_EQ(stats.size_at(500), sizes[149]);
  EXPECT_EQ(stats.size_at(990), sizes[296]);
  EXPECT_EQ(stats.largest(), sizes.back());
  // The samples are a microsecond apart, three by three.
  EXPECT_EQ(stats.busiest_second_count(), 300U);
  ASSERT_EQ(stats.symbols().size(), 1U);
  EXPECT_EQ(stats.symbols()[0].name, "#1");
  EXPECT_EQ(stats.symbols()[0].commands, 300U);
}

}  // namespace
}  // namespace bourse
