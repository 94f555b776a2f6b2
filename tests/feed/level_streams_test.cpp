// Levels, the ten best of both sides, sampled best prices, checks of the book: live, conflated, and
// from the log.
#include "feed/market/level_changes.h"

#include <random>
#include <set>

#include "feed/market/stream_shape.h"           // stream_of
#include "feed/market/wire_events.h"            // check_event
#include "tests/feed/market_session_fixture.h"  // MarketSessionFixture

namespace bourse {
namespace {

using ::testing::HasSubstr;

class LevelStreams : public MarketSessionFixture {
 protected:
  const ModelStream& stream_of_shape(const StreamShape& shape) {
    return client.streams.at(*stream_of(shape, eth));
  }
  const ModelStream& levels(std::uint16_t depth, std::uint32_t conflate_ms = 0) {
    return stream_of_shape(
        {.channel = wire::Channel::level, .depth = depth, .conflate_ms = conflate_ms});
  }
  void expect_levels(const ModelStream& stream) {
    const DepthBook& book = *exchange.hub->state().book(eth);
    EXPECT_EQ(stream.bids, levels_of(book, Side::buy, stream.depth));
    EXPECT_EQ(stream.asks, levels_of(book, Side::sell, stream.depth));
  }
  void later(std::int64_t ms) { exchange.now = TimeNs{exchange.now.value() + ms * 1'000'000}; }
  void trade_at_random(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const bool buys = random() % 2 == 0;
      const auto price = static_cast<std::int64_t>(random() % 30) + (buys ? 80 : 95);
      const OrderId id =
          exchange.order(eth, buys ? Side::buy : Side::sell, 1 + random() % 30, price);
      if (random() % 3 == 0) exchange.cancel(id);
    }
  }

  std::mt19937_64 random{7};
};

TEST_F(LevelStreams, ALevelIsTheSumOfItsOrders) {
  exchange.order(eth, Side::buy, 5, 100);
  turn();
  EXPECT_THAT(subscribe("level", "ETH-USD", R"(,"snapshot":true)"),
              HasSubstr(R"("stream":33554433)"));
  exchange.order(eth, Side::buy, 7, 100);
  exchange.order(eth, Side::sell, 3, 101);
  turn();
  EXPECT_EQ(levels(0).bids.at(1'000'000'000), (std::pair<std::uint64_t, std::uint32_t>(1200, 2)));
  EXPECT_EQ(levels(0).asks.at(1'010'000'000), (std::pair<std::uint64_t, std::uint32_t>(300, 1)));
  exchange.order(eth, Side::sell, 12, 100, TimeInForce::ioc);
  turn();
  EXPECT_TRUE(levels(0).bids.empty());
  EXPECT_EQ(levels(0).seqs.size(), 3u);
}

TEST_F(LevelStreams, ALevelThatLeavesTheWindowIsDeletedAndOneThatComesBackIsNew) {
  for (int price = 100; price > 94; --price) exchange.order(eth, Side::buy, 1, price);
  turn();
  subscribe("level", "ETH-USD", R"(,"depth":5,"snapshot":true)");
  EXPECT_EQ(levels(5).bids.size(), 5u);
  EXPECT_FALSE(levels(5).bids.contains(950'000'000));
  const OrderId best = exchange.order(eth, Side::buy, 1, 101);
  turn();
  EXPECT_FALSE(levels(5).bids.contains(960'000'000));  // the sixth
  exchange.cancel(best);
  turn();
  EXPECT_TRUE(levels(5).bids.contains(960'000'000));
  expect_levels(levels(5));
  const std::size_t events = levels(5).seqs.size();
  exchange.order(eth, Side::buy, 9, 90);  // below the window
  turn();
  EXPECT_EQ(levels(5).seqs.size(), events);
}

TEST_F(LevelStreams, EveryDepthIsTheBookWhateverHappens) {
  for (const char* more : {R"(,"snapshot":true)", R"(,"depth":1,"snapshot":true)",
                           R"(,"depth":5,"snapshot":true)", R"(,"depth":10,"snapshot":true)"}) {
    subscribe("level", "ETH-USD", more);
  }
  for (int round = 0; round < 60; ++round) {
    trade_at_random(20);
    turn();
    for (const int depth : {0, 1, 5, 10}) expect_levels(levels(static_cast<std::uint16_t>(depth)));
  }
}

TEST_F(LevelStreams, LevelsOfThePastAreReplayedAndBecomeLive) {
  trade_at_random(100);
  turn();
  const std::uint64_t from = exchange.head() / 2;
  subscribe("level", "ETH-USD", R"(,"depth":5,"snapshot":true)" + start_at(from));
  subscribe("level", "ETH-USD", R"(,"snapshot":true)" + start_at(from));
  expect_levels(levels(5));
  expect_levels(levels(0));
  EXPECT_GT(client.replay_frames, 0u);
  trade_at_random(50);
  turn();
  expect_levels(levels(5));
  expect_levels(levels(0));
}

TEST_F(LevelStreams, AConflatedStreamTellsTheNewestStateOncePerInterval) {
  subscribe("level", "ETH-USD", R"(,"conflate_ms":50,"snapshot":true)");
  subscribe("level", "ETH-USD", R"(,"depth":5,"conflate_ms":100,"snapshot":true)");
  for (int round = 0; round < 100; ++round) {
    trade_at_random(5);
    later(1);
    turn();
  }
  later(200);
  turn();
  expect_levels(levels(0, 50));
  expect_levels(levels(5, 100));
  EXPECT_LE(levels(0, 50).conflated.size(), 5u);
  EXPECT_GE(levels(0, 50).conflated.size(), 2u);
  EXPECT_LE(levels(5, 100).conflated.size(), 3u);
}

TEST_F(LevelStreams, WhatIsHeldBackComesWithoutFurtherEvents) {
  subscribe("level", "ETH-USD", R"(,"conflate_ms":100,"snapshot":true)");
  exchange.order(eth, Side::buy, 5, 100);
  turn();
  exchange.order(eth, Side::buy, 5, 99);
  turn();
  EXPECT_EQ(levels(0, 100).bids.size(), 1u);
  EXPECT_LE(exchange.hub->next_due().value(), exchange.now.value() + 100'000'000);
  later(100);
  turn();
  EXPECT_EQ(levels(0, 100).bids.size(), 2u);
  EXPECT_EQ(exchange.hub->next_due(), DerivedStreams::never);
}

TEST_F(LevelStreams, WhoJoinsAConflatedStreamBetweenTwoFramesKnowsTheSame) {
  subscribe("level", "ETH-USD", R"(,"conflate_ms":100,"snapshot":true)");
  const OrderId id = exchange.order(eth, Side::buy, 5, 100);
  turn();
  exchange.order(eth, Side::buy, 5, 98);
  turn();
  // Another one joins while the level at 98 is held back.
  MarketSession other(*exchange.hub, *exchange.log, exchange.options, SessionInfo{});
  Outbox other_out;
  ModelClient second;
  other.on_open(other_out);
  other.on_text(R"({"op":"subscribe","subs":[{"channel":"level","symbols":["ETH-USD"],)"
                R"("conflate_ms":100,"snapshot":true}]})",
                other_out);
  other.pump(other_out, exchange.now);
  exchange.cancel(id);
  exchange.order(eth, Side::buy, 1, 97);
  later(200);
  turn();
  other.pump(other_out, exchange.now);
  second.receive(other_out, all);
  EXPECT_EQ(second.fault(), "");
  expect_levels(second.streams.begin()->second);
  expect_levels(levels(0, 100));
}

TEST_F(LevelStreams, Depth10IsBothSidesAfterEachTransactionThatChangesThem) {
  exchange.order(eth, Side::buy, 5, 100);
  turn();
  subscribe("depth10", "ETH-USD", R"(,"snapshot":true)");
  const std::uint32_t id = wire::stream_id(wire::Channel::depth10, eth);
  ASSERT_EQ(client.streams.at(id).depths.size(), 1u);
  for (int price = 110; price < 122; ++price) exchange.order(eth, Side::sell, 2, price);
  turn();
  const std::vector<wire::Depth10>& depths = client.streams.at(id).depths;
  ASSERT_EQ(depths.size(), 11u);  // the last two were too far away
  EXPECT_EQ(depths.back().levels[0].bid_px, 1'000'000'000);
  EXPECT_EQ(depths.back().levels[1].bid_px, wire::price_none);
  EXPECT_EQ(depths.back().levels[9].ask_px, 1'190'000'000);
  EXPECT_EQ(depths.back().levels[9].ask_sz, 200u);
}

TEST_F(LevelStreams, SampledBestPricesTellTheNewest) {
  subscribe("bbo", "ETH-USD", R"(,"conflate_ms":1000,"snapshot":true)");
  for (int i = 0; i < 20; ++i) {
    exchange.order(eth, Side::buy, 1, 100 + i);
    later(10);
    turn();
  }
  later(1000);
  turn();
  EXPECT_EQ(stream_of_shape({.channel = wire::Channel::bbo, .conflate_ms = 1000}).conflated.size(),
            2u);
  EXPECT_EQ(client.bests.at(1).bid_px, 1'190'000'000);
}

TEST_F(LevelStreams, AConflatedStreamIsReplayedByTheTimeOfTheLog) {
  for (int i = 0; i < 50; ++i) {
    trade_at_random(3);
    later(10);
  }
  turn();
  subscribe("level", "ETH-USD", R"(,"conflate_ms":100,"snapshot":true)" + start_at(5));
  const std::set<std::uint64_t> moments(levels(0, 100).seqs.begin(), levels(0, 100).seqs.end());
  EXPECT_GE(moments.size(), 4u);
  EXPECT_LE(moments.size(), 8u);
  expect_levels(levels(0, 100));
  trade_at_random(3);
  later(200);
  turn();
  expect_levels(levels(0, 100));
}

TEST_F(LevelStreams, ACheckIsWhatTheReaderComputesHimself) {
  subscribe("check", "ETH-USD", R"(,"every":10)");
  const std::uint32_t id = *stream_of({.channel = wire::Channel::check, .every = 10}, eth);
  for (int i = 0; i < 35; ++i) exchange.order(eth, Side::buy, 5, 100 - i % 3);
  turn();
  const std::vector<wire::BookCheck>& checks = client.streams.at(id).checks;
  ASSERT_EQ(checks.size(), 3u);
  EXPECT_EQ(checks[2].rpt_seq, 30u);
  EXPECT_EQ(checks[2].bid_levels, 3u);
  EXPECT_EQ(checks[2].ask_levels, 0u);
  const DepthBook& book = *exchange.hub->state().book(eth);
  const wire::BookCheck now = check_event(*exchange.hub->instruments().instrument(eth), book, 1);
  EXPECT_EQ(now.book_hash, book.book_hash());
  EXPECT_NE(now.crc32c_top10, checks[2].crc32c_top10);
  EXPECT_THAT(ask(R"({"op":"check","stream":)" + std::to_string(id) + "}"),
              HasSubstr(R"("crc32c_top10":)" + std::to_string(now.crc32c_top10)));
}

// The numbers of docs/PROTOCOL.md, "BookCheck".
TEST_F(LevelStreams, TheCheckOfTheDocumentIsThatOfTheHouse) {
  Instrument instrument{};
  instrument.id = SymbolId{1};
  instrument.body.tick_size_e9 = 10'000'000;
  instrument.body.lot_size = 100;
  DepthBook book(instrument.body.tick_size_e9, instrument.body.lot_size);
  book.restore({OrderId{5}, PriceTicks{100}, QuantityLots{5}, Side::buy});
  const wire::BookCheck check = check_event(instrument, book, 1);
  EXPECT_EQ(check.book_hash, 14337679968339681641u);
  EXPECT_EQ(check.crc32c_top10, 1202498779u);
}

TEST_F(LevelStreams, ParametersThatAreNotOfferedAreRefusedWithTheOnesThatAre) {
  EXPECT_THAT(subscribe("level", "ETH-USD", R"(,"depth":7)"), HasSubstr("0, 1, 5, 10, 20"));
  EXPECT_THAT(subscribe("level", "ETH-USD", R"(,"conflate_ms":7)"), HasSubstr("0, 10, 50, 100"));
  EXPECT_THAT(subscribe("check", "ETH-USD", R"(,"every":7)"), HasSubstr(R"("code":2010)"));
  EXPECT_THAT(subscribe("bar", "ETH-USD", R"(,"interval_ms":7)"), HasSubstr(R"("code":2010)"));
  EXPECT_THAT(subscribe("mbo", "ETH-USD", R"(,"on_slow":"conflate")"), HasSubstr(R"("code":2008)"));
}

TEST_F(LevelStreams, NobodyPaysForWhatNobodyWants) {
  const std::uint64_t head = exchange.hub->frames().head();
  trade_at_random(50);
  turn();
  EXPECT_EQ(exchange.hub->frames().head(), head);
  subscribe("level", "ETH-USD", R"(,"depth":5)");
  trade_at_random(5);
  turn();
  EXPECT_GT(exchange.hub->frames().head(), head);
  ask(R"({"op":"unsubscribe","subs":[{"channel":"level","symbols":["*"],"depth":5}]})");
  EXPECT_EQ(session->stream_count(), 0u);
  const std::uint64_t quiet = exchange.hub->frames().head();
  trade_at_random(50);
  turn();
  EXPECT_EQ(exchange.hub->frames().head(), quiet);
}

}  // namespace
}  // namespace bourse
