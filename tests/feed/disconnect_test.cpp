// What is cancelled when a session ends.
#include <gtest/gtest.h>

#include "tests/feed/trade_fixture.h"  // TradeFixture, TradeClient

namespace bourse {
namespace {

struct DisconnectTest : TradeFixture {};
using Disconnect = DisconnectTest;  // NOLINT: suites are named by their concept

TEST_F(Disconnect, OrdersThatAskForItEndWithTheirSession) {
  TradeClient stays{desk};
  static_cast<void>(stays.auth());
  std::vector<std::string> names;
  std::uint64_t told = 2;
  {
    TradeClient leaves{desk};
    static_cast<void>(leaves.auth());
    leaves.say(order(1, "buy", "100.00", "0.3", R"(,"cancel_on_disconnect":true)"));
    leaves.say(order(2, "buy", "99.00", "0.3"));
    settle(stays);
    ASSERT_EQ(reports_in(stays.hear(), told, names).size(), 2u);
  }
  settle(stays);
  const auto reports = reports_in(stays.hear(), told, names);
  ASSERT_EQ(reports.size(), 2u);  // the decision about the mass cancel comes first
  EXPECT_EQ(reports[1].exec_type, static_cast<std::uint8_t>(ExecType::canceled));
  EXPECT_EQ(reports[1].price, 100'000'000'000);
  EXPECT_NE(reports[1].flags & exec_flags::cancel_on_disconnect, 0u);
}

TEST_F(Disconnect, ASessionMayAskToBeFollowedByAllItsOrders) {
  TradeClient watcher{desk, "bourse.json.v1", 5};
  static_cast<void>(watcher.auth());
  {
    TradeClient client{desk, "bourse.json.v1", 6};
    static_cast<void>(client.auth("demo", R"(,"cod":"session")"));
    client.say(order(1, "buy", "100", "1"));
    watcher.say(order(2, "buy", "101", "1"));
    settle(client);
  }
  settle(watcher);
  const auto messages = watcher.hear();
  ASSERT_EQ(messages.size(), 4u) << "two orders, the mass cancel, and the end of the one";
  EXPECT_EQ(value_of(messages[3].payload, "exec_type"), "canceled");
  EXPECT_EQ(value_of(messages[3].payload, "client_seq"), "1");
  EXPECT_EQ(value_of(messages[3].payload, "flags"), "2") << "cancel on disconnect";
}

TEST_F(Disconnect, ASessionMayAskToBeFollowedByAGroupWhoeverSentIt) {
  TradeClient watcher{desk, "bourse.json.v1", 5};
  static_cast<void>(watcher.auth());
  {
    TradeClient client{desk, "bourse.json.v1", 6};
    static_cast<void>(client.auth("demo", R"(,"cod":"group","cod_group":7)"));
    watcher.say(order(1, "buy", "101", "1", R"(,"group":7)"));
    watcher.say(order(2, "buy", "101", "1", R"(,"group":8)"));
    client.say(order(3, "buy", "100", "1"));
    settle(client);
  }
  settle(watcher);
  const auto messages = watcher.hear();
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(value_of(messages[4].payload, "exec_type"), "canceled");
  EXPECT_EQ(value_of(messages[4].payload, "client_seq"), "1") << "the group's, nothing else";
  TradeClient wrong{desk, "", 7};
  EXPECT_EQ(value_of(wrong.auth("demo", R"(,"cod":"group")"), "code"), "1003");
  EXPECT_EQ(value_of(wrong.auth("demo", R"(,"cod":"all")"), "code"), "1004");
}

}  // namespace
}  // namespace bourse
