// What an administrator may ask on /v1/trade, and what comes of it.
#include "feed/trade/admin_desk.h"  // AdminDesk

#include <gmock/gmock.h>

#include "matching/accounts.h"        // Account
#include "tests/feed/trade_client.h"  // TradeClient, TradeDesk

namespace bourse {
namespace {

using ::testing::HasSubstr;

class Administration : public ::testing::Test {
 protected:
  Administration() {
    desk.add_key("boss", 3, key_scopes::read | key_scopes::admin);
    static_cast<void>(boss.auth("boss"));
    static_cast<void>(trader.auth("second"));
  }

  // The decision about the request, or the error.
  std::string ask(const std::string& json) {
    boss.say(json);
    turn();
    for (const Message& message : boss.hear())
      if (message.is_text) return message.payload;
    return {};
  }
  void turn() {
    world.run();
    while (boss.pump() || trader.pump()) {
    }
  }
  void order(std::uint64_t client_seq, const std::string& side, const std::string& price,
             const std::string& quantity, const std::string& more = "") {
    trader.say(R"({"op":"order","client_seq":)" + std::to_string(client_seq) +
               R"(,"symbol":"BTC-USD","side":")" + side + R"(","px":")" + price + R"(","qty":")" +
               quantity + "\"" + more + "}");
    turn();
  }
  // Of the reports that the trader has heard, the last one's field.
  std::string heard(std::string_view field) {
    std::string last;
    for (const Message& message : trader.hear())
      if (message.is_text) last = message.payload;
    return value_of(last, field);
  }

  TradeWorld world;
  TradeDesk desk{world};
  TradeClient boss{desk, "bourse.json.v1", 1};
  TradeClient trader{desk, "bourse.json.v1", 2};
};

TEST_F(Administration, AMarketIsHaltedAndResumed) {
  const std::string halted =
      ask(R"({"op":"set_phase","id":"h","symbol":"BTC-USD","phase":"halted"})");
  EXPECT_EQ(value_of(halted, "op"), "decided");
  EXPECT_EQ(value_of(halted, "id"), "h");
  EXPECT_EQ(value_of(halted, "command"), "set_phase");
  EXPECT_EQ(value_of(halted, "decision"), "accepted");
  EXPECT_EQ(value_of(halted, "symbol"), "BTC-USD");
  EXPECT_EQ(value_of(halted, "seq"), std::to_string(world.router().position().value()));
  EXPECT_EQ(world.engine().trading(SymbolId{1}).phase, Phase::halted);
  order(1, "buy", "100", "1");
  EXPECT_EQ(heard("reject"), "halted");

  EXPECT_EQ(value_of(ask(R"({"op":"set_phase","symbol":"BTC-USD","phase":"opening_auction",)"
                         R"("lasts_ms":5000,"next_phase":"continuous"})"),
                     "decision"),
            "accepted");
  EXPECT_EQ(world.engine().trading(SymbolId{1}).next_phase, Phase::continuous);
}

TEST_F(Administration, ARefusalOfTheEngineIsADecisionWithItsCode) {
  const std::string answer =
      ask(R"({"op":"set_phase","symbol":"BTC-USD","phase":"halted","lasts_ms":5})");
  EXPECT_EQ(value_of(answer, "op"), "decided");
  EXPECT_EQ(value_of(answer, "decision"), "rejected");
  EXPECT_EQ(value_of(answer, "reject_code"), "5020");
  EXPECT_EQ(value_of(answer, "reject"), "bad_field");
}

TEST_F(Administration, WhatCannotBeSaidIsRefusedAtTheEdge) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"op":"set_phase","symbol":"BTC-USX","phase":"halted"})", "5001"},
      {R"({"op":"set_phase","symbol":"BTC-USD","phase":"asleep"})", "5020"},
      {R"({"op":"set_phase","symbol":"BTC-USD"})", "1003"},
      {R"({"op":"set_account","status":"killed"})", "1003"},
      {R"({"op":"set_account","account":2,"status":"dead"})", "5020"},
      {R"({"op":"set_account","account":2,"open_orders_max":"many"})", "1004"},
      {R"({"op":"set_rules","symbol":"BTC-USD","static_band":"0.001"})", "5003"},
      {R"({"op":"define_instrument","symbol":"X","tick_size":"0"})", "5025"},
      {R"({"op":"bust_trade","symbol":"BTC-USD","match_id":1})", "5033"},
      {R"({"op":"bust_trade","symbol":"BTC-USD"})", "1003"},
      {R"({"op":"bust_trade","symbol":"BTC-USD","match_id":1,"seq":9999999})", "4002"},
      {R"({"op":"cancel_orders"})", "1003"}};
  const Sequence before = world.router().position();
  for (const auto& [request, code] : cases) EXPECT_EQ(value_of(ask(request), "code"), code);
  EXPECT_EQ(world.router().position(), before) << "nothing was sequenced";
}

TEST_F(Administration, WithoutTheScopeNothingIsSequenced) {
  const Sequence before = world.router().position();
  const char* const operations[] = {"set_phase",         "set_rules",         "set_account",
                                    "define_instrument", "change_instrument", "delist_instrument",
                                    "bust_trade",        "cancel_orders"};
  TradeClient stranger{desk, "bourse.json.v1", 3};
  static_cast<void>(stranger.hear());
  for (const std::string operation : operations) {
    EXPECT_TRUE(AdminDesk::knows(operation));
    const std::string request = R"({"op":")" + operation +
                                R"(","symbol":"BTC-USD","phase":"halted","account":2,)"
                                R"("match_id":1})";
    stranger.say(request);
    EXPECT_EQ(value_of(stranger.answer(), "code"), "3001") << operation;
    trader.say(request);
    EXPECT_EQ(value_of(trader.answer(), "code"), "3004") << operation;
  }
  turn();
  EXPECT_EQ(world.router().position(), before);
}

TEST_F(Administration, AnAdministratorsKeyMayNotTradeUnlessItSaysSo) {
  EXPECT_EQ(
      value_of(ask(R"({"op":"order","symbol":"BTC-USD","side":"buy","px":1,"qty":1})"), "code"),
      "3004");
}

TEST_F(Administration, AnAccountIsLimitedFieldByFieldAndKilled) {
  EXPECT_EQ(value_of(ask(R"({"op":"set_account","account":2,"open_orders_max":1})"), "decision"),
            "accepted");
  EXPECT_EQ(value_of(ask(R"({"op":"set_account","account":2,"position_max":"500"})"), "decision"),
            "accepted");
  order(1, "buy", "100", "0.01");
  order(2, "buy", "99", "0.01");
  EXPECT_EQ(heard("reject"), "open_orders_limit") << "the first limit stays";
  EXPECT_EQ(value_of(ask(R"({"op":"set_account","account":2,"status":"killed"})"), "decision"),
            "accepted");
  EXPECT_EQ(heard("exec_type"), "canceled");
  EXPECT_EQ(world.engine().open_orders(), 0u);
  EXPECT_EQ(world.engine().account(AccountId{2})->open_orders_max, 1u);
  EXPECT_EQ(value_of(ask(R"({"op":"set_account","account":9999,"status":"killed"})"), "reject"),
            "unknown_account");
}

TEST_F(Administration, RulesChangeFieldByField) {
  static_cast<void>(ask(R"({"op":"set_rules","symbol":"BTC-USD","reference_price":"100",)"
                        R"("static_band":"5","volatility_ms":2000})"));
  EXPECT_EQ(
      value_of(ask(R"({"op":"set_rules","symbol":"BTC-USD","static_band":"10"})"), "decision"),
      "accepted");
  const RulesBody rules = world.engine().trading(SymbolId{1}).rules;
  EXPECT_EQ(rules.reference_price, PriceTicks{10'000});
  EXPECT_EQ(rules.static_band, TickDelta{1'000});
  EXPECT_EQ(rules.volatility_ns, 2'000'000'000);
  order(1, "buy", "89", "0.01");
  EXPECT_EQ(heard("reject"), "price_collar");
}

TEST_F(Administration, AnInstrumentComesChangesAndGoes) {
  const std::string defined =
      ask(R"({"op":"define_instrument","symbol":"SOL-USD","base":"SOL","quote":"USD",)"
          R"("tick_size":"0.01","lot_size":"0.1","quantity_max":"100","price_max":"1000"})");
  EXPECT_EQ(value_of(defined, "decision"), "accepted");
  EXPECT_EQ(value_of(defined, "symbol"), "SOL-USD");
  EXPECT_EQ(value_of(defined, "instrument_id"), "3");
  trader.say(
      R"({"op":"order","symbol":"SOL-USD","client_seq":1,"side":"buy","px":"20","qty":"200"})");
  turn();
  EXPECT_EQ(heard("reject"), "max_quantity");
  EXPECT_EQ(value_of(ask(R"({"op":"change_instrument","symbol":"SOL-USD","quantity_max":"500"})"),
                     "decision"),
            "accepted");
  trader.say(
      R"({"op":"order","symbol":"SOL-USD","client_seq":2,"side":"buy","px":"20","qty":"200"})");
  turn();
  EXPECT_EQ(heard("exec_type"), "accepted");
  EXPECT_EQ(value_of(ask(R"({"op":"change_instrument","symbol":"SOL-USD","price_max":"2000"})"),
                     "reject"),
            "bad_instrument")
      << "an order is open";
  EXPECT_EQ(value_of(ask(R"({"op":"delist_instrument","symbol":"SOL-USD"})"), "decision"),
            "accepted");
  EXPECT_EQ(heard("exec_type"), "canceled");
  EXPECT_EQ(value_of(ask(R"({"op":"delist_instrument","symbol":"SOL-USD"})"), "reject"),
            "delisted");
}

TEST_F(Administration, ATradeIsTakenBackOnce) {
  for (int i = 0; i < 20; ++i) {
    order(static_cast<std::uint64_t>(2 * i + 1), "buy", "100", "0.01");
    order(static_cast<std::uint64_t>(2 * i + 2), "sell", "100", "0.01");
  }
  static_cast<void>(trader.hear());
  const std::string answer = ask(R"({"op":"bust_trade","symbol":"BTC-USD","match_id":"7"})");
  EXPECT_EQ(value_of(answer, "decision"), "accepted");
  std::vector<std::string> told;
  for (const Message& message : trader.hear()) told.push_back(message.payload);
  ASSERT_EQ(told.size(), 2u);  // it was on both sides
  EXPECT_EQ(value_of(told[0], "exec_type"), "restated");
  EXPECT_EQ(value_of(told[0], "match_id"), "7");
  EXPECT_EQ(value_of(told[0], "last_qty"), "0.01");
  EXPECT_EQ(value_of(told[1], "side"), "sell");
  EXPECT_EQ(value_of(ask(R"({"op":"bust_trade","symbol":"BTC-USD","match_id":"7"})"), "reject"),
            "already_busted");
  EXPECT_EQ(value_of(ask(R"({"op":"bust_trade","symbol":"ETH-USD","match_id":"8"})"), "code"),
            "5033")
      << "a trade of another symbol";
  EXPECT_EQ(value_of(ask(R"({"op":"bust_trade","symbol":"BTC-USD","match_id":21})"), "code"),
            "5033");
  for (const int match : {1, 20})
    EXPECT_EQ(value_of(ask(R"({"op":"bust_trade","symbol":"BTC-USD","match_id":)" +
                           std::to_string(match) + "}"),
                       "decision"),
              "accepted");
}

TEST_F(Administration, OrdersOfAnAccountOrOfASymbolAreCancelled) {
  order(1, "buy", "100", "0.01");
  order(2, "sell", "110", "0.01");
  EXPECT_EQ(value_of(ask(R"({"op":"cancel_orders","account":2,"side":"buy"})"), "decision"),
            "accepted");
  EXPECT_EQ(world.engine().open_orders(), 1u);
  const std::string answer = ask(R"({"op":"cancel_orders","symbol":"BTC-USD"})");
  EXPECT_EQ(value_of(answer, "command"), "mass_cancel");
  EXPECT_EQ(value_of(answer, "decision"), "accepted");
  EXPECT_EQ(world.engine().open_orders(), 0u);
  EXPECT_EQ(heard("exec_type"), "canceled");
}

TEST_F(Administration, DecisionsComeInTheOrderOfTheRequests) {
  for (int i = 0; i < 10; ++i)
    boss.say(R"({"op":"set_phase","id":)" + std::to_string(i) + R"(,"symbol":"BTC-USD","phase":")" +
             (i % 2 == 0 ? "halted" : "continuous") + "\"}");
  turn();
  int expected = 0;
  for (const Message& message : boss.hear())
    EXPECT_EQ(value_of(message.payload, "id"), std::to_string(expected++));
  EXPECT_EQ(expected, 10);
}

TEST_F(Administration, WhatTheAdministratorDidIsInTheLog) {
  static_cast<void>(ask(R"({"op":"set_phase","symbol":"BTC-USD","phase":"halted"})"));
  auto cursor = world.log().cursor(world.router().position());
  ASSERT_TRUE(cursor);
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  const Command command = cursor->transaction().command();
  EXPECT_EQ(command.type, CommandType::set_phase);
  EXPECT_EQ(command.session, SessionId{1}) << "who it was";
}

}  // namespace
}  // namespace bourse
