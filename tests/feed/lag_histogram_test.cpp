#include "feed/market/lag_histogram.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/test_seed.h"

namespace bourse {
namespace {

TEST(LagHistogram, WithoutSamplesThereIsNoLag) {
  const LagHistogram lag;
  EXPECT_EQ(lag.count(), 0u);
  EXPECT_EQ(lag.at(50), 0u);
  EXPECT_EQ(lag.at(99), 0u);
}

TEST(LagHistogram, APercentileIsAtMostAQuarterAboveTheTrueOneAndNeverBelow) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 200; ++round) {
    LagHistogram lag;
    std::vector<std::uint64_t> all;
    const std::uint64_t count = 1 + random() % 400;
    for (std::uint64_t i = 0; i < count; ++i) {
      all.push_back(random() >> (22 + random() % 40));
      lag.add(static_cast<std::int64_t>(all.back()));
    }
    std::sort(all.begin(), all.end());
    for (const std::uint64_t percent : {1u, 50u, 99u, 100u}) {
      const std::uint64_t exact = all[(count * percent + 99) / 100 - 1];
      EXPECT_GE(lag.at(percent), exact);
      EXPECT_LE(lag.at(percent), std::max<std::uint64_t>(1024, exact + exact / 4 + 1));
    }
    EXPECT_EQ(lag.most(), all.back());
  }
}

TEST(LagHistogram, AClockThatGoesBackCountsAsNoLag) {
  LagHistogram lag;
  lag.add(-5);
  EXPECT_EQ(lag.count(), 1u);
  EXPECT_EQ(lag.at(99), 0u);
}

TEST(LagHistogram, WhatIsBeyondTheLastStepIsToldByItsMaximum) {
  LagHistogram lag;
  lag.add(INT64_MAX);
  EXPECT_EQ(lag.at(99), lag.most() < (1024ull << 32) ? lag.most() : lag.at(99));
  EXPECT_GE(lag.at(99), 1024ull << 31);
}

}  // namespace
}  // namespace bourse
