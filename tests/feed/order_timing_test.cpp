#include "feed/trade/order_timing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/feed/trade_fixture.h"  // TradeFixture, TradeClient

namespace bourse {
namespace {

struct OrderTimingTest : TradeFixture {
  void measure(TimeNs matched, TimeNs released) {
    desk.stages.matched.mark(world.router().position(), matched);
    desk.stages.released.mark(world.router().position(), released);
  }
  // The socket has taken everything that was due; returns it.
  std::vector<Message> send(TradeClient& client, TimeNs at) {
    auto messages = client.hear();
    client.out().note_sent(at);
    return messages;
  }
};

using OrderTiming = OrderTimingTest;  // NOLINT: suites are named by their concept

TEST_F(OrderTiming, EveryStageIsToldOnceTheAcknowledgementHasLeft) {
  TradeClient client{desk, "bourse.json.v1"};
  static_cast<void>(client.auth("demo", R"(,"timing":true)"));
  EXPECT_TRUE(desk.stages.is_wanted());
  client.session().on_received(TimeNs{1000});
  client.say(order(1, "buy", "100", "1"));
  world.run();
  measure(TimeNs{3000}, TimeNs{4000});
  EXPECT_TRUE(client.pump()) << "the timing is due when the acknowledgement has left";
  const auto acknowledged = send(client, TimeNs{9000});
  ASSERT_EQ(acknowledged.size(), 1u);
  EXPECT_EQ(value_of(acknowledged[0].payload, "exec_type"), "accepted");
  EXPECT_FALSE(client.pump());
  const std::string timing = client.answer();
  EXPECT_EQ(value_of(timing, "op"), "timing");
  EXPECT_EQ(value_of(timing, "client_seq"), "1");
  EXPECT_EQ(value_of(timing, "seq"), value_of(acknowledged[0].payload, "seq"));
  EXPECT_EQ(value_of(timing, "recv"), "1000");
  EXPECT_NE(value_of(timing, "gate"), "");
  EXPECT_EQ(value_of(timing, "sequenced"), value_of(acknowledged[0].payload, "ts_event"));
  EXPECT_EQ(value_of(timing, "matched"), "3000");
  EXPECT_EQ(value_of(timing, "released"), "4000");
  EXPECT_NE(value_of(timing, "encoded"), "");
  EXPECT_EQ(value_of(timing, "written"), "9000");
}

TEST_F(OrderTiming, CommandsWithoutAClientSequenceAreMatchedInTheirOrder) {
  TradeClient client{desk, "bourse.json.v1"};
  TradeClient other{desk, "bourse.json.v1", 2};
  static_cast<void>(client.auth("demo", R"(,"timing":true)"));
  static_cast<void>(other.auth("demo"));
  for (int i = 0; i < 3; ++i) {
    client.session().on_received(TimeNs{100 + i});
    client.say(R"({"op":"order","symbol":"BTC-USD","side":"buy","px":"100","qty":"1"})");
    other.say(R"({"op":"order","symbol":"BTC-USD","side":"buy","px":"99","qty":"1"})");
  }
  world.run();
  static_cast<void>(client.pump());
  EXPECT_EQ(send(client, TimeNs{9000}).size(), 6u) << "all reports of the account";
  static_cast<void>(client.pump());
  const auto timings = client.hear();
  ASSERT_EQ(timings.size(), 3u) << "of its own commands only";
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(value_of(timings[static_cast<std::size_t>(i)].payload, "recv"),
              std::to_string(100 + i));
}

TEST_F(OrderTiming, StagesAreMarkedOnlyWhileSomebodyCanTrade) {
  {
    TradeClient client{desk};
    EXPECT_FALSE(desk.stages.is_wanted());
    static_cast<void>(client.auth());
    EXPECT_TRUE(desk.stages.is_wanted());
  }
  EXPECT_FALSE(desk.stages.is_wanted()) << "the last one has gone";
}

TEST_F(OrderTiming, OneOrderAtATimeOfASessionThatDoesNotAskIsInTheMetrics) {
  TradeClient client{desk, "bourse.json.v1"};
  static_cast<void>(client.auth());
  const auto send_two = [&](int first) {
    client.session().on_received(TimeNs{1000});
    client.say(order(first, "buy", "100", "1"));
    client.say(order(first + 1, "buy", "100", "1"));
    world.run();
    measure(world.now(), TimeNs{world.now().value() + 3'000'000});
    static_cast<void>(client.pump());
    EXPECT_EQ(send(client, TimeNs{9000}).size(), 2u);
    EXPECT_FALSE(client.pump());
    EXPECT_EQ(client.hear().size(), 0u) << "who has not asked is told nothing";
  };
  const auto followed = [&](const char* stage) {
    const std::string name =
        std::string("bourse_order_stage_seconds_count{stage=\"") + stage + "\"} ";
    const std::string text = desk.metrics.text();
    const auto at = text.find(name);
    return at == std::string::npos ? std::string("none") : text.substr(at + name.size(), 1);
  };
  send_two(1);
  for (const char* stage : {"gate", "sequenced", "matched", "released", "encoded", "written"})
    EXPECT_EQ(followed(stage), "1") << stage;
  send_two(3);
  EXPECT_EQ(followed("written"), "2");
  EXPECT_NE(desk.metrics.text().find("bourse_order_stage_seconds_sum{stage=\"released\"} 0.006"),
            std::string::npos)
      << desk.metrics.text();
}

TEST(StageMarks, TheFirstMarkThatCoversASequenceIsItsTime) {
  StageMarks marks;
  EXPECT_EQ(marks.find(Sequence{1}), TimeNs{0});
  marks.mark(Sequence{3}, TimeNs{30});
  marks.mark(Sequence{7}, TimeNs{70});
  EXPECT_EQ(marks.find(Sequence{1}), TimeNs{30});
  EXPECT_EQ(marks.find(Sequence{3}), TimeNs{30});
  EXPECT_EQ(marks.find(Sequence{4}), TimeNs{70});
  EXPECT_EQ(marks.find(Sequence{8}), TimeNs{0});
}

TEST(StageMarks, WhatIsOlderThanTheMemoryIsNotTold) {
  StageMarks marks;
  for (std::uint64_t i = 1; i <= 2 * StageMarks::marks_kept; ++i)
    marks.mark(Sequence{i}, TimeNs{static_cast<std::int64_t>(10 * i)});
  EXPECT_EQ(marks.find(Sequence{5}), TimeNs{0});
  const std::uint64_t newest = 2 * StageMarks::marks_kept;
  EXPECT_EQ(marks.find(Sequence{newest}), TimeNs{static_cast<std::int64_t>(10 * newest)});
}

TEST(StageMarks, AReaderBesideTheWriterGetsTheRightTimeOrNone) {
  StageMarks marks;
  std::atomic<std::uint64_t> newest{0};
  std::atomic<bool> ends{false};
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= 400'000; ++i) {
      marks.mark(Sequence{i}, TimeNs{static_cast<std::int64_t>(7 * i)});
      newest.store(i, std::memory_order_release);
    }
    ends.store(true);
  });
  std::uint64_t asked = 0, wrong = 0;
  while (!ends.load()) {
    const std::uint64_t at = newest.load(std::memory_order_acquire);
    if (at == 0) continue;
    const std::uint64_t sequence = at > 100 ? at - asked % 100 : at;
    ++asked;
    const TimeNs time = marks.find(Sequence{sequence});
    if (time && time.value() != static_cast<std::int64_t>(7 * sequence)) ++wrong;
  }
  writer.join();
  EXPECT_EQ(wrong, 0u) << "of " << asked;
}

}  // namespace
}  // namespace bourse
