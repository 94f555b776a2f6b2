#include "feed/trade/exec_stream.h"

#include <gtest/gtest.h>

#include "tests/feed/trade_fixture.h"  // TradeFixture, TradeClient

namespace bourse {
namespace {

struct SlowTraderTest : TradeFixture {};
using SlowTrader = SlowTraderTest;  // NOLINT: suites are named by their concept

TEST_F(SlowTrader, WhoReadsSlowlyIsToldSoAndToldWhenItIsOver) {
  desk.options.limits.outbox_high_bytes = 4096;
  desk.options.limits.outbox_low_bytes = 1024;
  TradeClient client{desk, "bourse.json.v1"};
  static_cast<void>(client.auth());
  for (int i = 1; i <= 60; ++i) client.say(order(i, "buy", "100", "1"));
  world.run();
  std::size_t slow = 0, caught_up = 0, reports = 0;
  for (int round = 0; round < 100 && caught_up == 0; ++round) {
    static_cast<void>(client.pump());
    for (const Message& message : client.hear()) {
      const std::string op = value_of(message.payload, "op");
      slow += op == "slow_reader";
      caught_up += op == "caught_up";
      reports += op == "exec";
      EXPECT_TRUE(op != "exec" || value_of(message.payload, "exec_seq") == std::to_string(reports));
    }
  }
  EXPECT_EQ(slow, 1u);
  EXPECT_EQ(caught_up, 1u);
  EXPECT_EQ(reports, 60u) << "and nothing is lost";
}

}  // namespace
}  // namespace bourse
