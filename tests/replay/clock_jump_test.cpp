// Row 17 of the failure matrix: the clock of the machine jumps back and forward. Time in the log
// never goes back, and the first transaction that is not older than any time is found by seek().
#include <gtest/gtest.h>

#include <algorithm>

#include "matching/sequencer.h"          // Sequencer
#include "tests/matching/test_market.h"  // TestMarket
#include "tests/replay/log_fixture.h"    // LogFixture

namespace bourse {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr EngineLimits limits{2, 4, 4096};

class ClockJumps : public LogFixture {
 protected:
  ClockJumps() {
    segment_bytes = std::uint64_t{32} << 10;
    largest = transaction_bytes_max;
    tail_bytes = std::size_t{4} << 20;
  }

  // The first in `times` (of sequences 1, 2, ...) that is not older; 0 = none.
  static std::uint64_t first_not_older(const std::vector<std::int64_t>& times, std::int64_t time) {
    const auto found = std::ranges::lower_bound(times, time);
    return found == times.end() ? 0 : static_cast<std::uint64_t>(found - times.begin()) + 1;
  }
};

TEST_F(ClockJumps, Row17TimeNeverGoesBackAndTheTimeIndexIsRight) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  must_open();
  Engine engine(limits);
  MarketViews views(limits.symbols_max);
  Sequencer sequencer(engine, std::move(*writer), views.writer(), {});
  std::int64_t clock = 1'700'000'000 * second;
  for (int i = 0; i < 3000; ++i) {
    switch (random() % 20) {
      case 0:
        clock -= static_cast<std::int64_t>(random() % 3600) * second;
        break;
      case 1:
        clock += static_cast<std::int64_t>(random() % 3600) * second;
        break;
      case 2:
        clock -= second;  // a leap second
        break;
      default:
        clock += static_cast<std::int64_t>(random() % 1000);
    }
    Command command = TestMarket::blank(CommandType::cancel);
    command.account = AccountId{1};
    ASSERT_TRUE(sequencer.submit(command, TimeNs{clock}));
    if (i % 8 == 0) drain();
  }
  drain();
  EXPECT_GT(files(".seg").size(), 3U);

  std::vector<std::int64_t> times;
  auto cursor = log->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  while (cursor->next() == Cursor::Next::transaction) {
    times.push_back(cursor->transaction().time().value());
  }
  ASSERT_EQ(times.size(), 3000U);
  ASSERT_TRUE(std::ranges::is_sorted(times)) << "seed " << seed;
  for (int i = 0; i < 2000; ++i) {
    std::int64_t wanted = times[random() % times.size()];
    if (random() % 2 == 0) {
      wanted += static_cast<std::int64_t>(random() % (7200 * second)) - 3600 * second;
    }
    ASSERT_TRUE(cursor->seek(TimeNs{wanted}));
    const std::uint64_t expected = first_not_older(times, wanted);
    const auto next = cursor->next();
    if (expected == 0) {
      ASSERT_EQ(next, Cursor::Next::at_head) << "seed " << seed;
    } else {
      ASSERT_EQ(next, Cursor::Next::transaction) << "seed " << seed;
      ASSERT_EQ(cursor->transaction().sequence().value(), expected)
          << "seed " << seed << ", time " << wanted;
    }
  }
}

}  // namespace
}  // namespace bourse
