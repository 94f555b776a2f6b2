// What /v1/md tells of phases, auctions and trades that are taken back.
#include "tests/feed/market_session_fixture.h"  // MarketSessionFixture

namespace bourse {
namespace {

using ::testing::HasSubstr;

class AuctionStreams : public MarketSessionFixture {
 protected:
  void set_phase(Phase phase) {
    Command command = TestMarket::blank(CommandType::set_phase);
    command.symbol = eth;
    command.phase.phase = phase;
    exchange.submit(command);
  }
  void tell_indicative_prices() {
    Command command = TestMarket::blank(CommandType::set_rules);
    command.symbol = eth;
    command.rules.indicative_ns = 1;
    exchange.submit(command);
  }
  void clock() { exchange.submit(TestMarket::blank(CommandType::clock)); }
  void bust(MatchId match_id, std::uint64_t quantity, std::int64_t price) {
    Command command = TestMarket::blank(CommandType::bust_trade);
    command.symbol = eth;
    command.bust.match_id = match_id;
    command.bust.price = PriceTicks{price};
    command.bust.quantity = QuantityLots{quantity};
    exchange.submit(command);
  }
};

TEST_F(AuctionStreams, AnAuctionTellsItsIndicativePriceOnAChannelOfItsOwn) {
  subscribe("imbalance", "ETH-USD");
  tell_indicative_prices();
  set_phase(Phase::opening_auction);
  exchange.order(eth, Side::buy, 10, 101);
  exchange.order(eth, Side::sell, 4, 100);
  clock();
  turn();
  ASSERT_EQ(client.imbalances.size(), 1u);
  const wire::Imbalance& told = client.imbalances[0];
  EXPECT_EQ(told.instrument_id, eth.value());
  EXPECT_EQ(told.clear_price, 100 * 10'000'000) << "100 and 101 match as much; the lower is told";
  EXPECT_EQ(told.paired_qty, 400u);
  EXPECT_EQ(told.imbalance_qty, 600u);
  EXPECT_EQ(told.side, 'B');
  EXPECT_EQ(told.auction_type, 'O');
  EXPECT_EQ(told.auction_status, 1);
  EXPECT_EQ(told.ref_price, wire::price_none);

  set_phase(Phase::halted);
  set_phase(Phase::closing_auction);
  exchange.order(eth, Side::sell, 20, 100);
  clock();
  turn();
  ASSERT_EQ(client.imbalances.size(), 2u);
  EXPECT_EQ(client.imbalances[1].auction_type, 'C');
  EXPECT_EQ(client.imbalances[1].side, 'A');
}

TEST_F(AuctionStreams, AnIndicativePriceNamesItsReferenceItsCollarsAndItsEnd) {
  subscribe("imbalance", "ETH-USD");
  Command rules = TestMarket::blank(CommandType::set_rules);
  rules.symbol = eth;
  rules.rules.indicative_ns = 1;
  rules.rules.reference_price = PriceTicks{103};
  rules.rules.static_band = TickDelta{5};
  exchange.submit(rules);
  exchange.order(eth, Side::buy, 1, 101);
  exchange.order(eth, Side::sell, 1, 101);  // the last trade
  Command phase = TestMarket::blank(CommandType::set_phase);
  phase.symbol = eth;
  phase.phase.phase = Phase::opening_auction;
  phase.phase.next_phase = Phase::continuous;
  phase.phase.change_at = TimeNs{std::int64_t{1} << 61};
  exchange.submit(phase);
  exchange.order(eth, Side::buy, 10, 102);
  exchange.order(eth, Side::sell, 4, 102);
  clock();
  turn();
  ASSERT_EQ(client.imbalances.size(), 1u);
  const wire::Imbalance& told = client.imbalances[0];
  EXPECT_EQ(told.ts_auction, std::uint64_t{1} << 61);
  EXPECT_EQ(told.ref_price, 101 * 10'000'000);
  EXPECT_EQ(told.upper_collar, 108 * 10'000'000);
  EXPECT_EQ(told.lower_collar, 98 * 10'000'000);
  EXPECT_EQ(told.auction_status, 1);
}

TEST_F(AuctionStreams, WhereNothingWouldMatchThereIsNoPrice) {
  subscribe("imbalance", "ETH-USD");
  tell_indicative_prices();
  set_phase(Phase::volatility_auction);
  const OrderId order = exchange.order(eth, Side::buy, 10, 101);
  exchange.order(eth, Side::sell, 4, 100);
  clock();
  exchange.cancel(order);
  clock();
  turn();
  ASSERT_EQ(client.imbalances.size(), 2u);
  EXPECT_EQ(client.imbalances[1].auction_type, 'V');
  EXPECT_EQ(client.imbalances[1].auction_status, 0);
  EXPECT_EQ(client.imbalances[1].clear_price, wire::price_none);
  EXPECT_EQ(client.imbalances[1].paired_qty, 0u);
}

TEST_F(AuctionStreams, IndicativePricesOfThePastAreReplayed) {
  tell_indicative_prices();
  set_phase(Phase::opening_auction);
  exchange.order(eth, Side::buy, 10, 101);
  exchange.order(eth, Side::sell, 4, 100);
  clock();
  turn();
  subscribe("imbalance", "ETH-USD", R"(,"start":"earliest")");
  EXPECT_EQ(client.imbalances.size(), 1u);
  EXPECT_EQ(client.replay_frames, 1u);
}

TEST_F(AuctionStreams, ATradeThatIsTakenBackIsACorrectionOnTheTradeChannel) {
  subscribe("trade", "ETH-USD");
  subscribe("mbo", "ETH-USD", R"(,"snapshot":true)");
  exchange.order(eth, Side::buy, 10, 100);
  exchange.order(eth, Side::sell, 4, 100, TimeInForce::ioc);
  bust(MatchId{1}, 4, 100);
  bust(MatchId{1}, 4, 100);  // refused: told to nobody
  turn();
  ASSERT_EQ(client.trades.size(), 2u);
  const wire::Trade& correction = client.trades[1];
  EXPECT_EQ(correction.kind, 'V');
  EXPECT_EQ(correction.match_id, client.trades[0].match_id);
  EXPECT_EQ(correction.price, client.trades[0].price);
  EXPECT_EQ(correction.size, client.trades[0].size);
  EXPECT_EQ(correction.side, 'N');
  EXPECT_EQ(correction.maker_order_id, 0u);
  EXPECT_GT(correction.rpt_seq, client.trades[0].rpt_seq);
}

TEST_F(AuctionStreams, EveryPhaseIsToldAsAStatus) {
  subscribe("status", "ETH-USD");
  constexpr Phase phases[] = {Phase::pre_open, Phase::opening_auction,    Phase::continuous,
                              Phase::halted,   Phase::volatility_auction, Phase::closing_auction,
                              Phase::closed};
  for (const Phase phase : phases) set_phase(phase);
  Command delist = TestMarket::blank(CommandType::delist_instrument);
  delist.symbol = eth;
  exchange.submit(delist);
  turn();
  std::vector<int> actions;
  std::string trading;
  for (const wire::Status& status : client.statuses) {
    actions.push_back(status.action);
    trading += static_cast<char>(status.is_trading);
  }
  EXPECT_EQ(actions, (std::vector<int>{1, 2, 7, 8, 9, 11, 12, 15}));
  EXPECT_EQ(trading, "NNYNNNNN");
}

TEST_F(AuctionStreams, AChangedDefinitionComesAgainWithAHeartbeat) {
  subscribe("trade", "ETH-USD");
  Command change = TestMarket::blank(CommandType::change_instrument);
  change.symbol = eth;
  change.instrument = *exchange.engine.instrument(eth);
  change.instrument.quantity_max = QuantityLots{500};
  const std::uint64_t before = client.definitions.at(eth.value()).max_qty;
  exchange.submit(change);
  turn();
  for (int i = 0; i < 3; ++i) {
    exchange.now = TimeNs{exchange.now.value() + 1'100'000'000};
    session->on_timer(exchange.now, out);
    read();
  }
  EXPECT_NE(client.definitions.at(eth.value()).max_qty, before);
  EXPECT_EQ(client.definitions.at(eth.value()).max_qty, 50'000u);
}

TEST_F(AuctionStreams, TheDefinitionTellsTheStatusOfNow) {
  subscribe("trade", "ETH-USD");
  EXPECT_EQ(client.definitions.at(eth.value()).status, 7);
  set_phase(Phase::halted);
  turn();
  client.reconnect();
  connect();
  subscribe("trade", "ETH-USD");
  EXPECT_EQ(client.definitions.at(eth.value()).status, 8);
}

}  // namespace
}  // namespace bourse
