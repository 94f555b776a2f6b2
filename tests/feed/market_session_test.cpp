// What a session on /v1/md answers, one rule at a time.
#include "tests/feed/market_session_fixture.h"  // MarketSessionFixture

namespace bourse {
namespace {

using ::testing::HasSubstr;

class MarketSessionTest : public MarketSessionFixture {};

TEST_F(MarketSessionTest, HelloTellsProtocolPositionsAndLimits) {
  ASSERT_EQ(client.texts.size(), 1u);
  const std::string& hello = client.texts[0];
  EXPECT_THAT(hello, HasSubstr(R"("op":"hello","proto":1)"));
  EXPECT_THAT(hello, HasSubstr(R"("session":"s-7")"));
  EXPECT_THAT(hello, HasSubstr(R"("epoch":1)"));
  EXPECT_THAT(hello, HasSubstr(R"("nonce":"bm9uY2U=")"));
  EXPECT_THAT(hello, HasSubstr(R"("journal":{"earliest_seq":"1","head_seq":"4"})"));
  EXPECT_THAT(hello, HasSubstr(R"("limits":{"streams":4096,"symbols_per_op":1000,"replays":8)"));
  EXPECT_THAT(hello, HasSubstr(R"("heartbeat_ms":1000)"));
}

TEST_F(MarketSessionTest, AStartBeyondTheHeadIsRefused) {
  const std::string reply = subscribe("mbo", "ETH-USD", start_at(6));
  EXPECT_THAT(reply, HasSubstr(R"("streams":[],"rejected":[{"channel":"mbo","symbol":"ETH-USD")"
                               R"(,"code":4002,"name":"seq_in_future")"));
  EXPECT_THAT(reply, HasSubstr("the head, which is 4"));
  EXPECT_EQ(session->stream_count(), 0u);
}

TEST_F(MarketSessionTest, AStartBeforeTheLogIsRefusedAndTheEarliestIsNamed) {
  const std::string reply = subscribe("mbo", "ETH-USD", start_at(0));
  EXPECT_THAT(reply, HasSubstr(R"("code":4001,"name":"seq_expired")"));
  EXPECT_THAT(reply, HasSubstr("the earliest is 1"));
}

TEST_F(MarketSessionTest, AStartOfAnotherEpochIsRefused) {
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"start":{"seq":3,"epoch":9})"),
              HasSubstr(R"("code":4006,"name":"epoch_mismatch")"));
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"start":{"seq":3,"epoch":1})"),
              HasSubstr(R"("from_seq":"3")"));
}

TEST_F(MarketSessionTest, PatternsStandForAllThatFit) {
  EXPECT_THAT(subscribe("trade", "ETH-*"), HasSubstr(R"("symbol":"ETH-EUR")"));
  EXPECT_EQ(session->stream_count(), 2u);
  subscribe("trade", "*");  // what is there already is left alone
  EXPECT_EQ(session->stream_count(), 3u);
  EXPECT_THAT(subscribe("trade", "XRP-*"), HasSubstr(R"("symbol":"XRP-*","code":2003)"));
}

TEST_F(MarketSessionTest, AnUnknownSymbolFailsAloneAndByName) {
  const std::string reply = ask(
      R"({"op":"subscribe","id":"x","subs":[{"channel":"mbo","symbols":["ETH-USF","BTC-USD"]}]})");
  EXPECT_THAT(reply, HasSubstr(R"("id":"x")"));
  EXPECT_THAT(reply, HasSubstr(R"("symbol":"BTC-USD")"));
  EXPECT_THAT(reply, HasSubstr(R"("symbol":"ETH-USF","code":2003,"name":"unknown_symbol",)"
                               R"("msg":"unknown symbol","retryable":false,)"
                               R"("did_you_mean":["ETH-USD")"));
  EXPECT_EQ(session->stream_count(), 1u);
}

TEST_F(MarketSessionTest, AnUnknownChannelFailsAlone) {
  const std::string reply =
      ask(R"({"op":"subscribe","subs":[{"channel":"nbbo","symbols":["ETH-USD"]},)"
          R"({"channel":"mbo","symbols":["ETH-USD"]}]})");
  EXPECT_THAT(reply, HasSubstr(R"("channel":"nbbo","symbol":"ETH-USD","code":2001)"));
  EXPECT_EQ(session->stream_count(), 1u);
}

TEST_F(MarketSessionTest, DepthAndConflationAreRefusedByName) {
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"depth":10)"), HasSubstr(R"("code":2007)"));
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"conflate_ms":50)"), HasSubstr(R"("code":2008)"));
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"depth":0,"conflate_ms":0,"on_slow":"catchup")"),
              HasSubstr(R"("stream":16777217)"));
}

TEST_F(MarketSessionTest, SubscribingTwiceIsRefused) {
  subscribe("mbo", "ETH-USD");
  EXPECT_THAT(subscribe("mbo", "ETH-USD"), HasSubstr(R"("code":2005,"name":"already_subscribed")"));
  EXPECT_THAT(
      ask(R"({"op":"subscribe","subs":[{"channel":"trade","symbols":["BTC-USD","BTC-USD"]}]})"),
      HasSubstr(R"("code":2005)"));
}

TEST_F(MarketSessionTest, StreamsOfAConnectionAreLimited) {
  exchange.options.limits.streams_per_connection_count = 2;
  EXPECT_THAT(subscribe("mbo", "*"), HasSubstr(R"("code":2004,"name":"too_many_streams")"));
  EXPECT_EQ(session->stream_count(), 2u);
}

TEST_F(MarketSessionTest, SymbolsOfAnOpAreLimited) {
  exchange.options.limits.symbols_per_op_count = 1;
  EXPECT_THAT(ask(R"({"op":"subscribe","id":3,"subs":[{"channel":"mbo","symbols":["A","B"]}]})"),
              HasSubstr(R"({"op":"error","id":3,"code":2004)"));
}

TEST_F(MarketSessionTest, ReplaysOfAConnectionAreLimited) {
  exchange.options.limits.replays_per_connection_count = 0;
  EXPECT_THAT(subscribe("mbo", "ETH-USD", start_at(1)),
              HasSubstr(R"("code":4004,"name":"too_many_replays")"));
  EXPECT_EQ(session->stream_count(), 0u);
}

TEST_F(MarketSessionTest, UnsubscribeTellsTheLastSequenceAndEndsTheFrames) {
  subscribe("mbo", "ETH-USD");
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  EXPECT_THAT(
      ask(R"({"op":"unsubscribe","id":4,"streams":[16777217,99]})"),
      HasSubstr(R"("instrument_id":1,"last_seq":"5"}],"rejected":[{"symbol":"99","code":2006)"));
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  EXPECT_EQ(session->stream_count(), 0u);
  EXPECT_THAT(ask(R"({"op":"unsubscribe","subs":[{"channel":"mbo","symbols":["ETH-USD"]}]})"),
              HasSubstr(R"("code":2006,"name":"not_subscribed")"));
}

TEST_F(MarketSessionTest, SubscriptionsListsWhatThereIs) {
  subscribe("mbo", "ETH-USD");
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  EXPECT_THAT(
      ask(R"({"op":"subscriptions","id":5})"),
      HasSubstr(R"({"op":"subscriptions","id":5,"head_seq":"5","streams":[{"stream":16777217,)"
                R"("channel":"mbo","symbol":"ETH-USD","instrument_id":1,"state":"live",)"
                R"("on_slow":"catchup","last_seq":"5"}]})"));
}

TEST_F(MarketSessionTest, PingIsAnsweredWithItsTime) {
  EXPECT_THAT(ask(R"({"op":"ping","id":6,"t":"123"})"),
              HasSubstr(R"({"op":"pong","id":6,"t":"123","ts_recv":")"));
  EXPECT_THAT(ask(R"({"op":"ping","t":123})"), HasSubstr(R"("t":123)"));
}

TEST_F(MarketSessionTest, LimitsCanBeAsked) {
  EXPECT_THAT(ask(R"({"op":"limits"})"), HasSubstr(R"({"op":"limits","limits":{"streams":4096)"));
}

TEST_F(MarketSessionTest, MistakesHaveCodesAndTheSessionLivesOn) {
  const std::pair<std::string_view, int> mistakes[] = {
      {"{", 1001},
      {"", 1001},
      {"[1]", 1001},
      {"{\"op\":\"ping\"} x", 1001},
      {"{\"op\":\"\xff\"}", 1001},
      {R"({"op":"dance"})", 1002},
      {R"({"id":1})", 1003},
      {R"({"op":7})", 1004},
      {R"({"op":"ping","id":[1]})", 1004},
      {R"({"op":"subscribe"})", 1003},
      {R"({"op":"subscribe","subs":{}})", 1004},
      {R"({"op":"subscribe","subs":[7]})", 1004},
      {R"({"op":"subscribe","subs":[{"symbols":["A"]}]})", 1003},
      {R"({"op":"subscribe","subs":[{"channel":"mbo"}]})", 1003},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":"A"}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[1]}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"start":5}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"start":"now"}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"start":{}}]})", 1003},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"start":{"seq":-1}}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"start":{"seq":"1x"}}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"snapshot":1}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"on_slow":"die"}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"end":9}]})", 1004},
      {R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":[],"end":{}}]})", 1003},
      {R"({"op":"subscribe","subs":[{"channel":"bar","symbols":[],"interval_ms":"1m"}]})", 1004},
      {R"({"op":"set"})", 1003},
      {R"({"op":"snapshot"})", 1003},
      {R"({"op":"snapshot","stream":"x"})", 1004},
      {R"({"op":"snapshot","stream":16777217})", 2006},
      {R"({"op":"check","stream":99999999999})", 1004},
      {R"({"op":"replay","stream":16777217,"from_seq":1})", 1003},
      {R"({"op":"replay","stream":16777217,"from_seq":1,"to_seq":2})", 2006},
      {R"({"op":"unsubscribe"})", 1003},
      {R"({"op":"unsubscribe","streams":["a"]})", 1004},
  };
  for (const auto& [json, code] : mistakes) {
    const std::string reply = ask(json);
    EXPECT_THAT(reply, HasSubstr(R"({"op":"error",)")) << json;
    EXPECT_THAT(reply, HasSubstr("\"code\":" + std::to_string(code))) << json;
    EXPECT_THAT(reply, HasSubstr("\"hint\":")) << json;
    exchange.now = TimeNs{exchange.now.value() + 1'000'000'000};
  }
  EXPECT_THAT(ask(R"({"op":"ping","unknown":{"deep":[1,2]}})"), HasSubstr("pong"));
}

TEST_F(MarketSessionTest, TheIdOfAMistakenRequestIsEchoed) {
  EXPECT_THAT(ask(R"({"op":"dance","id":"a\"b"})"), HasSubstr(R"("id":"a\"b","code":1002)"));
}

TEST_F(MarketSessionTest, SequencesAreTakenAsNumbersAndAsText) {
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"start":{"seq":2})"), HasSubstr(R"("from_seq":"2")"));
  EXPECT_THAT(subscribe("mbo", "BTC-USD", R"(,"start":{"seq":18446744073709551615})"),
              HasSubstr(R"("code":4002)"));
}

TEST_F(MarketSessionTest, BinaryMessagesAreRefusedAndTheSessionLivesOn) {
  session->on_binary(std::as_bytes(std::span("TICK", 4)), out);
  read();
  EXPECT_THAT(client.texts.back(), HasSubstr(R"("code":1004,"name":"bad_type")"));
  EXPECT_THAT(ask(R"({"op":"ping"})"), HasSubstr("pong"));
}

TEST_F(MarketSessionTest, MessagesThatAreTooLongAreRefused) {
  exchange.options.limits.inbound_message_bytes = 100;
  EXPECT_THAT(ask(R"({"op":"ping","x":")" + std::string(100, 'a') + "\"}"),
              HasSubstr(R"("code":1005)"));
}

TEST_F(MarketSessionTest, TheRateOfControlMessagesIsLimited) {
  pump();
  for (int i = 0; i < 50; ++i) EXPECT_THAT(ask(R"({"op":"ping"})"), HasSubstr("pong"));
  const std::string reply = ask(R"({"op":"ping"})");
  EXPECT_THAT(reply, HasSubstr(R"("code":6001,"name":"control_rate")"));
  EXPECT_THAT(reply, HasSubstr(R"("retryable":true,"retry_after_ms":)"));
  exchange.now = TimeNs{exchange.now.value() + 100'000'000};
  pump();
  EXPECT_THAT(ask(R"({"op":"ping"})"), HasSubstr("pong"));
  EXPECT_THAT(ask(R"({"op":"ping"})"), HasSubstr("pong"));
  EXPECT_THAT(ask(R"({"op":"ping"})"), HasSubstr("6001"));
}

TEST_F(MarketSessionTest, ASessionThatNeverSubscribesAsksToBeClosed) {
  session->on_timer(exchange.now, out);
  exchange.now = TimeNs{exchange.now.value() + 10'100'000'000};
  session->on_timer(exchange.now, out);
  ASSERT_TRUE(out.close_requested());
  EXPECT_EQ(out.close_requested()->code, 1008);
  read();
}

}  // namespace
}  // namespace bourse
