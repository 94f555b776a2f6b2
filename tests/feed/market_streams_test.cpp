// What a session on /v1/md sends: live, snapshots, replay, slow readers.
#include "replay/snapshot/restore.h"            // restore
#include "replay/snapshot/snapshotter.h"        // save_snapshot
#include "tests/feed/market_session_fixture.h"  // MarketSessionFixture

namespace bourse {
namespace {

using ::testing::HasSubstr;

class MarketStreams : public MarketSessionFixture {};

TEST_F(MarketStreams, LiveFramesFollowTheSequenceThatSubscribedTells) {
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  const std::string reply = subscribe("mbo", "ETH-USD");
  EXPECT_THAT(reply, HasSubstr(R"({"op":"subscribed","id":1,"streams":[{"stream":16777217,)"
                               R"("channel":"mbo","symbol":"ETH-USD","instrument_id":1,)"
                               R"("from_seq":"6","live_seq":"5"}]})"));
  EXPECT_EQ(client.frames_count, 1u);  // the definition
  exchange.order(btc, Side::buy, 10, 100);
  exchange.order(eth, Side::buy, 20, 99);
  turn();
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs, (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(stream(wire::Channel::mbo, eth).at, 7u);
}

TEST_F(MarketStreams, ASnapshotIsTheBookInPriorityOrderAndTheNextFrameFollowsIt) {
  exchange.order(eth, Side::buy, 10, 100);
  const OrderId second = exchange.order(eth, Side::buy, 20, 101);
  exchange.order(eth, Side::buy, 30, 100);
  exchange.order(eth, Side::sell, 40, 105);
  turn();
  subscribe("mbo", "ETH-USD", R"(,"snapshot":true)");
  EXPECT_EQ(client.snapshot_frames, 1u);
  ModelBook& book = client.books.at(eth.value());
  ASSERT_EQ(book.bids.size(), 2u);
  EXPECT_EQ(book.bids.rbegin()->first, 101 * 10'000'000);
  EXPECT_EQ(book.bids.rbegin()->second.front().id, second.value());
  EXPECT_EQ(book.bids.begin()->second.front().size, 1000u);
  EXPECT_EQ(book.bids.begin()->second.back().size, 3000u);
  EXPECT_EQ(book.asks.begin()->first, 105 * 10'000'000);
  EXPECT_EQ(stream(wire::Channel::mbo, eth).at, exchange.head());

  exchange.order(btc, Side::buy, 1, 1);  // the snapshot's sequence is the connection's, not ETH's
  exchange.cancel(second);
  turn();
  EXPECT_EQ(book.bids.size(), 1u);
}

TEST_F(MarketStreams, TradesTellTheAggressor) {
  subscribe("trade", "ETH-USD");
  const OrderId maker = exchange.order(eth, Side::buy, 10, 100);
  const OrderId taker = exchange.order(eth, Side::sell, 4, 100, TimeInForce::ioc);
  turn();
  ASSERT_EQ(client.trades.size(), 1u);
  const wire::Trade& trade = client.trades[0];
  EXPECT_EQ(trade.side, 'A');
  EXPECT_EQ(trade.kind, 'B');
  EXPECT_EQ(trade.price, 1'000'000'000);
  EXPECT_EQ(trade.size, 400u);
  EXPECT_EQ(trade.maker_order_id, maker.value());
  EXPECT_EQ(trade.taker_order_id, taker.value());
  EXPECT_EQ(trade.match_id, 1u);
}

TEST_F(MarketStreams, BestPricesComeOncePerTransactionThatChangesThem) {
  subscribe("bbo", "ETH-USD", R"(,"snapshot":true)");
  EXPECT_EQ(client.bests.at(1).bid_px, wire::price_none);
  exchange.order(eth, Side::buy, 10, 100);
  exchange.order(eth, Side::buy, 10, 99);  // behind the best: nothing changes
  exchange.order(eth, Side::sell, 10, 101);
  turn();
  EXPECT_EQ(stream(wire::Channel::bbo, eth).seqs.size(), 2u);
  EXPECT_EQ(client.bests.at(1).bid_px, 1'000'000'000);
  EXPECT_EQ(client.bests.at(1).ask_px, 1'010'000'000);
  EXPECT_EQ(client.bests.at(1).bid_ct, 1u);
}

TEST_F(MarketStreams, AStartInThePastIsReplayedAndBecomesLive) {
  const OrderId order = exchange.order(eth, Side::buy, 10, 100);
  exchange.order(eth, Side::sell, 4, 100, TimeInForce::ioc);
  turn();
  subscribe("mbo", "ETH-USD", start_at(1));
  EXPECT_EQ(client.replay_frames, 1u);
  EXPECT_EQ(client.notices[wire::SystemCode::replay_completed], 1);
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs, (std::vector<std::uint64_t>{2, 5, 6}));
  EXPECT_TRUE(session->is_live());
  exchange.cancel(order);
  turn();
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs, (std::vector<std::uint64_t>{2, 5, 6, 7}));
  EXPECT_EQ(client.replay_frames, 1u);
  EXPECT_TRUE(client.books.at(1).bids.empty());
}

TEST_F(MarketStreams, ASnapshotAtAStartIsTheBookBeforeIt) {
  const OrderId order = exchange.order(eth, Side::buy, 10, 100);
  exchange.order(eth, Side::buy, 20, 99);
  exchange.cancel(order);
  turn();
  subscribe("mbo", "ETH-USD", start_at(7) + R"(,"snapshot":true)");
  EXPECT_EQ(client.snapshot_frames, 1u);
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs, (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(client.books.at(1).bids.size(), 1u);
}

TEST_F(MarketStreams, BestPricesAreReplayedAsTheyWere) {
  exchange.order(eth, Side::buy, 10, 100);
  exchange.order(eth, Side::buy, 20, 99);
  exchange.order(eth, Side::buy, 5, 101);
  turn();
  subscribe("bbo", "ETH-USD", start_at(6));
  EXPECT_EQ(stream(wire::Channel::bbo, eth).seqs, (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(client.bests.at(1).bid_px, 1'010'000'000);
}

// From any sequence the same, with a snapshot of the state on the way and without one.
TEST_F(MarketStreams, AStartInThePastBeginsAtTheNearestSnapshotOfTheState) {
  for (int i = 0; i < 20; ++i) {
    exchange.order(eth, i % 2 == 0 ? Side::buy : Side::sell, 10, i % 2 == 0 ? 90 + i : 200 - i);
  }
  turn();
  const std::uint64_t kept = exchange.head();
  const auto state = restore(*exchange.log);
  ASSERT_TRUE(state) << state.error().text();
  ASSERT_TRUE(save_snapshot(*exchange.log, *state, TimeNs{1}));
  for (int i = 0; i < 10; ++i) exchange.order(eth, Side::buy, 5, 80 + i);
  turn();
  for (const std::uint64_t from : {std::uint64_t{6}, kept, kept + 1, kept + 2, exchange.head()}) {
    client = ModelClient{};
    connect();
    subscribe("mbo", "ETH-USD", R"(,"snapshot":true)" + start_at(from));
    EXPECT_EQ(client.fault(), "") << "from " << from;
    EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs.size(), exchange.head() + 1 - from);
    std::size_t resting = 0;
    for (const auto& [price, orders] : client.books.at(1).bids) resting += orders.size();
    for (const auto& [price, orders] : client.books.at(1).asks) resting += orders.size();
    EXPECT_EQ(resting, 30U) << "from " << from;
  }
}

TEST_F(MarketStreams, EarliestStartsAtTheBeginningOfTheLog) {
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  EXPECT_THAT(subscribe("mbo", "*", R"(,"start":"earliest")"), HasSubstr(R"("from_seq":"1")"));
  EXPECT_EQ(stream(wire::Channel::mbo, btc).seqs, (std::vector<std::uint64_t>{3}));
}

TEST_F(MarketStreams, AStartByTimeBeginsWithTheFirstTransactionNotOlder) {
  const TimeNs before = exchange.now;
  exchange.order(eth, Side::buy, 10, 100);
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  const std::string start = R"(,"start":{"ts":")" + std::to_string(before.value() + 1001) + "\"}";
  EXPECT_THAT(subscribe("mbo", "ETH-USD", start), HasSubstr(R"("from_seq":"6")"));
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs, (std::vector<std::uint64_t>{6}));
}

TEST_F(MarketStreams, AStartOneBeyondTheHeadIsLive) {
  EXPECT_THAT(subscribe("mbo", "ETH-USD", start_at(5)), HasSubstr(R"("from_seq":"5")"));
  EXPECT_EQ(client.notices[wire::SystemCode::replay_completed], 0);
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs, (std::vector<std::uint64_t>{5}));
}

TEST_F(MarketStreams, AStreamCanBeSubscribedAgainWhereItEnded) {
  subscribe("mbo", "ETH-USD", R"(,"snapshot":true)");
  exchange.order(eth, Side::buy, 10, 100);
  turn();
  ask(R"({"op":"unsubscribe","subs":[{"channel":"mbo","symbols":["*"]}]})");
  exchange.order(eth, Side::buy, 20, 100);
  turn();
  subscribe("mbo", "ETH-USD", start_at(6));
  EXPECT_EQ(client.books.at(1).bids.begin()->second.size(), 2u);
}

TEST_F(MarketStreams, HeartbeatsTellThePositionsOfIdleStreams) {
  subscribe("mbo", "ETH-USD");
  subscribe("mbo", "BTC-USD");
  session->on_timer(exchange.now, out);
  exchange.order(btc, Side::buy, 10, 100);
  turn();
  exchange.now = TimeNs{exchange.now.value() + 1'000'000'000};
  session->on_timer(exchange.now, out);
  read();
  EXPECT_EQ(client.notices[wire::SystemCode::heartbeat], 1);
  EXPECT_EQ(client.heartbeat_seq, 5u);
  EXPECT_EQ(client.heartbeat_positions, (std::map<std::uint32_t, std::uint64_t>{{16777217, 4}}));
  exchange.now = TimeNs{exchange.now.value() + 1'000'000'000};
  session->on_timer(exchange.now, out);
  read();
  EXPECT_EQ(client.heartbeat_positions.size(), 2u);
}

TEST_F(MarketStreams, TheDefinitionPrecedesTheFirstTickAndComesOnce) {
  subscribe("mbo", "ETH-USD");
  const std::size_t frames = client.frames_count;
  EXPECT_EQ(frames, 1u);
  subscribe("trade", "ETH-USD");
  EXPECT_EQ(client.frames_count, frames);
}

TEST_F(MarketStreams, ATransactionLargerThanAFrameComesInParts) {
  subscribe("mbo", "ETH-USD", R"(,"snapshot":true)");
  subscribe("trade", "ETH-USD");
  for (int i = 0; i < 2500; ++i) exchange.order(eth, Side::sell, 1, 100 + i % 7);
  turn();
  exchange.order(eth, Side::buy, 2400, 200);
  turn();
  EXPECT_EQ(client.trades.size(), 2400u);
  EXPECT_EQ(client.partial_frames, 2u + 2u);
  std::size_t left = 0;
  for (const auto& [price, orders] : client.books.at(1).asks) left += orders.size();
  EXPECT_EQ(left, 100u);
}

TEST_F(MarketStreams, ALargeBookComesInChunksWhileTheMarketGoesOn) {
  for (int i = 0; i < 3000; ++i) exchange.order(eth, Side::sell, 1, 100 + i % 50);
  turn();
  session->on_text(
      R"({"op":"subscribe","subs":[{"channel":"mbo","symbols":["*"],"snapshot":true}]})", out);
  session->pump(out, exchange.now);
  EXPECT_LT(out.size(), 2 * wire::frame_bytes_max);
  exchange.order(eth, Side::buy, 7, 100);
  exchange.turn();  // the snapshot is still being sent
  pump();
  EXPECT_GE(client.snapshot_frames, 5u);
  EXPECT_EQ(client.replay_frames, 1u);
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs.size(), 7u);
  exchange.order(eth, Side::buy, 3, 100);
  turn();
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs.size(), 10u);
}

TEST_F(MarketStreams, ASlowReaderIsToldFallsBackIntoTheLogAndLosesNothing) {
  subscribe("mbo", "ETH-USD", R"(,"snapshot":true)");
  subscribe("bbo", "ETH-USD", R"(,"snapshot":true)");
  for (int i = 0; i < 4000; ++i) {
    const OrderId id = exchange.order(eth, Side::buy, 5, 100 + i % 10);
    if (i % 3 != 0) exchange.cancel(id);
    exchange.turn();
    session->pump(out, exchange.now);  // and nobody reads
  }
  EXPECT_LT(out.size(), 2 * exchange.options.limits.outbox_high_bytes);
  pump();
  EXPECT_TRUE(session->is_live());
  EXPECT_GT(client.replay_frames, 10u);
  EXPECT_EQ(client.notices[wire::SystemCode::slow_reader], 1);
  EXPECT_EQ(client.notices[wire::SystemCode::caught_up], 1);
  EXPECT_EQ(stream(wire::Channel::mbo, eth).seqs.size(), 4000u + 4000u * 2 / 3);
  EXPECT_EQ(client.conflated_frames, 1u);
  EXPECT_EQ(client.bests.at(1).bid_ct, exchange.hub->state().book(eth)->best().bid_orders);
}

}  // namespace
}  // namespace bourse
