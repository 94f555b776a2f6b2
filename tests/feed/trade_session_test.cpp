#include "feed/trade/trade_session.h"  // TradeSession

#include <gtest/gtest.h>

#include "tests/feed/trade_fixture.h"  // TradeFixture, TradeClient

namespace bourse {
namespace {

struct TradeSessionTest : TradeFixture {};

using TradeSession = TradeSessionTest;  // NOLINT: suites are named by their concept

TEST_F(TradeSession, HelloGivesNonceSessionAndLimits) {
  TradeClient client{desk};
  const std::string hello = client.answer();
  EXPECT_EQ(value_of(hello, "op"), "hello");
  EXPECT_EQ(value_of(hello, "nonce"), "bm9uY2U=");
  EXPECT_EQ(value_of(hello, "session"), "s-1");
  EXPECT_NE(value_of(hello, "limits").find("\"orders_per_s\":5000"), std::string::npos);
}

TEST_F(TradeSession, AuthTellsWhereTheAccountStands) {
  TradeClient client{desk};
  const std::string reply = client.auth();
  EXPECT_EQ(value_of(reply, "op"), "auth_ok");
  EXPECT_EQ(value_of(reply, "id"), "1");
  EXPECT_EQ(value_of(reply, "account"), "1");
  EXPECT_EQ(value_of(reply, "next_client_seq"), "1");
  EXPECT_EQ(value_of(reply, "exec_head"), "0");
  EXPECT_EQ(value_of(reply, "scopes"), R"(["read","trade"])");
  EXPECT_EQ(value_of(reply, "seq"), "2");
  EXPECT_TRUE(client.session().is_authenticated());
}

TEST_F(TradeSession, OrdersBeforeAuthAreRefusedInBothEncodings) {
  TradeClient client{desk};
  static_cast<void>(client.hear());
  client.say(order(1, "buy", "100", "1"));
  const std::string text = client.answer();
  EXPECT_EQ(value_of(text, "code"), "3001");
  EXPECT_EQ(value_of(text, "client_seq"), "1");
  EXPECT_EQ(value_of(text, "id"), "1");
  client.say(WireOrder{.client_seq = 5, .op = 1});
  const std::string binary = client.answer();
  EXPECT_EQ(value_of(binary, "code"), "3001");
  EXPECT_EQ(value_of(binary, "client_seq"), "5");
}

TEST_F(TradeSession, AWrongSignatureIsRefusedAndTheThirdCloses) {
  TradeClient client{desk};
  static_cast<void>(client.hear());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_FALSE(client.out().close_requested());
    client.say(R"({"op":"auth","key":"demo","sig":"bm90IHRoYXQ="})");
    EXPECT_EQ(value_of(client.answer(), "code"), "3002");
  }
  ASSERT_TRUE(client.out().close_requested());
  EXPECT_EQ(client.out().close_requested()->code, 4001);
  client.say(R"({"op":"ping"})");
  EXPECT_TRUE(client.hear().empty()) << "nothing is said to a session that is closing";
}

TEST_F(TradeSession, AnUnknownKeyIsAnsweredLikeAWrongSignature) {
  TradeClient client{desk};
  const std::string unknown = client.auth("who");
  EXPECT_EQ(value_of(unknown, "code"), "3002");
  static_cast<void>(client.hear());
  client.say(R"({"op":"auth","id":1,"key":"demo","sig":"bm90IHRoYXQ="})");
  EXPECT_EQ(client.answer(), unknown);
}

TEST_F(TradeSession, ASignatureOfAnotherAlgorithmIsRefused) {
  TradeClient client{desk};
  static_cast<void>(client.hear());
  client.say(R"({"op":"auth","key":"demo","alg":"ed25519","sig":")" +
             sign(KeyAlgorithm::hmac_sha256, demo_key_secret, "bm9uY2U=", "s-1") + "\"}");
  EXPECT_EQ(value_of(client.answer(), "code"), "3002");
}

TEST_F(TradeSession, KeysThatMayNotAreToldWhy) {
  EXPECT_EQ(value_of(TradeClient{desk}.auth("off"), "code"), "3003");
  EXPECT_EQ(value_of(TradeClient{desk}.auth("nobody"), "code"), "5023");
  TradeClient watcher{desk};
  EXPECT_EQ(value_of(watcher.auth("watcher"), "op"), "auth_ok");
  watcher.say(order(1, "buy", "100", "1"));
  EXPECT_EQ(value_of(watcher.answer(), "code"), "3004");
}

TEST_F(TradeSession, ANonceIsGoodForOneAuth) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  EXPECT_EQ(value_of(client.auth(), "code"), "3007");
}

TEST_F(TradeSession, WithoutAuthInTimeTheSessionIsClosed) {
  TradeClient client{desk};
  static_cast<void>(client.hear());
  const TimeNs start = world.now();
  client.session().on_timer(start, client.out());
  client.session().on_timer(TimeNs{start.value() + 9'900'000'000}, client.out());
  EXPECT_FALSE(client.out().close_requested());
  client.session().on_timer(TimeNs{start.value() + 10'000'000'000}, client.out());
  ASSERT_TRUE(client.out().close_requested());
  EXPECT_EQ(client.out().close_requested()->code, 4001);
  EXPECT_EQ(value_of(client.answer(), "code"), "3001");
}

TEST_F(TradeSession, AKeyHasSoManyConnectionsAndNoMore) {
  desk.options.limits.connections_per_key_count = 3;
  std::vector<std::unique_ptr<TradeClient>> clients;
  for (std::size_t i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<TradeClient>(desk));
    ASSERT_EQ(value_of(clients.back()->auth(), "op"), "auth_ok");
  }
  EXPECT_EQ(value_of(TradeClient{desk}.auth(), "code"), "3005");
  EXPECT_EQ(value_of(TradeClient{desk}.auth("watcher"), "op"), "auth_ok") << "another key";
  clients.pop_back();
  EXPECT_EQ(value_of(TradeClient{desk}.auth(), "op"), "auth_ok");
}

TEST_F(TradeSession, AcceptAndFillsComeOnOneStreamInOrder) {
  TradeClient maker{desk};
  TradeClient taker{desk};
  static_cast<void>(maker.auth("demo"));
  static_cast<void>(taker.auth("second"));
  maker.say(order(1, "sell", "100.00", "0.3", R"(,"cl_ord_id":"m1")"));
  settle(maker);
  taker.say(order(1, "buy", "101.00", "0.5", R"(,"cl_ord_id":"t1","group":7)"));
  settle(taker);
  settle(maker);

  std::vector<std::string> names;
  std::uint64_t told = 2;
  const auto to_taker = reports_in(taker.hear(), told, names);
  ASSERT_EQ(to_taker.size(), 2u);
  EXPECT_EQ(to_taker[0].exec_type, static_cast<std::uint8_t>(ExecType::accepted));
  EXPECT_EQ(to_taker[0].client_seq, 1u);
  EXPECT_EQ(to_taker[1].exec_type, static_cast<std::uint8_t>(ExecType::partial_fill));
  EXPECT_EQ(to_taker[1].last_px, 100'000'000'000);
  EXPECT_EQ(to_taker[1].last_qty, 30'000'000u);
  EXPECT_EQ(to_taker[1].leaves_qty, 20'000'000u);
  EXPECT_EQ(to_taker[1].liquidity, 'T');
  EXPECT_EQ(to_taker[1].group, 7u);
  EXPECT_EQ(names, (std::vector<std::string>{"t1", "t1"}));

  told = 2;
  const auto to_maker = reports_in(maker.hear(), told, names);
  ASSERT_EQ(to_maker.size(), 2u);
  EXPECT_EQ(to_maker[0].exec_seq, 1u);
  EXPECT_EQ(to_maker[1].exec_seq, 2u);
  EXPECT_EQ(to_maker[1].exec_type, static_cast<std::uint8_t>(ExecType::fill));
  EXPECT_EQ(to_maker[1].liquidity, 'M');
  EXPECT_EQ(to_maker[1].match_id, to_taker[1].match_id);
}

TEST_F(TradeSession, AmendAndCancelAreAnsweredOnTheStream) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(order(1, "buy", "100.00", "0.3"));
  settle(client);
  std::vector<std::string> names;
  std::uint64_t told = 2;
  const auto id = reports_in(client.hear(), told, names).at(0).order_id;
  client.say(R"({"op":"amend","client_seq":2,"symbol":"BTC-USD","order_id":")" +
             std::to_string(id) + R"(","px":100.50,"qty":0.2})");
  client.say(R"({"op":"cancel","client_seq":3,"order_id":)" + std::to_string(id) + "}");
  client.say(R"({"op":"cancel","client_seq":4,"order_id":)" + std::to_string(id) + "}");
  settle(client);
  const auto reports = reports_in(client.hear(), told, names);
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0].exec_type, static_cast<std::uint8_t>(ExecType::replaced));
  EXPECT_EQ(reports[0].price, 100'500'000'000);
  EXPECT_EQ(reports[0].leaves_qty, 20'000'000u);
  EXPECT_EQ(reports[1].exec_type, static_cast<std::uint8_t>(ExecType::canceled));
  EXPECT_EQ(reports[2].exec_type, static_cast<std::uint8_t>(ExecType::cancel_rejected));
  EXPECT_EQ(reports[2].reject_code, 5009);
  EXPECT_EQ(reports[2].client_seq, 4u);
}

TEST_F(TradeSession, ARequestInFlatBuffersIsWorthOneInJson) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(WireOrder{.client_seq = 9,
                       .price = 100'000'000'000,
                       .qty = 30'000'000,
                       .client_ts = 123,
                       .instrument_id = 1,
                       .op = 1,
                       .side = wire_sell,
                       .ord_type = 1,
                       .tif = 1,
                       .cl_ord_id = "binary"});
  settle(client);
  std::vector<std::string> names;
  std::uint64_t told = 2;
  const auto reports = reports_in(client.hear(), told, names);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].client_seq, 9u);
  EXPECT_EQ(names.front(), "binary");
}

TEST_F(TradeSession, TheJsonSubprotocolTellsReportsInWords) {
  TradeClient client{desk, "bourse.json.v1"};
  static_cast<void>(client.auth());
  client.say(order(7, "buy", "100.50", "0.3", R"(,"cl_ord_id":"a\"b","client_ts":99)"));
  settle(client);
  const std::string exec = client.answer();
  EXPECT_EQ(value_of(exec, "op"), "exec");
  EXPECT_EQ(value_of(exec, "exec_type"), "accepted");
  EXPECT_EQ(value_of(exec, "status"), "open");
  EXPECT_EQ(value_of(exec, "symbol"), "BTC-USD");
  EXPECT_EQ(value_of(exec, "side"), "buy");
  EXPECT_EQ(value_of(exec, "ord_type"), "limit");
  EXPECT_EQ(value_of(exec, "tif"), "gtc");
  EXPECT_EQ(value_of(exec, "price"), "100.5");
  EXPECT_EQ(value_of(exec, "qty"), "0.3");
  EXPECT_EQ(value_of(exec, "leaves_qty"), "0.3");
  EXPECT_EQ(value_of(exec, "client_seq"), "7");
  EXPECT_EQ(value_of(exec, "client_ts"), "99");
  EXPECT_EQ(value_of(exec, "cl_ord_id"), "a\"b");
  EXPECT_EQ(value_of(exec, "last_px"), "");
  client.say(order(8, "sell", "100.50", "0.3", R"(,"post_only":true)"));
  settle(client);
  const std::string refused = client.answer();
  EXPECT_EQ(value_of(refused, "exec_type"), "rejected");
  EXPECT_EQ(value_of(refused, "reject_code"), "5008");
  EXPECT_EQ(value_of(refused, "reject"), "would_cross");
}

TEST_F(TradeSession, ARepeatedClientSequenceIsToldAsSuch) {
  TradeClient client{desk, "bourse.json.v1"};
  static_cast<void>(client.auth());
  client.say(order(5, "buy", "100", "1"));
  client.say(order(5, "buy", "100", "1"));
  settle(client);
  const auto messages = client.hear();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(value_of(messages[1].payload, "reject_code"), "5011");
  EXPECT_EQ(value_of(messages[1].payload, "duplicate"), "true");
  EXPECT_EQ(value_of(messages[2].payload, "op"), "outcome") << "what became of the first";
  EXPECT_EQ(value_of(messages[2].payload, "seq"), value_of(messages[0].payload, "seq"));
  EXPECT_EQ(value_of(TradeClient{desk}.auth(), "next_client_seq"), "6");
}

TEST_F(TradeSession, EachMistakeHasItsCodeAndTheSessionLives) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  const std::pair<std::string, std::string> mistakes[] = {
      {"nonsense", "1001"},
      {"[1]", "1001"},
      {R"({"id":1})", "1003"},
      {R"({"op":"dance"})", "1002"},
      {R"({"op":7})", "1004"},
      {R"({"op":"ping","id":[1]})", "1004"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":"1"})", "1003"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":"1","px":true})", "1004"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":"1","px":"x"})", "1004"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":"1","px":""})", "1004"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":"1","px":"1","post_only":1})",
       "1004"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":"1","px":"1","group":4294967296})",
       "1004"},
      {R"({"op":"order","client_seq":-1,"symbol":"BTC-USD","side":"buy","qty":"1","px":"1"})",
       "1004"},
      {R"({"op":"order","symbol":"FOO","side":"buy","qty":"1","px":"1"})", "5001"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":"1","px":1.005})", "5003"},
      {R"({"op":"order","symbol":"BTC-USD","side":"buy","qty":0.00001,"px":1})", "5004"},
      {R"({"op":"exec_replay"})", "1003"},
      {R"({"op":"exec_replay","from_exec_seq":99})", "4002"},
      {R"({"op":"cancel"})", "1003"},
  };
  for (const auto& [json, code] : mistakes) {
    client.say(json);
    const std::string reply = client.answer();
    EXPECT_EQ(value_of(reply, "op"), "error") << json;
    EXPECT_EQ(value_of(reply, "code"), code) << json << " -> " << reply;
    EXPECT_FALSE(value_of(reply, "hint").empty()) << json;
  }
  EXPECT_FALSE(client.out().close_requested());
  client.say(order(1, "buy", "100", "1"));
  settle(client);
  EXPECT_EQ(client.hear().size(), 1u);
}

TEST_F(TradeSession, BinaryThatIsNoRequestHasItsCode) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  const auto send = [&](std::string_view bytes) {
    client.session().on_binary(std::as_bytes(std::span{bytes}), client.out());
    return client.answer();
  };
  EXPECT_EQ(value_of(send(""), "code"), "1006");
  EXPECT_EQ(value_of(send("garbage"), "code"), "1006");
  const std::string json = send(R"({"op":"order"})");
  EXPECT_EQ(value_of(json, "code"), "1006");
  EXPECT_NE(value_of(json, "msg").find("JSON"), std::string::npos);
  EXPECT_EQ(value_of(send(std::string(513, 'x')), "code"), "1005");
  EXPECT_FALSE(client.out().close_requested());
}

TEST_F(TradeSession, TooManyOrdersAreRefusedCancelsNever) {
  desk.options.limits.orders_burst_count = 3;
  desk.options.limits.orders_per_second_count = 10;
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.pump();
  for (int i = 1; i <= 3; ++i) client.say(order(i, "buy", "100", "1"));
  EXPECT_TRUE(client.hear().empty());
  client.say(order(4, "buy", "100", "1"));
  const std::string refused = client.answer();
  EXPECT_EQ(value_of(refused, "code"), "6002");
  EXPECT_EQ(value_of(refused, "retryable"), "true");
  EXPECT_FALSE(value_of(refused, "retry_after_ms").empty());
  client.say(R"({"op":"cancel","order_id":1})");
  EXPECT_TRUE(client.hear().empty()) << "the cancel is on its way";
  client.session().pump(client.out(), TimeNs{world.now().value() + 100'000'000});
  client.say(order(5, "buy", "100", "1"));
  EXPECT_TRUE(client.hear().empty()) << "a tenth of a second later there is room for one";
}

TEST_F(TradeSession, TooManyControlMessagesAreRefused) {
  desk.options.limits.control_burst_count = 2;
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(R"({"op":"ping","id":"p","t":"12"})");
  EXPECT_EQ(value_of(client.answer(), "t"), "12");
  client.say(R"({"op":"ping"})");
  EXPECT_EQ(value_of(client.answer(), "code"), "6001");
}

TEST_F(TradeSession, WhoAsksButNeverReadsIsClosed) {
  desk.options.limits.outbox_high_bytes = 1000;
  TradeClient client{desk};
  for (int i = 0; i < 100; ++i) client.say("nonsense");
  ASSERT_TRUE(client.out().close_requested());
  EXPECT_EQ(client.out().close_requested()->code, 1008);
  EXPECT_LT(client.out().size(), 5000u);
}

TEST_F(TradeSession, EverySessionOfAnAccountHearsAllOfIt) {
  TradeClient one{desk};
  TradeClient two{desk};
  TradeClient stranger{desk};
  static_cast<void>(one.auth());
  static_cast<void>(two.auth());
  static_cast<void>(stranger.auth("second"));
  one.say(order(1, "buy", "100", "1"));
  settle(one);
  settle(two);
  settle(stranger);
  EXPECT_EQ(one.hear().size(), 1u);
  EXPECT_EQ(two.hear().size(), 1u);
  EXPECT_TRUE(stranger.hear().empty());
}

TEST_F(TradeSession, NothingIsToldBeforeItIsReleased) {
  TradeClient client{desk};
  static_cast<void>(client.auth());
  client.say(order(1, "buy", "100", "1"));
  client.pump();
  EXPECT_TRUE(client.hear().empty());
}

}  // namespace
}  // namespace bourse
