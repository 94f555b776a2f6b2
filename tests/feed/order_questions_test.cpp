#include "feed/trade/order_questions.h"

#include <gtest/gtest.h>

#include "tests/feed/trade_fixture.h"  // TradeFixture, TradeClient

namespace bourse {
namespace {

struct OrderQuestionsTest : TradeFixture {
  // What the client is told, at once or out of the log.
  std::string ask(TradeClient& client, const std::string& request) {
    static_cast<void>(client.hear());
    client.say(request);
    settle(client);
    return client.answer();
  }
  // The same asked in the next life of the exchange, which knows what its log tells.
  std::string ask_after_restart(const std::string& request) {
    ExecRouter router{world.engine(), TradeWorld::accounts_max, world.router().position()};
    TradeDesk next{world, router, world.take_other_gate()};
    TradeClient client{next, "", 9};
    EXPECT_EQ(value_of(client.auth(), "op"), "auth_ok");
    client.say(request);
    while (client.pump()) {
    }
    return client.answer();
  }
  std::string reports(const std::string& answer) { return value_of(answer, "reports"); }
};

using OrderQuestions = OrderQuestionsTest;  // NOLINT: suites are named by their concept

TEST_F(OrderQuestions, ARetryIsAnsweredWithTheOutcomeOfTheFirstAndSequencesNothing) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(order(5, "buy", "100", "1", R"(,"cl_ord_id":"mine")"));
  client.say(order(6, "sell", "100", "1"));
  settle(client);
  const Sequence before = world.router().position();
  const std::string outcome =
      ask(client, order(5, "buy", "100", "1", R"(,"cl_ord_id":"mine","valid_ms":500)"));
  EXPECT_EQ(world.router().position(), before);
  EXPECT_EQ(value_of(outcome, "op"), "outcome");
  EXPECT_EQ(value_of(outcome, "id"), "5");
  EXPECT_EQ(value_of(outcome, "client_seq"), "5");
  EXPECT_EQ(value_of(outcome, "duplicate"), "true");
  EXPECT_EQ(value_of(outcome, "reports_total"), "1");
  EXPECT_NE(reports(outcome).find(R"("exec_type":"accepted")"), std::string::npos) << outcome;
  EXPECT_NE(reports(outcome).find(R"("cl_ord_id":"mine")"), std::string::npos);
}

TEST_F(OrderQuestions, ARetryInFlatBuffersIsAnsweredAlike) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  const WireOrder wire{.client_seq = 3,
                       .price = 100'000'000'000,
                       .qty = 100'000'000,
                       .instrument_id = 1,
                       .op = 1,
                       .side = 'B',
                       .ord_type = 1,
                       .tif = 1};
  client.say(wire);
  settle(client);
  static_cast<void>(client.hear());
  client.say(wire);
  settle(client);
  EXPECT_EQ(value_of(client.answer(), "op"), "outcome");
}

TEST_F(OrderQuestions, ARestartChangesNoOutcome) {
  TradeClient client{desk};
  TradeClient other{desk, "", 2};
  static_cast<void>(client.auth());
  static_cast<void>(other.auth("second"));
  for (int i = 1; i <= 40; ++i) {
    client.say(order(2 * i, i % 2 == 0 ? "buy" : "sell", "100", "1"));
    other.say(order(i, "buy", "90", "1"));
    if (i == 7) client.say(order(2 * i, "buy", "1", "1"));  // a repetition that is sequenced
    world.run();
  }
  settle(client);
  const std::string retry = order(14, "sell", "100", "1");
  const std::string now = ask(client, retry);
  EXPECT_EQ(value_of(now, "op"), "outcome") << now;
  EXPECT_EQ(ask_after_restart(retry), now);
}

TEST_F(OrderQuestions, AnotherRequestUnderAUsedSequenceIsAConflict) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(order(5, "buy", "100", "1"));
  settle(client);
  const std::string answer = ask(client, order(5, "buy", "100", "2"));
  EXPECT_EQ(value_of(answer, "op"), "error");
  EXPECT_EQ(value_of(answer, "code"), "5011");
  EXPECT_EQ(value_of(answer, "client_seq"), "5");
}

TEST_F(OrderQuestions, ASequenceThatWasPassedOverIsAGap) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(order(5, "buy", "100", "1"));
  client.say(order(9, "buy", "100", "1"));
  settle(client);
  EXPECT_EQ(value_of(ask(client, order(7, "buy", "100", "1")), "code"), "5012");
  EXPECT_EQ(value_of(ask(client, R"({"op":"order_status","client_seq":10})"), "code"), "5012");
}

TEST_F(OrderQuestions, CancelsAndAmendsAreAskedAboutLikeOrders) {
  TradeClient client{desk};
  const std::string head = client.auth();
  client.say(order(1, "buy", "100", "2"));
  settle(client);
  const std::string id = std::to_string(world.router().position().value());
  const std::string amend = R"({"op":"amend","client_seq":2,"symbol":"BTC-USD","order_id":)" + id +
                            R"(,"px":"101","qty":"1"})";
  const std::string cancel = R"({"op":"cancel","client_seq":3,"order_id":)" + id + "}";
  client.say(amend);
  client.say(cancel);
  settle(client);
  EXPECT_NE(reports(ask(client, amend)).find(R"("exec_type":"replaced")"), std::string::npos);
  EXPECT_NE(reports(ask(client, cancel)).find(R"("exec_type":"canceled")"), std::string::npos);
}

TEST_F(OrderQuestions, AnOrderIsFoundWhileItIsOpenAndWhenItIsOver) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(order(1, "buy", "100", "2"));
  settle(client);
  const std::string id = std::to_string(world.router().position().value());
  const std::string by_id = R"({"op":"order_status","id":"q","order_id":")" + id + "\"}";
  const std::string by_sequence = R"({"op":"order_status","id":"q","client_seq":1})";
  const std::string open = ask(client, by_id);
  EXPECT_EQ(value_of(open, "open"), "true");
  EXPECT_NE(value_of(open, "order").find(R"("leaves_qty":"2")"), std::string::npos) << open;
  EXPECT_EQ(ask(client, by_sequence), open);
  EXPECT_EQ(ask_after_restart(by_id), open);

  client.say(order(2, "sell", "100", "2"));
  settle(client);
  const std::string over = ask(client, by_id);
  EXPECT_EQ(value_of(over, "open"), "false");
  EXPECT_NE(value_of(over, "report").find(R"("status":"filled")"), std::string::npos) << over;
  EXPECT_EQ(ask(client, by_sequence), over);
}

TEST_F(OrderQuestions, NobodyIsToldOfTheOrdersOfOthers) {
  TradeClient client{desk};
  TradeClient other{desk, "", 2};
  static_cast<void>(client.auth());
  static_cast<void>(other.auth("second"));
  client.say(order(1, "buy", "100", "2"));
  settle(client);
  const std::string id = std::to_string(world.router().position().value());
  EXPECT_EQ(value_of(ask(other, R"({"op":"order_status","order_id":)" + id + "}"), "code"), "5009");
  EXPECT_EQ(value_of(ask(other, R"({"op":"open_orders"})"), "orders"), "[]");
  EXPECT_EQ(value_of(ask(client, R"({"op":"order_status","order_id":1})"), "code"), "5009");
  EXPECT_EQ(value_of(ask(client, R"({"op":"order_status","order_id":99999})"), "code"), "5009");
  EXPECT_EQ(value_of(ask(client, R"({"op":"order_status"})"), "code"), "1003");
}

TEST_F(OrderQuestions, ARefusedOrderIsFoundByItsClientSequence) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(order(1, "buy", "100", "2"));
  client.say(order(2, "sell", "100", "2", R"(,"post_only":true)"));
  settle(client);
  const std::string refused = ask(client, R"({"op":"order_status","client_seq":2})");
  EXPECT_EQ(value_of(refused, "op"), "outcome");
  EXPECT_NE(reports(refused).find(R"("reject":"would_cross")"), std::string::npos) << refused;
}

TEST_F(OrderQuestions, OpenOrdersComeNewestFirstAndPageByPage) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  for (int i = 1; i <= 450; ++i)
    client.say(order(i, "buy", "100", "1", i % 3 == 0 ? R"(,"group":7)" : ""));
  settle(client);
  std::size_t seen = 0;
  std::string below;
  do {
    const std::string page =
        ask(client, R"({"op":"open_orders")" +
                        (below.empty() ? "" : R"(,"below_order_id":)" + below) + "}");
    const std::string orders = value_of(page, "orders");
    for (std::size_t at = 0; (at = orders.find("\"order_id\"", at)) != std::string::npos; ++at)
      ++seen;
    EXPECT_EQ(value_of(page, "complete"), "true");
    below = value_of(page, "next_below");
  } while (!below.empty());
  EXPECT_EQ(seen, 450u);
  const std::string group = ask(client, R"({"op":"open_orders","group":7})");
  EXPECT_EQ(value_of(group, "orders").find("\"client_seq\":\"449\""), std::string::npos);
  EXPECT_NE(value_of(group, "orders").find("\"client_seq\":\"450\""), std::string::npos);
  EXPECT_EQ(value_of(ask(client, R"({"op":"open_orders","symbol":"ETH-USD"})"), "orders"), "[]");
  EXPECT_EQ(value_of(ask(client, R"({"op":"open_orders","symbol":"FOO"})"), "code"), "5001");
}

}  // namespace
}  // namespace bourse
