// Requests about streams that are there: set, snapshot, replay, check, stats, ranges, and what a
// slow session gets by its own wish.
#include <gmock/gmock.h>

#include <string>

#include "feed/market/stream_shape.h"           // stream_of
#include "tests/feed/market_session_fixture.h"  // MarketSessionFixture

namespace bourse {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MarketRequests : public MarketSessionFixture {
 protected:
  void trade(int count) {
    for (int i = 0; i < count; ++i) {
      exchange.order(eth, Side::sell, 2, 100);
      exchange.order(eth, Side::buy, 2, 100, TimeInForce::ioc);
    }
  }
  // So much that the frame log laps a session that does not read.
  void stall() {
    for (int i = 0; i < 3000; ++i) {
      const OrderId id = exchange.order(eth, Side::buy, 5, 90 + i % 10);
      if (i % 3 != 0) exchange.cancel(id);
      exchange.turn();
      session->pump(out, exchange.now);
      if (out.close_requested()) return;
    }
  }
  static constexpr std::uint32_t mbo_eth = 16777217;
  static constexpr std::uint32_t trade_eth = 4 << 24 | 1;
};

TEST_F(MarketRequests, SetKeepsWhatIsNamedEndsTheRestAndBeginsWhatIsNew) {
  subscribe("mbo", "ETH-USD");
  subscribe("trade", "ETH-USD");
  exchange.order(eth, Side::buy, 1, 90);
  turn();
  const std::string reply =
      ask(R"({"op":"set","id":3,"subs":[{"channel":"mbo","symbols":["ETH-USD"]},)"
          R"({"channel":"bbo","symbols":["ETH-USD","NO-SUCH"]}]})");
  EXPECT_THAT(reply, HasSubstr(R"({"op":"subscribed","id":3,"streams":[{"stream":50331649,)"));
  EXPECT_THAT(reply,
              HasSubstr(R"("kept":[16777217],"ended":[{"stream":67108865,"channel":"trade")"));
  EXPECT_THAT(reply, HasSubstr(R"("symbol":"NO-SUCH","code":2003)"));
  trade(1);
  turn();
  EXPECT_TRUE(client.trades.empty());
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs.size(), 3u);
  EXPECT_THAT(ask(R"({"op":"set","subs":[]})"), HasSubstr(R"("streams":[],"kept":[])"));
  EXPECT_EQ(session->stream_count(), 0u);
}

TEST_F(MarketRequests, SetCountsTheNewSetAlone) {
  exchange.options.limits.streams_per_connection_count = 2;
  subscribe("mbo", "ETH-USD");
  subscribe("mbo", "BTC-USD");
  EXPECT_THAT(ask(R"({"op":"set","subs":[{"channel":"trade","symbols":["ETH-USD","BTC-USD"]}]})"),
              Not(HasSubstr("rejected")));
  EXPECT_EQ(session->stream_count(), 2u);
}

TEST_F(MarketRequests, ASnapshotCanBeHadAtAnyTime) {
  subscribe("mbo", "ETH-USD");
  exchange.order(eth, Side::buy, 1, 90);
  turn();
  EXPECT_THAT(ask(R"({"op":"snapshot","id":1,"stream":16777217})"),
              HasSubstr(R"({"op":"snapshot","id":1,"stream":16777217,"channel":"mbo")"));
  EXPECT_EQ(client.snapshot_frames, 1u);
  EXPECT_EQ(client.books.at(1).bids.size(), 1u);
  exchange.order(eth, Side::buy, 1, 91);
  turn();
  EXPECT_EQ(client.books.at(1).bids.size(), 2u);
  subscribe("trade", "ETH-USD");
  EXPECT_THAT(ask(R"({"op":"snapshot","stream":67108865})"), HasSubstr(R"("code":1004)"));
}

TEST_F(MarketRequests, AGapIsFilledWithTheSameFramesOnceMore) {
  subscribe("mbo", "ETH-USD");
  trade(20);
  turn();
  const std::vector<std::uint64_t> seqs = stream(wire::Channel::mbo, eth).seqs;
  const std::uint64_t from = seqs[5];
  const std::uint64_t to = seqs[20];
  EXPECT_THAT(ask(R"({"op":"replay","id":1,"stream":16777217,"from_seq":")" + std::to_string(from) +
                  R"(","to_seq":)" + std::to_string(to) + "}"),
              HasSubstr(R"("op":"replay","id":1,"stream":16777217)"));
  pump();
  ASSERT_EQ(client.refills_done, (std::vector<std::uint32_t>{mbo_eth}));
  EXPECT_EQ(stream(wire::Channel::mbo, eth).refilled_seqs,
            (std::vector<std::uint64_t>(seqs.begin() + 5, seqs.begin() + 21)));
  trade(1);
  turn();
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs.size(), seqs.size() + 2);
}

TEST_F(MarketRequests, AGapFillIsRefusedForWhatIsStillToComeOrTooMuch) {
  subscribe("mbo", "ETH-USD");
  trade(5);
  turn();
  const auto fill = [this](std::uint64_t from, std::uint64_t to) {
    return ask(R"({"op":"replay","stream":16777217,"from_seq":)" + std::to_string(from) +
               R"(,"to_seq":)" + std::to_string(to) + "}");
  };
  EXPECT_THAT(fill(1, exchange.head() + 1), HasSubstr(R"("code":4002)"));
  EXPECT_THAT(fill(4, 3), HasSubstr(R"("code":4007)"));
  EXPECT_THAT(fill(0, 3), HasSubstr(R"("code":4007)"));
  exchange.options.limits.replay_range_count = 2;
  EXPECT_THAT(fill(1, 3), HasSubstr(R"("code":4007)"));
  exchange.options.limits.replays_per_connection_count = 0;
  EXPECT_THAT(fill(1, 2), HasSubstr(R"("code":4004)"));
}

TEST_F(MarketRequests, ARangeEndsWhereItWasAskedTo) {
  trade(20);
  turn();
  const std::uint64_t end = exchange.head() - 10;
  EXPECT_THAT(
      subscribe("mbo", "ETH-USD", start_at(5) + R"(,"end":{"seq":)" + std::to_string(end) + "}"),
      HasSubstr(R"("end_seq":")" + std::to_string(end) + "\""));
  EXPECT_EQ(client.ranges_done, (std::set<std::uint32_t>{mbo_eth}));
  EXPECT_EQ(client.notices[wire::SystemCode::end_of_interval], 1);
  EXPECT_EQ(session->stream_count(), 0u);
  // It can be had again, and live.
  EXPECT_THAT(subscribe("mbo", "ETH-USD"), Not(HasSubstr("rejected")));
}

TEST_F(MarketRequests, ARangeMustLieInThePast) {
  trade(2);
  turn();
  const std::string head = std::to_string(exchange.head() + 1);
  EXPECT_THAT(subscribe("mbo", "ETH-USD", start_at(3) + R"(,"end":{"seq":)" + head + "}"),
              HasSubstr(R"("code":4002)"));
  EXPECT_THAT(subscribe("mbo", "ETH-USD", start_at(5) + R"(,"end":{"seq":4})"),
              HasSubstr(R"("code":4003)"));
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"end":{"seq":4})"), HasSubstr(R"("code":4003)"));
}

TEST_F(MarketRequests, TheDayCanBeTheStart) {
  trade(2);
  turn();
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"start":"session")"), HasSubstr(R"("from_seq":"1")"));
  EXPECT_GT(client.replay_frames, 0u);
}

TEST_F(MarketRequests, StatsTellWhatTheSessionHasHad) {
  subscribe("mbo", "ETH-USD", R"(,"snapshot":true)");
  trade(3);
  turn();
  EXPECT_THAT(
      ask(R"({"op":"stats","id":9})"),
      HasSubstr(R"({"op":"stats","id":9,"streams":1,"head_seq":"10",)"
                R"("delivered_seq":"10","frames":"1","replay_frames":"0","snapshots":"1")"));
}

TEST_F(MarketRequests, ASlowLevelReaderGetsTheNewestLevels) {
  subscribe("level", "ETH-USD", R"(,"snapshot":true)");
  subscribe("depth10", "ETH-USD", R"(,"snapshot":true)");
  stall();
  EXPECT_LT(out.size(), 2 * exchange.options.limits.outbox_high_bytes);
  pump();
  EXPECT_EQ(client.replay_frames, 0u);
  EXPECT_GE(client.conflated_frames, 2u);
  const DepthBook& book = *exchange.hub->state().book(eth);
  EXPECT_EQ(stream(wire::Channel::level, eth).bids.size(), book.level_count(Side::buy));
  EXPECT_EQ(stream(wire::Channel::level, eth).bids.rbegin()->second.second, book.best().bid_orders);
  EXPECT_EQ(stream(wire::Channel::depth10, eth).depths.back().levels[0].bid_ct,
            book.best().bid_orders);
  EXPECT_EQ(client.notices[wire::SystemCode::caught_up], 1);
}

TEST_F(MarketRequests, ASlowReaderThatWantsToSkipIsToldTheGapAndCanFillIt) {
  subscribe("mbo", "ETH-USD", R"(,"snapshot":true,"on_slow":"skip")");
  subscribe("trade", "ETH-USD", R"(,"on_slow":"skip")");
  stall();
  trade(1);
  exchange.turn();
  pump();
  ASSERT_EQ(client.gaps.size(), 2u);
  EXPECT_EQ(client.gaps[0].reason, 1);
  EXPECT_EQ(client.gaps[0].recoverable, 1);
  EXPECT_EQ(client.replay_frames, 0u);
  EXPECT_EQ(client.snapshot_frames, 2u);  // at the beginning, and after the gap
  EXPECT_EQ(client.books.at(1).rpt, exchange.hub->state().book(eth)->last_rpt().value());
  trade(1);
  turn();
  EXPECT_EQ(client.trades.size(), 1u);
  const wire::Gap gap = client.gaps[0];
  ask(R"({"op":"replay","stream":)" + std::to_string(gap.stream_id) + R"(,"from_seq":")" +
      std::to_string(gap.from_seq) + R"(","to_seq":")" + std::to_string(gap.to_seq) + "\"}");
  pump();
  EXPECT_EQ(client.refills_done.size(), 1u);
  EXPECT_GT(client.streams.at(gap.stream_id).refilled_seqs.size(), 0u);
}

TEST_F(MarketRequests, WhoTakesNothingWhileFramesAreDueIsSlowAfterTheLag) {
  subscribe("mbo", "ETH-USD");
  trade(1);
  exchange.turn();  // and the session is not pumped: its socket is full
  session->on_timer(exchange.now, out);
  read();
  EXPECT_EQ(client.notices[wire::SystemCode::slow_reader], 0);
  exchange.now = TimeNs{exchange.now.value() + 250'000'000};
  session->on_timer(exchange.now, out);
  pump();
  EXPECT_EQ(client.notices[wire::SystemCode::slow_reader], 1);
  EXPECT_EQ(client.notices[wire::SystemCode::caught_up], 1);
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs.size(), 2u);
}

TEST_F(MarketRequests, ASlowReaderThatAskedForItIsDisconnected) {
  subscribe("mbo", "ETH-USD", R"(,"on_slow":"disconnect")");
  stall();
  ASSERT_TRUE(out.close_requested());
  EXPECT_EQ(out.close_requested()->code, 4008);
  EXPECT_THAT(out.close_requested()->reason, HasSubstr("stream 16777217"));
  read();
  EXPECT_EQ(client.notices[wire::SystemCode::slow_reader], 1);
}

}  // namespace
}  // namespace bourse
