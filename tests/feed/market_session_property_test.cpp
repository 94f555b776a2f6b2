// Random markets, random subscribers of all channels on the hubs of two io threads, stalls, laps,
// reconnections, restarts, auctions, halts, trades taken back: every frame keeps the rules of
// sequence, every stream carries exactly the events of the log, and every book that a client has
// rebuilt is the hub's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/feed/random_market.h"  // RandomMarket

namespace bourse {
namespace {

void run(std::uint64_t seed, int steps) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomMarket market(seed);
  for (int step = 0; step < steps; ++step) {
    ASSERT_NO_FATAL_FAILURE(market.step());
    for (const Subscriber& s : market.subscribers) {
      ASSERT_EQ(s.client.fault(), "") << "step " << step;
    }
    if (::testing::Test::HasFailure()) return;
  }
  market.finish();
  std::size_t replays = 0, conflated = 0, partial = 0, statuses = 0, imbalances = 0, auctioned = 0;
  int slow = 0;
  for (Subscriber& s : market.subscribers) {
    replays += s.client.replay_frames;
    conflated += s.client.conflated_frames;
    partial += s.client.partial_frames;
    slow += s.client.notices[wire::SystemCode::slow_reader];
    statuses += s.client.statuses.size();
    imbalances += s.client.imbalances.size();
    auctioned += static_cast<std::size_t>(
        std::ranges::count(s.client.trades, std::uint8_t{'A'}, &wire::Trade::kind));
  }
  std::printf(
      "seed %llu: %llu transactions, %zu replayed, %zu conflated, %zu partial, %d slow, "
      "%d restarts, %d ranges, %d refills, %zu statuses, %zu indicative prices, %zu trades of "
      "auctions\n",
      static_cast<unsigned long long>(seed),
      static_cast<unsigned long long>(market.exchange.head()), replays, conflated, partial, slow,
      market.restarts, market.ranges, market.refills, statuses, imbalances, auctioned);
  EXPECT_GT(statuses, 0u);
  EXPECT_GT(imbalances, 0u);
  EXPECT_GT(auctioned, 0u);
}

TEST(MarketSessionProperty, EveryStreamIsTheLogWhateverHappens) {
  std::uint64_t seed = 1000;
  if (const char* named = std::getenv("BOURSE_TEST_SEED")) seed = std::stoull(named);
  const int steps = BOURSE_SANITIZED ? 250 : 700;
  for (std::uint64_t round = 0; round < 3; ++round) run(seed + round, steps);
}

}  // namespace
}  // namespace bourse
