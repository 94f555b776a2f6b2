// One trader of three logs: which log a request goes to, and which one an answer is of.
#include "feed/trade/trade_channels.h"

#include <gmock/gmock.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/feed/trade_client.h"  // TradeDesk, take_messages

namespace bourse {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t logs = 3;
constexpr std::size_t room_of_log_1 = 2;  // commands in its gate

class ThreeLogs : public ::testing::Test {
 protected:
  explicit ThreeLogs(bool is_gateway) {
    std::vector<TradeParts> parts;
    for (std::uint32_t log = 0; log < logs; ++log) {
      worlds[log] = std::make_unique<TradeWorld>(log == 1 ? room_of_log_1 : 1024);
      desks[log] =
          std::make_unique<TradeDesk>(*worlds[log], worlds[log]->router(), worlds[log]->take_gate(),
                                      0, is_gateway ? &links[log] : nullptr);
      desks[log]->options.log = log;
      desks[log]->options.logs = logs;
      desks[log]->add_key("boss", 3, key_scopes::read | key_scopes::trade | key_scopes::admin);
      parts.push_back(desks[log]->parts());
    }
    session = std::make_unique<TradeChannels<TradeSession>>(
        std::move(parts), SessionInfo{.id = SessionId{1},
                                      .name = "s-1",
                                      .nonce = "bm9uY2U=",
                                      .subprotocol = "bourse.json.v1",
                                      .peer = "test"});
    session->on_open(out);
  }

  void auth(const std::string& more = "") {
    static_cast<void>(hear());
    session->on_text(auth_text("boss", "s-1", more), out);
    const auto answers = hear();
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_EQ(value_of(answers.front(), "op"), "auth_ok") << answers.front();
  }
  void say(const std::string& json) { session->on_text(json, out); }
  void order(std::uint32_t log, std::uint64_t client_seq) {
    say(R"({"op":"order","id":7,"log":)" + std::to_string(log) + R"(,"client_seq":)" +
        std::to_string(client_seq) +
        R"(,"symbol":"BTC-USD","side":"buy","px":"100.00","qty":"1"})");
  }
  void turn() {
    for (const auto& world : worlds) world->run();
    // Not until nothing is due: who has asked for stage times waits for the socket.
    for (int pumps = 0; pumps < 16; ++pumps) session->pump(out, worlds[0]->now());
  }
  std::vector<std::string> hear() {
    std::vector<std::string> texts;
    for (const Message& message : take_messages(out))
      if (message.is_text) texts.push_back(message.payload);
    return texts;
  }
  // Of the messages that are there.
  std::vector<std::string> hear(std::string_view op) {
    std::vector<std::string> texts = hear();
    std::erase_if(texts, [&](const std::string& text) { return value_of(text, "op") != op; });
    return texts;
  }

  std::array<EngineLink, logs> links;
  std::array<std::unique_ptr<TradeWorld>, logs> worlds;
  std::array<std::unique_ptr<TradeDesk>, logs> desks;
  std::unique_ptr<TradeChannels<TradeSession>> session;
  Outbox out;
};

class TradeChannelsOfAnExchange : public ThreeLogs {
 protected:
  TradeChannelsOfAnExchange() : ThreeLogs(false) {}
};
class TradeChannelsOfAGateway : public ThreeLogs {
 protected:
  TradeChannelsOfAGateway() : ThreeLogs(true) {}
};

TEST_F(TradeChannelsOfAnExchange, AnOutcomeAndItsReportsNameTheLogAsEveryReportDoes) {
  auth();
  for (std::uint32_t log = 0; log < logs; ++log) order(log, 1);
  turn();
  std::vector<std::string> seen;
  for (const std::string& report : hear("exec")) seen.push_back(value_of(report, "log"));
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre("0", "1", "2"));
  order(2, 1);
  turn();
  const auto outcomes = hear("outcome");
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(value_of(outcomes.front(), "log"), "2");
  EXPECT_THAT(value_of(outcomes.front(), "reports"), HasSubstr(R"("log":2)"));
}

TEST_F(TradeChannelsOfAnExchange, AQuestionAboutAnOrderIsAnsweredByItsLog) {
  auth();
  order(1, 1);
  turn();
  const auto reports = hear("exec");
  ASSERT_EQ(reports.size(), 1u);
  say(R"({"op":"order_status","id":3,"log":1,"order_id":)" + value_of(reports.front(), "order_id") +
      "}");
  say(R"({"op":"order_status","id":4,"log":2,"order_id":1})");
  turn();
  const auto answers = hear();
  ASSERT_EQ(answers.size(), 2u);
  for (const std::string& answer : answers) {
    const bool is_first = value_of(answer, "id") == "3";
    EXPECT_EQ(value_of(answer, "op"), is_first ? "order_status" : "error");
    EXPECT_EQ(value_of(answer, "log"), is_first ? "1" : "2") << answer;
  }
}

TEST_F(TradeChannelsOfAnExchange, StageTimesNameTheirLog) {
  auth(R"(,"timing":true)");
  order(2, 1);
  turn();
  static_cast<void>(hear());
  out.note_sent(worlds[2]->now());
  static_cast<void>(session->pump(out, worlds[2]->now()));
  const auto timings = hear("timing");
  ASSERT_EQ(timings.size(), 1u);
  EXPECT_EQ(value_of(timings.front(), "log"), "2");
}

TEST_F(TradeChannelsOfAGateway, AVerdictAboutAForwardedOrderNamesItsLog) {
  auth();
  links[1].tell({Verdict::Kind::unknown, AccountId{3}, SessionId{1}, ClientSequence{5}, {}});
  turn();
  const auto errors = hear("error");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(value_of(errors.front(), "log"), "1");
  EXPECT_EQ(value_of(errors.front(), "client_seq"), "5");
}

TEST_F(TradeChannelsOfAnExchange, WhatTheFirstLogRefusesIsToldOnce) {
  say(R"({"op":"open_orders","id":9})");
  const auto errors = hear("error");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(value_of(errors.front(), "log"), "0");
}

// A log that is busy must not keep a kill switch from the ones after it.
TEST_F(TradeChannelsOfAnExchange, AKillSwitchReachesTheLogsAfterOneThatIsBusy) {
  auth();
  for (std::size_t n = 1; n <= room_of_log_1; ++n) order(1, n);
  say(R"({"op":"set_account","id":1,"account":1,"status":"killed"})");
  const auto refused = hear();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(value_of(refused.front(), "code"), "9002");
  EXPECT_EQ(value_of(refused.front(), "log"), "1");
  turn();
  std::vector<std::string> decided;
  for (const std::string& decision : hear("decided")) decided.push_back(value_of(decision, "log"));
  EXPECT_THAT(decided, ::testing::UnorderedElementsAre("0", "2"));
}

}  // namespace
}  // namespace bourse
