// What a session on /v1/replay answers and plays, one rule at a time. Time is the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "feed/history/replay_session.h"  // ReplaySession
#include "tests/feed/model_client.h"      // ModelClient
#include "tests/feed/small_exchange.h"    // SmallExchange

namespace bourse {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t microsecond = 1000;  // between two commands of a SmallExchange

// The steady clock of all sessions of this file.
std::int64_t steady_ns = 0;

struct Viewer {
  Viewer(SmallExchange& exchange, ReplayGroups& groups, std::string_view query)
      : session({.log = *exchange.log,
                 .options = exchange.options,
                 .known = exchange.hub->instruments(),
                 .groups = groups,
                 .steady = [] { return steady_ns; }},
                SessionInfo{.id = SessionId{7},
                            .name = "s-7",
                            .nonce = "bm9uY2U=",
                            .subprotocol = {},
                            .peer = "test"},
                query) {
    session.on_open(out);
    await("\"op\":\"hello\"");
  }

  void pump() {
    for (int i = 0; i < 10000; ++i) {
      const bool is_more_due = session.pump(out, TimeNs{steady_ns});
      if (out.empty() && !is_more_due) return;
      client.receive(out, ~std::size_t{0});
    }
  }
  // A place is looked for by a thread: this is the only thing that is waited for. It may have been
  // found while the answer to the last question was taken.
  bool await(std::string_view text) {
    for (int i = 0; i < 20'000 && !out.close_requested(); ++i) {
      pump();
      for (std::size_t at = asked_; at < client.texts.size(); ++at) {
        if (client.texts[at].find(text) != std::string::npos) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    client.receive(out, ~std::size_t{0});
    return false;
  }
  std::string ask(std::string_view json) {
    const std::size_t before = asked_ = client.texts.size();
    session.on_text(json, out);
    client.receive(out, ~std::size_t{0});
    pump();
    return client.texts.size() > before ? client.texts[before] : "";
  }
  std::string subscribe(std::string_view channel = "mbo", std::string_view symbol = "ETH-USD",
                        std::string_view more = R"(,"snapshot":true)") {
    return ask(R"({"op":"subscribe","subs":[{"channel":")" + std::string(channel) +
               R"(","symbols":[")" + std::string(symbol) + "\"]" + std::string(more) + "}]}");
  }
  const std::vector<std::uint64_t>& seqs(wire::Channel channel, SymbolId symbol) {
    return client.streams[wire::stream_id(channel, symbol)].seqs;
  }
  std::string last(std::string_view op) const {
    for (auto text = client.texts.rbegin(); text != client.texts.rend(); ++text) {
      if (text->find("\"op\":\"" + std::string(op) + '"') != std::string::npos) return *text;
    }
    return "";
  }
  std::string digest() const {
    const std::string end = last("end_of_replay");
    const std::size_t at = end.find("\"digest\":\"");
    return at == std::string::npos ? "" : end.substr(at + 10, 64);
  }

  Outbox out;
  ReplaySession session;
  ModelClient client;
  std::size_t asked_ = 0;  // the texts there were before the last question
};

class ReplaySessionTest : public ::testing::Test {
 protected:
  ReplaySessionTest() {
    steady_ns = 1'000'000'000;
    eth = exchange.define("ETH-USD");
    btc = exchange.define("BTC-USD");
    trade();
  }

  // Sequences 4 to 13 of ETH-USD and 14 to 18 of BTC-USD, one microsecond apart.
  void trade() {
    for (int i = 0; i < 8; ++i) exchange.order(eth, Side::buy, 10, 1000 + i);
    exchange.order(eth, Side::sell, 25, 1004);
    exchange.order(eth, Side::sell, 5, 1100);
    for (int i = 0; i < 5; ++i) exchange.order(btc, Side::buy, 10, 2000 + i);
    exchange.turn();
  }
  Viewer view(std::string_view query) { return Viewer(exchange, groups, query); }

  SmallExchange exchange;
  ReplayGroups groups{4};
  SymbolId eth;
  SymbolId btc;
};

TEST_F(ReplaySessionTest, HelloIsThatOfTheMarketAtTheStart) {
  Viewer viewer = view("from_seq=9&to_seq=12&speed=2.5");
  ASSERT_EQ(viewer.client.texts.size(), 2u);
  EXPECT_THAT(viewer.client.texts[0],
              HasSubstr(R"("journal":{"earliest_seq":"1","head_seq":"8"})"));
  EXPECT_THAT(viewer.client.texts[1],
              HasSubstr(R"({"op":"replay_state","state":"waiting","seq":"8")"));
  EXPECT_THAT(viewer.client.texts[1],
              HasSubstr(R"("speed":"2.5","from_seq":"9","to_seq":"12","members":1})"));
}

TEST_F(ReplaySessionTest, PlaysWhatTheClockAllowsAndNothingBefore) {
  Viewer viewer = view("from_seq=8&speed=10");
  steady_ns += 1'000'000'000;
  viewer.pump();
  EXPECT_THAT(viewer.subscribe(), HasSubstr(R"("from_seq":"8")"));
  EXPECT_THAT(viewer.seqs(wire::Channel::mbo, eth), ::testing::ElementsAre(8));
  EXPECT_EQ(viewer.session.due_ns(), steady_ns + microsecond / 10);
  steady_ns += microsecond / 10;
  viewer.pump();
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 9u);
  steady_ns += microsecond / 5;
  viewer.pump();
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 11u);
  EXPECT_EQ(viewer.client.fault(), "");
}

TEST_F(ReplaySessionTest, EventsAreThoseOfTheLiveFeed) {
  Viewer viewer = view("speed=max&paused=1");
  viewer.subscribe("mbo", "ETH-USD", "");
  viewer.ask(R"({"op":"subscribe","subs":[{"channel":"trade","symbols":["*"]}]})");
  viewer.ask(R"({"op":"resume"})");
  const ModelBook& book = viewer.client.books[eth.value()];
  ASSERT_FALSE(viewer.client.trades.empty());
  EXPECT_EQ(viewer.client.trades[0].seq, 12u);
  EXPECT_EQ(book.rpt, exchange.hub->state().book(eth)->last_rpt().value());
  EXPECT_EQ(viewer.client.fault(), "");
}

TEST_F(ReplaySessionTest, ASymbolThatIsDefinedLaterCanBeSubscribedToAtTheBeginning) {
  Viewer viewer = view("speed=max");
  EXPECT_THAT(viewer.subscribe("mbo", "BTC-USD"), HasSubstr(R"("symbol":"BTC-USD")"));
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, btc).back(), 18u);
  EXPECT_EQ(viewer.client.fault(), "");
}

TEST_F(ReplaySessionTest, TheEndTellsCountsAndADigestThatDoesNotDependOnThePace) {
  Viewer fast = view("from_seq=6&to_seq=15&speed=max");
  fast.subscribe();
  EXPECT_EQ(fast.client.notices[wire::SystemCode::end_of_replay], 1);
  EXPECT_THAT(fast.last("end_of_replay"), HasSubstr(R"("from_seq":"6","to_seq":"15")"));
  EXPECT_THAT(fast.last("end_of_replay"), HasSubstr(R"("transactions":"10")"));
  EXPECT_EQ(fast.out.close_requested()->code, 1000);

  Viewer slow = view("from_seq=6&to_seq=15&speed=0.1&tick_ms=0");
  slow.subscribe();
  for (int i = 0; i < 200 && slow.digest().empty(); ++i) {
    steady_ns += microsecond;
    slow.pump();
  }
  Viewer stepped = view("from_seq=6&to_seq=15&paused=1&stay=1");
  stepped.subscribe();
  for (int i = 0; i < 10; ++i) stepped.ask(R"({"op":"step","transactions":1})");

  EXPECT_EQ(fast.digest().size(), 64u);
  EXPECT_EQ(slow.digest(), fast.digest());
  EXPECT_EQ(stepped.digest(), fast.digest());
  EXPECT_FALSE(stepped.out.close_requested());

  Viewer other = view("from_seq=6&to_seq=14&speed=max");
  other.subscribe("mbo", "*");
  EXPECT_NE(other.digest(), fast.digest());
}

TEST_F(ReplaySessionTest, APauseIsExactAndAResumeGoesOn) {
  Viewer viewer = view("from_seq=4&speed=1");
  viewer.subscribe();
  steady_ns += 3 * microsecond;
  viewer.pump();
  EXPECT_THAT(viewer.ask(R"({"op":"pause","id":"p"})"),
              HasSubstr(R"("op":"replay_state","id":"p","state":"paused","seq":"7")"));
  steady_ns += 1'000'000'000;
  viewer.pump();
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 7u);
  viewer.ask(R"({"op":"resume"})");
  steady_ns += microsecond;
  viewer.pump();
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 8u);
  viewer.ask(R"({"op":"speed","speed":"max"})");
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 13u);
  EXPECT_NE(viewer.digest(), "");
}

TEST_F(ReplaySessionTest, StepsCountTransactionsEventsAndTradesOfWhatIsSubscribed) {
  Viewer viewer = view("from_seq=4&paused=1");
  viewer.subscribe();
  EXPECT_TRUE(viewer.seqs(wire::Channel::mbo, eth).empty());
  viewer.ask(R"({"op":"step","id":1,"transactions":2})");
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 5u);
  EXPECT_THAT(viewer.last("replay_state"), HasSubstr(R"("state":"paused","seq":"5")"));
  viewer.ask(R"({"op":"step","events":3})");
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 8u);
  viewer.ask(R"({"op":"step","trades":1})");
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 12u);
  EXPECT_EQ(viewer.client.fault(), "");
}

TEST_F(ReplaySessionTest, ASeekBeginsAgainWithASnapshotInBothDirections) {
  Viewer viewer = view("paused=1&stay=1");
  viewer.subscribe();
  EXPECT_THAT(viewer.ask(R"({"op":"seek","id":9,"seq":"12"})"),
              HasSubstr(R"("id":9,"state":"seeking","seq":"11")"));
  ASSERT_TRUE(viewer.await(R"("state":"paused","seq":"11")"));
  EXPECT_EQ(viewer.client.books[eth.value()].bids.size(), 8u);
  viewer.ask(R"({"op":"step","transactions":1})");
  EXPECT_EQ(viewer.client.books[eth.value()].bids.size(), 6u);
  viewer.ask(R"({"op":"seek","seq":6})");
  ASSERT_TRUE(viewer.await(R"("state":"paused","seq":"5")"));
  EXPECT_EQ(viewer.client.books[eth.value()].bids.size(), 2u);
  viewer.ask(R"({"op":"seek","ts":")" + std::to_string(exchange.now.value()) + "\"}");
  ASSERT_TRUE(viewer.await(R"("state":"paused","seq":"17")"));
  viewer.ask(R"({"op":"seek","session":1})");
  ASSERT_TRUE(viewer.await(R"("state":"paused","seq":"0")"));
  EXPECT_EQ(viewer.client.fault(), "");
}

TEST_F(ReplaySessionTest, QuietMarketsTickAndIdleTimesAreCut) {
  exchange.now = TimeNs{exchange.now.value() + 3'500'000'000};
  exchange.order(eth, Side::buy, 1, 900);  // sequence 19
  exchange.turn();
  Viewer viewer = view("from_seq=18&speed=1");
  viewer.subscribe();
  for (int i = 0; i < 3; ++i) {
    steady_ns += 1'000'000'000;
    viewer.pump();
  }
  EXPECT_EQ(viewer.client.notices[wire::SystemCode::clock_tick], 3);
  EXPECT_TRUE(viewer.seqs(wire::Channel::mbo, eth).empty());
  steady_ns += 600'000'000;
  viewer.pump();
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), 19u);

  Viewer cut = view("from_seq=18&speed=1&max_gap_ms=100&tick_ms=0");
  cut.subscribe();
  EXPECT_EQ(cut.session.due_ns(), steady_ns + 100'000'000);
  steady_ns += 100'000'000;
  cut.pump();
  EXPECT_EQ(cut.seqs(wire::Channel::mbo, eth).back(), 19u);
  EXPECT_EQ(cut.digest(), viewer.digest());
}

TEST_F(ReplaySessionTest, ConnectionsOfOneKeyKeepInStep) {
  Viewer one = view("key=desk&from_seq=4&speed=1&paused=1&stay=1");
  Viewer other = view("key=desk");
  one.subscribe();
  other.subscribe("trade", "ETH-USD", "");
  other.ask(R"({"op":"resume"})");
  one.pump();
  EXPECT_THAT(one.last("replay_state"), HasSubstr(R"("state":"playing")"));
  EXPECT_THAT(one.last("replay_state"), HasSubstr(R"("members":2)"));
  for (int i = 0; i < 8; ++i) {
    steady_ns += microsecond;
    one.pump();
    other.pump();
  }
  EXPECT_EQ(one.seqs(wire::Channel::mbo, eth).back(), 12u);
  EXPECT_EQ(other.seqs(wire::Channel::trade, eth).back(), 12u);
  EXPECT_THAT(one.ask(R"({"op":"seek","seq":4})"), HasSubstr(R"("state":"seeking","seq":"3")"));
  EXPECT_TRUE(other.await(R"("state":"playing","seq":"3")"));
  if (one.last("replay_state").find("seeking") != std::string::npos) {
    EXPECT_TRUE(one.await(R"("state":"playing")"));
  }
  steady_ns += microsecond;
  one.pump();
  other.pump();
  EXPECT_THAT(one.last("replay_state"), HasSubstr(R"("state":"playing")"));
}

TEST_F(ReplaySessionTest, AFullReaderStopsTheClockAndLosesNothing) {
  for (int i = 0; i < 400; ++i) exchange.order(eth, Side::buy, 1, 100 + i);
  exchange.turn();
  Viewer viewer = view("from_seq=4&speed=1000&tick_ms=0");
  viewer.session.on_text(R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":["*"]}]})",
                         viewer.out);
  for (int i = 0; i < 10; ++i) {
    steady_ns += 1'000'000'000;
    if (viewer.out.size() < exchange.options.limits.outbox_low_bytes)
      viewer.session.pump(viewer.out, TimeNs{steady_ns});
  }
  viewer.pump();
  steady_ns += 1'000'000'000;
  viewer.pump();
  EXPECT_EQ(viewer.seqs(wire::Channel::mbo, eth).back(), exchange.head());
  EXPECT_EQ(viewer.client.notices[wire::SystemCode::end_of_replay], 1);
  EXPECT_EQ(viewer.client.fault(), "");
}

TEST_F(ReplaySessionTest, WhatCannotBeOpenedIsToldWithTheRangeThatExists) {
  const auto refusal = [&](std::string_view query) {
    Viewer viewer = view(query);
    EXPECT_TRUE(viewer.out.close_requested()) << query;
    EXPECT_EQ(viewer.client.texts.size(), 1u) << query;
    return viewer.client.texts.empty() ? "" : viewer.client.texts[0];
  };
  EXPECT_THAT(refusal("from_seq=99"), HasSubstr(R"("code":4002)"));
  EXPECT_THAT(refusal("from_seq=99"), HasSubstr("beyond the range, which is 1 to 18"));
  EXPECT_THAT(refusal("from_seq=0"), HasSubstr(R"("code":4001)"));
  EXPECT_THAT(refusal("from_seq=9&to_seq=8"), HasSubstr("which is 9 to 18"));
  EXPECT_THAT(refusal("from_ts=2200-01-01"), HasSubstr(R"("code":4003)"));
  EXPECT_THAT(refusal("to_ts=2001-01-01"), HasSubstr(R"("code":4003)"));
  EXPECT_THAT(refusal("session=5"), HasSubstr(R"("code":4006)"));
  EXPECT_THAT(refusal("speed=0"), HasSubstr("speed must be max, or 0.1 to 1000"));
  EXPECT_THAT(refusal("frm_seq=5"), HasSubstr(R"(unknown name \"frm_seq\")"));
  EXPECT_THAT(refusal("from_seq=%zz"), HasSubstr("escape"));
}

TEST_F(ReplaySessionTest, MoreReplaysThanTheServerHasRoomForAreRefused) {
  std::vector<std::unique_ptr<Viewer>> viewers;
  for (int i = 0; i < 4; ++i) viewers.push_back(std::make_unique<Viewer>(exchange, groups, ""));
  EXPECT_EQ(groups.count(), 4u);
  Viewer refused = view("");
  EXPECT_THAT(refused.client.texts.at(0), HasSubstr(R"("code":4004)"));
  EXPECT_EQ(groups.refused_count(), 1u);
  viewers.pop_back();
  EXPECT_EQ(groups.count(), 3u);
  EXPECT_THAT(view("").client.texts.at(0), HasSubstr("hello"));
}

TEST_F(ReplaySessionTest, MistakesInControlAreAnsweredAndHarmNothing) {
  Viewer viewer = view("paused=1");
  EXPECT_THAT(viewer.ask(R"({"op":"seek","id":1})"), HasSubstr(R"("code":1003)"));
  EXPECT_THAT(viewer.ask(R"({"op":"seek","id":1,"seq":"99"})"), HasSubstr(R"("code":4002)"));
  EXPECT_THAT(viewer.ask(R"({"op":"seek","id":1,"seq":"99"})"), HasSubstr(R"("id":1)"));
  EXPECT_THAT(viewer.ask(R"({"op":"speed","speed":0})"), HasSubstr(R"("code":1004)"));
  EXPECT_THAT(viewer.ask(R"({"op":"step","id":{}})"), HasSubstr(R"("code":1004)"));
  EXPECT_THAT(viewer.ask(R"({"op":"step","trades":0})"), HasSubstr(R"("code":1004)"));
  EXPECT_THAT(viewer.ask(R"({"op":"rewind"})"), HasSubstr(R"("code":1002)"));
  EXPECT_THAT(viewer.ask("{"), HasSubstr(R"("code":1001)"));
  EXPECT_THAT(viewer.ask(R"({"op":"replay_state"})"), HasSubstr(R"("state":"waiting")"));
  EXPECT_THAT(viewer.ask(R"({"op":"ping","t":1})"), HasSubstr(R"("op":"pong")"));
  EXPECT_FALSE(viewer.out.close_requested());
}

}  // namespace
}  // namespace bourse
