// Bars and statistics: what they say is what the trades of the log come to, wherever one begins.
#include <gmock/gmock.h>

#include <map>
#include <random>
#include <thread>

#include "feed/market/history_reader.h"         // HistoryReader
#include "feed/market/stream_shape.h"           // stream_of
#include "tests/feed/market_session_fixture.h"  // MarketSessionFixture

namespace bourse {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000;

class BarStreams : public MarketSessionFixture {
 protected:
  BarStreams() { at_second(0); }

  // Moves the clock to so many seconds after a full day.
  void at_second(std::int64_t seconds) {
    constexpr std::int64_t day = 86'400 * second;
    exchange.now = TimeNs{1'700'000'000 * second / day * day + day + seconds * second};
  }
  void trade(std::uint64_t quantity, std::int64_t price) {
    exchange.order(eth, Side::sell, quantity, price);
    exchange.order(eth, Side::buy, quantity, price, TimeInForce::ioc);
  }
  // Pumps until the history that bars need has been read.
  void settle() {
    for (int i = 0; i < 50; ++i) {
      exchange.now = TimeNs{exchange.now.value() + 1};
      pump();
    }
  }
  std::string bars(std::uint32_t interval_ms, std::string_view more = "") {
    return subscribe("bar", "ETH-USD",
                     R"(,"interval_ms":)" + std::to_string(interval_ms) + std::string(more));
  }
  const std::vector<wire::Bar>& bars_of(std::uint32_t interval_ms, std::uint32_t conflate_ms = 0) {
    return client.streams
        .at(*stream_of(
            {.channel = wire::Channel::bar, .conflate_ms = conflate_ms, .interval_ms = interval_ms},
            eth))
        .bars;
  }
  const std::map<std::uint16_t, wire::Stat>& stats() {
    return stream(wire::Channel::stat, eth).stats;
  }
};

TEST_F(BarStreams, ABarIsClosedByTheFirstTransactionAfterIt) {
  EXPECT_THAT(bars(1000), HasSubstr(R"("interval_ms":1000)"));
  settle();
  at_second(1);
  trade(5, 100);
  trade(3, 104);
  trade(2, 99);
  turn();
  const std::size_t before = bars_of(1000).size();
  at_second(2);
  exchange.order(btc, Side::buy, 1, 1);  // another instrument: the time of the log is one
  turn();
  ASSERT_EQ(bars_of(1000).size(), before + 1);
  const wire::Bar& bar = bars_of(1000).back();
  EXPECT_EQ(bar.flags, wire::bar_flags::closed);
  EXPECT_EQ(bar.ts_close - bar.ts_open, 1'000'000'000u);
  EXPECT_EQ(bar.open, 1'000'000'000);
  EXPECT_EQ(bar.high, 1'040'000'000);
  EXPECT_EQ(bar.low, 990'000'000);
  EXPECT_EQ(bar.close, 990'000'000);
  EXPECT_EQ(bar.volume, 1000u);
  EXPECT_EQ(bar.buy_volume, 1000u);
  EXPECT_EQ(bar.trades, 3u);
  EXPECT_EQ(bar.vwap, (5 * 1'000'000'000LL + 3 * 1'040'000'000LL + 2 * 990'000'000LL) / 10);
  EXPECT_EQ(bar.seq, exchange.head());
}

TEST_F(BarStreams, IntervalsWithoutTradesAreEmptyBars) {
  bars(1000);
  settle();
  at_second(1);
  trade(5, 100);
  at_second(2);
  exchange.order(btc, Side::buy, 1, 1);
  at_second(3);
  exchange.order(btc, Side::buy, 1, 1);
  at_second(9);  // six seconds of silence
  exchange.order(btc, Side::buy, 1, 1);
  turn();
  const std::vector<wire::Bar>& bars = bars_of(1000);
  ASSERT_GE(bars.size(), 4u);
  const wire::Bar& last = bars[bars.size() - 1];
  const wire::Bar& one = bars[bars.size() - 2];
  const wire::Bar& before = bars[bars.size() - 3];
  EXPECT_EQ(before.flags, wire::bar_flags::closed | wire::bar_flags::empty);
  EXPECT_EQ(one.flags, wire::bar_flags::closed | wire::bar_flags::empty);
  EXPECT_EQ(one.close, wire::price_none);
  EXPECT_EQ(one.ts_close - one.ts_open, 1'000'000'000u);
  EXPECT_EQ(last.ts_open, one.ts_close);
  EXPECT_EQ(last.ts_close - last.ts_open, 5'000'000'000u);
}

TEST_F(BarStreams, WhoComesInTheMiddleOfABarGetsAllOfIt) {
  at_second(60);
  trade(5, 100);
  at_second(90);
  trade(5, 110);
  turn();
  bars(60'000);
  settle();
  ASSERT_EQ(bars_of(60'000).size(), 1u);
  EXPECT_EQ(bars_of(60'000)[0].flags, wire::bar_flags::snapshot);
  EXPECT_EQ(bars_of(60'000)[0].volume, 1000u);
  EXPECT_EQ(bars_of(60'000)[0].open, 1'000'000'000);
  at_second(119);
  trade(1, 90);
  at_second(120);
  exchange.order(btc, Side::buy, 1, 1);
  turn();
  ASSERT_EQ(bars_of(60'000).size(), 2u);
  EXPECT_EQ(bars_of(60'000)[1].volume, 1100u);
  EXPECT_EQ(bars_of(60'000)[1].low, 900'000'000);
}

TEST_F(BarStreams, TheRunningBarIsToldAsOftenAsAskedFor) {
  bars(60'000, R"(,"conflate_ms":1000)");
  settle();
  for (int i = 0; i < 30; ++i) {
    at_second(60 + i / 10);
    trade(1, 100 + i);
    turn();
  }
  const std::vector<wire::Bar>& told = bars_of(60'000, 1000);
  ASSERT_GE(told.size(), 4u);
  EXPECT_LE(told.size(), 8u);
  EXPECT_EQ(told.back().flags & wire::bar_flags::closed, 0);
  at_second(120);
  trade(1, 100);
  turn();
  std::size_t closed = 0;
  for (const wire::Bar& bar : bars_of(60'000, 1000)) {
    if ((bar.flags & wire::bar_flags::closed) == 0 || bar.trades == 0) continue;
    ++closed;
    EXPECT_EQ(bar.volume, 3000u);
  }
  EXPECT_EQ(closed, 1u);
}

TEST_F(BarStreams, BarsOfThePastAreThoseThatWereToldLive) {
  bars(1000);
  bars(5000);
  settle();
  const std::uint64_t from = exchange.head() + 1;
  std::mt19937_64 random{11};
  for (int i = 1; i < 300; ++i) {
    exchange.now = TimeNs{exchange.now.value() + static_cast<std::int64_t>(random() % second)};
    trade(1 + random() % 9, 90 + static_cast<std::int64_t>(random() % 20));
    if (i % 7 == 0) turn();
  }
  turn();
  const std::vector<wire::Bar> live = bars_of(1000);
  const std::vector<wire::Bar> live5 = bars_of(5000);
  for (const std::uint64_t start : {from, from + 200}) {
    ask(R"({"op":"unsubscribe","subs":[{"channel":"bar","symbols":["*"],"interval_ms":1000},)"
        R"({"channel":"bar","symbols":["*"],"interval_ms":5000}]})");
    bars(1000, start_at(start));
    bars(5000, start_at(start));
    settle();
    for (const auto& [interval, wanted] : {std::pair(1000u, live), std::pair(5000u, live5)}) {
      std::vector<wire::Bar> had = bars_of(interval);
      std::erase_if(had, [](const wire::Bar& bar) { return (bar.flags & 1) == 0; });
      std::vector<wire::Bar> due = wanted;
      std::erase_if(due, [start](const wire::Bar& bar) {
        return bar.seq < start || (bar.flags & wire::bar_flags::closed) == 0;
      });
      ASSERT_EQ(had.size(), due.size()) << interval << " from " << start;
      EXPECT_EQ(std::memcmp(had.data(), due.data(), due.size() * sizeof(wire::Bar)), 0);
    }
  }
}

TEST_F(BarStreams, AStreamThatWasReplayedGoesOnLive) {
  at_second(10);
  trade(5, 100);
  turn();
  bars(1000, start_at(1));
  settle();
  at_second(11);
  trade(7, 101);
  at_second(12);
  trade(1, 100);
  turn();
  EXPECT_EQ(bars_of(1000).back().volume, 700u);
}

TEST_F(BarStreams, StatisticsAreOfTheDayAndOfTheLast24Hours) {
  at_second(80'000);
  trade(5, 100);
  at_second(86'000);
  trade(5, 90);
  at_second(86'400 + 100);
  trade(2, 120);
  trade(2, 110);
  turn();
  subscribe("stat", "ETH-USD");
  settle();
  ASSERT_EQ(stats().size(), 16u);
  EXPECT_EQ(stats().at(1).price, 1'200'000'000);
  EXPECT_EQ(stats().at(4).price, 1'100'000'000);
  EXPECT_EQ(stats().at(5).price, 1'200'000'000);
  EXPECT_EQ(stats().at(6).quantity, 400);
  EXPECT_EQ(stats().at(6).price, wire::price_none);
  EXPECT_EQ(stats().at(11).price, 1'100'000'000);
  EXPECT_EQ(stats().at(12).price, -100'000'000);
  EXPECT_EQ(stats().at(100).quantity, 2);
  EXPECT_EQ(stats().at(1001).price, 1'000'000'000);
  EXPECT_EQ(stats().at(1004).price, 900'000'000);
  EXPECT_EQ(stats().at(1006).quantity, 1400);
  EXPECT_EQ(stats().at(1101).price, (10 * 95 + 4 * 115) * 10'000'000LL * 100 / 100'000'000);
  at_second(86'400 + 80'100);  // the first trade is older than 24 hours now
  exchange.order(btc, Side::buy, 1, 1);
  turn();
  exchange.now = TimeNs{exchange.now.value() + 2 * second};
  turn();
  EXPECT_EQ(stats().at(1006).quantity, 900);
  EXPECT_EQ(stats().at(1001).price, 900'000'000);
  EXPECT_EQ(stats().at(6).quantity, 400);
  at_second(2 * 86'400 + 1);
  trade(1, 100);
  turn();
  exchange.now = TimeNs{exchange.now.value() + 2 * second};
  turn();
  EXPECT_EQ(stats().at(6).quantity, 100);
}

TEST_F(BarStreams, HistoryIsReadOnceForAllWhoWait) {
  at_second(10);
  trade(5, 100);
  turn();
  MarketSession other(*exchange.hub, *exchange.log, exchange.options, SessionInfo{});
  Outbox other_out;
  ModelClient second_client;
  other.on_open(other_out);
  other.on_text(R"({"op":"subscribe","subs":[{"channel":"bar","symbols":["*"]}]})", other_out);
  subscribe("bar", "*");
  settle();
  other.pump(other_out, exchange.now);
  second_client.receive(other_out, all);
  EXPECT_EQ(second_client.fault(), "");
  EXPECT_EQ(second_client.streams.size(), 3u);
  const std::uint32_t id = wire::stream_id(wire::Channel::bar, eth);
  ASSERT_EQ(second_client.streams.at(id).bars.size(), 1u);
  EXPECT_EQ(second_client.streams.at(id).bars[0].volume, 500u);
  EXPECT_EQ(client.streams.at(id).bars.at(0).volume, 500u);
}

TEST_F(BarStreams, ALongPastIsReadBesideTheHubWhichGoesOnMeanwhile) {
  at_second(10);
  constexpr std::uint64_t trades = 3 * HistoryReader::transactions_per_step;
  for (std::uint64_t i = 0; i < trades; ++i) {
    trade(1, 100);
    if (i % 1000 == 0) exchange.turn();
  }
  turn();
  subscribe("stat", "ETH-USD");
  subscribe("mbo", "ETH-USD");
  trade(7, 200);
  turn();
  // The others are served whether or not it has been read by now.
  EXPECT_EQ(stream(wire::Channel::mbo, eth).at, exchange.head());
  while (exchange.hub->is_reading_history()) {
    std::this_thread::yield();
    exchange.now = TimeNs{exchange.now.value() + 1};
    pump();
  }
  settle();
  ASSERT_EQ(stats().size(), 16u);
  EXPECT_EQ(stats().at(100).quantity, static_cast<std::int64_t>(trades) + 1);
  EXPECT_EQ(stats().at(6).quantity, (static_cast<std::int64_t>(trades) + 7) * 100);
  EXPECT_EQ(stats().at(5).price, 2'000'000'000);
}

TEST_F(BarStreams, WhoLeavesWhileHisPastIsBeingReadLeavesNothingBehind) {
  at_second(10);
  for (std::uint64_t i = 0; i < HistoryReader::transactions_per_step; ++i) {
    trade(1, 100);
    if (i % 1000 == 0) exchange.turn();
  }
  turn();
  for (int i = 0; i < 5; ++i) {
    client = ModelClient{};
    subscribe("stat", "ETH-USD");
    exchange.now = TimeNs{exchange.now.value() + 1};
    pump();
    connect();
    EXPECT_FALSE(exchange.hub->is_reading_history());
  }
  client = ModelClient{};
  subscribe("stat", "ETH-USD");
  while (exchange.hub->is_reading_history()) {
    std::this_thread::yield();
    exchange.now = TimeNs{exchange.now.value() + 1};
    pump();
  }
  settle();
  EXPECT_EQ(stats().at(100).quantity,
            static_cast<std::int64_t>(HistoryReader::transactions_per_step));
}

}  // namespace
}  // namespace bourse
