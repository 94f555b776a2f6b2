// The clock of a replay and what its members agree on, with no clock but the test's own.
#include <gtest/gtest.h>

#include "feed/history/replay_clock.h"  // ReplayClock, ReplayPace
#include "feed/history/replay_group.h"  // ReplayGroup

namespace bourse {
namespace {

constexpr std::int64_t second = 1'000'000'000;

TEST(ReplayPaceTest, IsReadAndWrittenAsADecimal) {
  for (const char* text : {"0.1", "0.125", "1", "10", "1000", "2.5", "max"}) {
    const auto pace = ReplayPace::parse(text);
    ASSERT_TRUE(pace) << text;
    EXPECT_EQ(pace->text(), text);
  }
  for (const char* text : {"", "0", "0.05", "1000.001", "10000", "-1", "1e3", ".5", "1.", "1.0001",
                           "fast", "99999999999999999999"}) {
    EXPECT_FALSE(ReplayPace::parse(text)) << text;
  }
}

TEST(ReplayClockTest, RunsAtItsPaceAndLosesNothingToRounding) {
  ReplayClock clock;
  clock.jump(TimeNs{1000});
  clock.set_pace(*ReplayPace::parse("0.1"));
  clock.stand(0);
  for (std::int64_t outside = 1; outside <= 1000; ++outside) clock.run(outside);
  EXPECT_EQ(clock.time(), TimeNs{1100});
  clock.set_pace(*ReplayPace::parse("1000"));
  clock.run(1001);
  EXPECT_EQ(clock.time(), TimeNs{2100});
}

TEST(ReplayClockTest, StandsAndTellsWhenATimeWillCome) {
  ReplayClock clock;
  clock.set_pace(*ReplayPace::parse("10"));
  clock.stand(5 * second);
  EXPECT_EQ(clock.time(), TimeNs{0});
  EXPECT_EQ(clock.outside_at(TimeNs{20 * second}), 7 * second);
  clock.run(7 * second);
  EXPECT_EQ(clock.time(), TimeNs{20 * second});
  EXPECT_EQ(clock.outside_at(TimeNs{20 * second}), 7 * second);
  clock.hold(TimeNs{15 * second});
  EXPECT_EQ(clock.time(), TimeNs{15 * second});
  clock.run(6 * second);  // a clock outside that went back moves nothing
  EXPECT_EQ(clock.time(), TimeNs{15 * second});
}

class ReplayGroupTest : public ::testing::Test {
 protected:
  static ReplaySettings settings() {
    return {.from = Sequence{1}, .to = Sequence{100'000}, .pace = *ReplayPace::parse("10")};
  }
  // Everybody is at the beginning, whose time is 1000 s.
  void arrive(ReplayGroup& group, ReplayGroup::Member member) {
    group.arrive(member, group.summary().generation, TimeNs{1000 * second});
  }
};

TEST_F(ReplayGroupTest, TheClockWaitsForTheFirstSubscription) {
  ReplayGroup group(settings());
  const auto member = group.join();
  arrive(group, member);
  EXPECT_EQ(group.allowance(member, 0).last, Sequence{0});
  EXPECT_EQ(group.allowance(member, 5 * second).last, Sequence{0});
  group.begin(5 * second);
  const auto allowance = group.allowance(member, 6 * second);
  EXPECT_EQ(allowance.last, Sequence{100'000});
  EXPECT_EQ(allowance.time, TimeNs{1010 * second});
}

TEST_F(ReplayGroupTest, NobodyGetsFarAheadOfTheSlowest) {
  ReplayGroup group(settings());
  const auto fast = group.join();
  const auto slow = group.join();
  arrive(group, fast);
  group.begin(0);
  EXPECT_EQ(group.allowance(fast, second).last, Sequence{0}) << "the other is not there yet";
  arrive(group, slow);
  EXPECT_EQ(group.allowance(fast, second).last, Sequence{ReplayGroup::step_transactions});
  group.report(slow, {.next = Sequence{51}});
  EXPECT_EQ(group.allowance(fast, second).last, Sequence{50 + ReplayGroup::step_transactions});
}

TEST_F(ReplayGroupTest, TheClockStandsWhileAReaderIsFull) {
  ReplayGroup group(settings());
  const auto one = group.join();
  const auto other = group.join();
  arrive(group, one);
  arrive(group, other);
  group.begin(0);
  EXPECT_EQ(group.allowance(one, second).time, TimeNs{1010 * second});
  group.report(other, {.next = Sequence{1}, .is_blocked = true});
  EXPECT_EQ(group.allowance(one, 9 * second).last, Sequence{0});
  EXPECT_EQ(group.allowance(other, 10 * second).time, TimeNs{1010 * second});
  EXPECT_EQ(group.allowance(one, 11 * second).time, TimeNs{1020 * second});
}

TEST_F(ReplayGroupTest, APauseHoldsAllAtTheFurthestOne) {
  ReplayGroup group(settings());
  const auto one = group.join();
  const auto other = group.join();
  arrive(group, one);
  arrive(group, other);
  group.begin(0);
  group.report(one, {.next = Sequence{40}});
  group.report(other, {.next = Sequence{30}});
  group.pause();
  EXPECT_EQ(group.allowance(one, second).last, Sequence{39});
  EXPECT_EQ(group.allowance(other, second).last, Sequence{39});
  group.resume(100 * second);
  EXPECT_EQ(group.allowance(one, 101 * second).time, TimeNs{1010 * second});
}

TEST_F(ReplayGroupTest, AStepIsThatOfOneMemberAndTheOthersFollow) {
  ReplayGroup group(settings());
  const auto one = group.join();
  const auto other = group.join();
  arrive(group, one);
  arrive(group, other);
  group.begin(0);
  group.pause();
  group.step(one, ReplayUnit::events, 3);
  EXPECT_EQ(group.allowance(one, 0).step, 3u);
  EXPECT_FALSE(group.allowance(other, 0).step);
  EXPECT_EQ(group.allowance(other, 0).last, Sequence{0});
  group.report(one, {.next = Sequence{5}, .stepped = 2});
  EXPECT_EQ(group.allowance(one, 0).step, 1u);
  EXPECT_EQ(group.allowance(other, 0).last, Sequence{4});
  group.report(one, {.next = Sequence{6}, .stepped = 2});
  EXPECT_EQ(group.summary().phase, ReplayPhase::paused);
  EXPECT_EQ(group.allowance(other, 0).last, Sequence{5});
}

TEST_F(ReplayGroupTest, IdleTimesAreCutToWhatWasAskedFor) {
  ReplaySettings asked = settings();
  asked.idle_max_ns = second;
  ReplayGroup group(asked);
  const auto member = group.join();
  arrive(group, member);
  group.begin(0);
  const TimeNs last{1000 * second}, next{5000 * second};
  group.allowance(member, second / 20);  // half a second of the market
  EXPECT_FALSE(group.pass_idle(last, next));
  group.allowance(member, second / 10);
  EXPECT_TRUE(group.pass_idle(last, next));
  EXPECT_EQ(group.allowance(member, second / 10).time, next);
}

TEST_F(ReplayGroupTest, ASeekMovesAllAndWaitsForAll) {
  ReplayGroup group(settings());
  const auto one = group.join();
  const auto other = group.join();
  arrive(group, one);
  arrive(group, other);
  group.begin(0);
  group.seek(Sequence{500});
  EXPECT_EQ(group.summary().target, Sequence{500});
  const std::uint64_t generation = group.summary().generation;
  group.arrive(one, generation - 1, TimeNs{1});  // of a place that nobody wants any more
  group.arrive(one, generation, TimeNs{77 * second});
  EXPECT_EQ(group.allowance(one, second).last, Sequence{0});
  group.leave(other);
  EXPECT_EQ(group.allowance(one, second).time, TimeNs{77 * second});
}

}  // namespace
}  // namespace bourse
