#include "bench/measure/open_loop.h"

#include <gtest/gtest.h>

namespace bourse {
namespace {

TEST(Pace, AWaitThatCameTooLateCountsFromTheIntendedTime) {
  std::uint64_t clock = 100;
  const auto now = [&] { return clock; };
  const auto idle = [&](std::uint64_t left) { clock += left; };
  Pace pace(10, 100, 5);
  EXPECT_EQ(pace.wait(0, 0, now, idle), 100u);
  EXPECT_EQ(clock, 100u);
  clock = 147;  // something took long
  for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_EQ(pace.wait(i, 0, now, idle), 100 + 10 * i);
  EXPECT_EQ(clock, 147u);
  EXPECT_EQ(pace.wait(5, 0, now, idle), 150u);
  EXPECT_EQ(clock, 150u);
  EXPECT_EQ(pace.slip_most(), 37u);
  EXPECT_EQ(pace.late_percent(), 100.0 * 4 / 6);  // by 37, 27, 17 and 7
}

TEST(Pace, WarmUpIsNotHeldAgainstIt) {
  std::uint64_t clock = 1000;
  Pace pace(10, 0, 5);
  pace.wait(0, 1, [&] { return clock; }, [](std::uint64_t) {});
  EXPECT_EQ(pace.slip_most(), 0u);
  EXPECT_EQ(pace.late_percent(), 0);
}

TEST(RateBetween, ASteadyDelayIsNoLossAndAGrowingQueueIs) {
  EXPECT_DOUBLE_EQ(rate_between(11, 500'000'000, 1'500'000'000), 10);
  EXPECT_DOUBLE_EQ(rate_between(11, 500'000'000, 2'500'000'000), 5);
  EXPECT_EQ(rate_between(1, 5, 5), 0);
}

Tried of_machine(double rate, double limit) {
  return {.reached = rate, .p999_ns = rate <= limit ? 10.0 : 1000.0};
}

TEST(HighestRate, IsFoundBetweenTheRatesThatHoldAndThoseThatDoNot) {
  const double found =
      highest_rate(100, 1e6, 100, [](double rate) { return of_machine(rate, 5000); });
  EXPECT_LE(found, 5000);
  EXPECT_GT(found, 4000);
}

TEST(HighestRate, IsZeroWhenTheLowestDoesNotHoldAndTheHighestTriedWhenAllDo) {
  EXPECT_EQ(highest_rate(100, 1e6, 100, [](double rate) { return of_machine(rate, 1); }), 0);
  EXPECT_EQ(highest_rate(100, 800, 100, [](double rate) { return of_machine(rate, 1e9); }), 800);
}

TEST(HighestRate, ARateThatWasNotReachedDoesNotHold) {
  EXPECT_EQ(highest_rate(100, 1e6, 100, [](double rate) { return Tried{rate / 2, 1}; }), 0);
}

TEST(HighestRate, OneBadTryIsForgiven) {
  int tries = 0;
  const double found = highest_rate(
      100, 100, 100, [&](double rate) { return Tried{rate, ++tries == 1 ? 1e9 : 1.0}; });
  EXPECT_EQ(found, 100);
}

}  // namespace
}  // namespace bourse
