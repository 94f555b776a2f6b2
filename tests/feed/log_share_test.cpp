#include "feed/log_share.h"  // log_of, next_symbol_id, log_by_name

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace bourse {
namespace {

TEST(LogShare, WithOneLogIdsAreDense) {
  EXPECT_EQ(next_symbol_id(0, 0, 1), SymbolId{1});
  EXPECT_EQ(next_symbol_id(41, 0, 1), SymbolId{42});
  EXPECT_EQ(log_of(SymbolId{42}, 1), 0u);
}

TEST(LogShare, LogsTakeTurnsInOneNumberingWithoutMeeting) {
  for (const std::uint32_t logs : {2u, 3u, 7u, channels_most}) {
    std::set<std::uint32_t> taken;
    for (std::uint32_t log = 0; log < logs; ++log) {
      std::uint32_t highest = 0;
      for (int i = 0; i < 10; ++i) {
        const SymbolId id = next_symbol_id(highest, log, logs);
        EXPECT_EQ(log_of(id, logs), log);
        EXPECT_GT(id.value(), highest);
        EXPECT_TRUE(taken.insert(id.value()).second);
        highest = id.value();
      }
    }
    EXPECT_EQ(*taken.rbegin(), 10 * logs);  // and without a hole
  }
}

TEST(LogShare, ANameStaysWhereItIsInEveryVersion) {
  EXPECT_EQ(log_by_name("BTC-USD", 2), 1u);
  EXPECT_EQ(log_by_name("ETH-USD", 2), 0u);
  EXPECT_EQ(log_by_name("BTC-USD", 4), 3u);
  EXPECT_EQ(log_by_name("SOL-USD", 3), 1u);
}

TEST(LogShare, NamesAreSpreadOverAllLogs) {
  std::set<std::uint32_t> used;
  for (int i = 0; i < 200; ++i) used.insert(log_by_name("SYM" + std::to_string(i), 8));
  EXPECT_EQ(used.size(), 8u);
}

}  // namespace
}  // namespace bourse
