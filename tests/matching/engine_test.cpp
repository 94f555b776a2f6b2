#include "matching/engine.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "matching/engine_image.h"       // EngineImage
#include "tests/matching/test_market.h"  // TestMarket, test_instrument

namespace bourse {
namespace {

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { market.define("BTC-USD"); }
  const PublicEvent& public_event(std::size_t i) { return market.events.public_events()[i]; }
  const ExecEvent& exec(std::size_t i) { return market.events.exec_events()[i]; }
  std::size_t public_count() { return market.events.public_events().size(); }
  std::size_t exec_count() { return market.events.exec_events().size(); }

  TestMarket market;
};

TEST_F(EngineTest, ARestingOrderIsAcceptedAndAddedAndBecomesTheBestPrice) {
  const OrderId id = market.buy(1, 10, 100);
  ASSERT_EQ(exec_count(), 1u);
  EXPECT_EQ(exec(0).type, ExecType::accepted);
  EXPECT_EQ(exec(0).leaves, QuantityLots{10});
  ASSERT_EQ(public_count(), 1u);
  EXPECT_EQ(public_event(0).kind, EventKind::add);
  EXPECT_EQ(public_event(0).order_id, id);
  EXPECT_EQ(public_event(0).flags, event_flags::last);
  EXPECT_EQ(market.engine.best(SymbolId{1}).bid, PriceTicks{100});
  EXPECT_EQ(market.engine.best(SymbolId{1}).bid_quantity, QuantityLots{10});
  EXPECT_EQ(market.engine.best(SymbolId{1}).ask, no_price);
  EXPECT_EQ(market.engine.depth_at(SymbolId{1}, Side::buy, PriceTicks{100}), QuantityLots{10});
  EXPECT_EQ(market.engine.depth_at(SymbolId{1}, Side::sell, PriceTicks{100}), QuantityLots{0});
}

TEST_F(EngineTest, AFillIsOnePublicExecuteThenTheTakersAndTheMakersReport) {
  const OrderId maker = market.sell(1, 10, 100);
  const OrderId taker = market.buy(2, 4, 101);
  ASSERT_EQ(public_count(), 1u);
  EXPECT_EQ(public_event(0).kind, EventKind::execute);
  EXPECT_EQ(public_event(0).side, Side::sell);
  EXPECT_EQ(public_event(0).order_id, maker);
  EXPECT_EQ(public_event(0).taker_order_id, taker);
  EXPECT_EQ(public_event(0).price, PriceTicks{100});
  EXPECT_EQ(public_event(0).quantity, QuantityLots{4});
  EXPECT_EQ(public_event(0).leaves, QuantityLots{6});
  EXPECT_EQ(public_event(0).aux, 1u);
  ASSERT_EQ(exec_count(), 3u);
  EXPECT_EQ(exec(0).type, ExecType::accepted);
  EXPECT_EQ(exec(1).account, AccountId{2});
  EXPECT_EQ(exec(1).type, ExecType::fill);
  EXPECT_EQ(exec(1).liquidity, Liquidity::taker);
  EXPECT_EQ(exec(1).last_price, PriceTicks{100});
  EXPECT_EQ(exec(1).price, PriceTicks{101});
  EXPECT_EQ(exec(2).account, AccountId{1});
  EXPECT_EQ(exec(2).type, ExecType::partial_fill);
  EXPECT_EQ(exec(2).liquidity, Liquidity::maker);
  EXPECT_EQ(exec(2).leaves, QuantityLots{6});
  EXPECT_EQ(exec(2).exec_sequence, ExecSequence{2});
}

TEST_F(EngineTest, ReportsCarryTheNamesThatTheTraderGave) {
  Command order = market.order(1, Side::sell, 10, 100);
  ASSERT_TRUE(order.order.client_order_id.assign("my order"));
  order.client_sequence = ClientSequence{7};
  order.order.group = GroupId{3};
  market.apply(order);
  market.buy(2, 10, 100);
  EXPECT_EQ(exec(2).client_order_id.view(), "my order");
  EXPECT_EQ(exec(2).client_sequence, ClientSequence{7});
  EXPECT_EQ(exec(2).group, GroupId{3});
  EXPECT_TRUE(exec(1).client_order_id.empty());
  EXPECT_EQ(market.engine.last_client_sequence(AccountId{1}), ClientSequence{7});
}

TEST_F(EngineTest, TheNumbersOfReportsAndOfPublicEventsAreDense) {
  market.sell(1, 10, 100);
  market.sell(1, 0, 100);  // refused: a report, no public event
  market.buy(2, 10, 100);
  EXPECT_EQ(market.engine.last_exec_sequence(AccountId{1}), ExecSequence{3});
  EXPECT_EQ(market.engine.last_exec_sequence(AccountId{2}), ExecSequence{2});
  EXPECT_EQ(market.engine.last_rpt_sequence(SymbolId{1}), RptSequence{3});
}

TEST_F(EngineTest, ARedefinitionInTheSameWordsIsSilentAndInOthersRefused) {
  const std::uint64_t before = market.engine.state_hash();
  market.define("BTC-USD");
  EXPECT_EQ(exec_count() + public_count(), 0u);
  EXPECT_EQ(market.engine.symbol_count(), 1u);
  EXPECT_NE(market.engine.state_hash(), before);  // a transaction has been counted
  market.define(test_instrument("BTC-USD", 0));
  EXPECT_EQ(market.reason(), RejectReason::instrument_exists);
  EXPECT_EQ(market.define("ETH-USD"), SymbolId{2});
  EXPECT_EQ(public_event(0).kind, EventKind::definition);
  EXPECT_EQ(public_event(0).symbol, SymbolId{2});
}

TEST_F(EngineTest, IdsMayLeaveRoomForOtherEnginesButNeverGoBack) {
  const auto define_as = [&](std::string_view symbol, std::uint32_t id) {
    Command command = TestMarket::blank(CommandType::define_instrument);
    command.symbol = SymbolId{id};
    command.instrument = test_instrument(symbol);
    market.apply(command);
    return market.engine.find_symbol(symbol);
  };
  EXPECT_EQ(define_as("ETH-USD", 4), SymbolId{4});
  EXPECT_EQ(define_as("SOL-USD", 3), SymbolId{0});
  EXPECT_EQ(market.reason(), RejectReason::bad_instrument);
  EXPECT_EQ(define_as("SOL-USD", 9), SymbolId{0});
  EXPECT_EQ(market.reason(), RejectReason::book_full);
  EXPECT_EQ(market.define("SOL-USD"), SymbolId{5});
  EXPECT_EQ(market.engine.instrument(SymbolId{2}), nullptr);

  Command order = market.order(1, Side::sell, 10, 100);
  order.symbol = SymbolId{3};
  market.apply(order);
  EXPECT_EQ(market.reason(), RejectReason::unknown_instrument);
  order.symbol = SymbolId{4};
  market.apply(order);
  EXPECT_EQ(market.engine.open_orders(), 1u);
  EXPECT_TRUE(market.engine.consistent());

  EngineImage image;
  market.engine.save(image);
  Engine copy({.symbols_max = 8, .accounts_max = 16, .orders_max = 4096});
  ASSERT_EQ(copy.load(image), "");
  EXPECT_EQ(copy.state_hash(), market.engine.state_hash());
  EXPECT_EQ(copy.find_symbol("SOL-USD"), SymbolId{5});
  EXPECT_EQ(copy.instrument(SymbolId{3}), nullptr);
  EXPECT_TRUE(copy.consistent());
}

TEST_F(EngineTest, ADefinitionThatCannotBeTradedIsRefused) {
  const auto refused = [&](auto change) {
    InstrumentBody body = test_instrument("NEW");
    change(body);
    return !market.define(body) && market.reason() == RejectReason::bad_instrument;
  };
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.symbol[0] = '\0'; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.symbol[1] = ' '; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.symbol[5] = 'x'; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { std::memset(b.symbol, 'x', sizeof b.symbol); }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.tick_size_e9 = 0; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.lot_size = 0; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.quantity_min = QuantityLots{0}; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.quantity_max = QuantityLots{0}; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.price_max = b.price_min - TickDelta{1}; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.price_max = no_price; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.quantity_max = QuantityLots{1ull << 40}; }));
  EXPECT_TRUE(refused([](InstrumentBody& b) { b.lot_size = 1ull << 50; }));
  EXPECT_EQ(market.engine.symbol_count(), 1u);
}

TEST_F(EngineTest, ALogWithLargerLimitsIsRefusedAndASmallerOneIsObeyed) {
  Command epoch = TestMarket::blank(CommandType::open_epoch);
  epoch.epoch = {
      .epoch = Epoch{1}, .symbols_max = 8, .accounts_max = 16, .orders_max = 4097, .reserved_ = {}};
  EXPECT_FALSE(market.engine.fits(epoch.epoch));
  market.apply(epoch);
  EXPECT_EQ(market.reason(), RejectReason::book_full);
  EXPECT_EQ(market.engine.limits().orders_max, 4096u);

  epoch.epoch.orders_max = 2;
  EXPECT_TRUE(market.engine.fits(epoch.epoch));
  market.apply(epoch);
  EXPECT_EQ(exec_count() + public_count(), 0u);
  market.buy(1, 1, 100);
  market.buy(1, 1, 100);
  market.buy(1, 1, 100);
  EXPECT_EQ(market.reason(), RejectReason::book_full);
  EXPECT_EQ(market.engine.open_orders(), 2u);
}

TEST_F(EngineTest, AnEngineWithMoreRoomReplaysALogToTheSameEventsAndHashes) {
  TestMarket roomy({.symbols_max = 50, .accounts_max = 500, .orders_max = 9999});
  TestMarket tight({.symbols_max = 2, .accounts_max = 3, .orders_max = 4});
  Command epoch = TestMarket::blank(CommandType::open_epoch);
  epoch.epoch = {
      .epoch = Epoch{1}, .symbols_max = 2, .accounts_max = 3, .orders_max = 4, .reserved_ = {}};
  for (TestMarket* m : {&roomy, &tight}) {
    m->apply(epoch);
    m->define("A");
    m->define("B");
    m->define("C");  // one symbol too many
    for (std::uint32_t account = 1; account <= 5; ++account) m->buy(account, 1, 100);
    m->sell(3, 2, 99);
    epoch.epoch.accounts_max = 1;  // accounts 2 and 3 keep what they have
    m->apply(epoch);
    m->sell(1, 1, 99);
    EXPECT_EQ(m->events.exec_events().back().account, AccountId{3});
    EXPECT_EQ(m->events.exec_events().back().type, ExecType::fill);
    m->buy(3, 1, 1);
    EXPECT_EQ(m->reason(), RejectReason::unknown_account);
    EXPECT_EQ(m->engine.last_exec_sequence(AccountId{3}), ExecSequence{6});
    EXPECT_EQ(m->engine.last_exec_sequence(AccountId{4}), ExecSequence{0});
    epoch.epoch.accounts_max = 3;
  }
  EXPECT_EQ(roomy.engine.state_hash(), tight.engine.state_hash());
}

TEST_F(EngineTest, AMovedEngineGoesOn) {
  market.buy(1, 10, 100);
  Engine moved = std::move(market.engine);
  EXPECT_EQ(moved.open_orders(), 1u);
  EXPECT_TRUE(moved.consistent());
}

TEST_F(EngineTest, OpenOrdersAreVisitedInPriorityOrder) {
  const OrderId a = market.buy(1, 10, 100);
  const OrderId b = market.buy(2, 20, 101);
  const OrderId c = market.buy(3, 30, 100);
  const OrderId d = market.buy(4, 40, 101);
  market.apply(market.amend(2, b, 25, 101));  // more quantity: to the back
  std::vector<OrderId> seen;
  market.engine.for_each_order(SymbolId{1}, Side::buy,
                               [&](const OpenOrder& order) { seen.push_back(order.order_id); });
  EXPECT_EQ(seen, (std::vector{d, b, a, c}));
  EXPECT_EQ(market.engine.open_order(b)->leaves, QuantityLots{25});
  EXPECT_EQ(market.engine.open_order(OrderId{99}), std::nullopt);
}

TEST_F(EngineTest, TheWholeRangeOfPricesCanBeQuoted) {
  InstrumentBody wide = test_instrument("WIDE", -(std::int64_t{1} << 62), std::int64_t{1} << 62);
  wide.tick_size_e9 = 1;
  const SymbolId symbol = market.define(wide);
  ASSERT_EQ(symbol, SymbolId{2});
  for (const std::int64_t price :
       {wide.price_min.value(), wide.price_max.value() - 1, std::int64_t{0}, std::int64_t{-1}}) {
    Command order = market.order(1, Side::buy, 5, price);
    order.symbol = symbol;
    market.apply(order);
    EXPECT_EQ(market.reason(), RejectReason::none);
  }
  Command order = market.order(2, Side::sell, 20, wide.price_min.value());
  order.symbol = symbol;
  market.apply(order);
  ASSERT_EQ(public_count(), 4u);
  EXPECT_EQ(public_event(0).price, wide.price_max - TickDelta{1});
  EXPECT_EQ(public_event(1).price, PriceTicks{0});
  EXPECT_EQ(public_event(2).price, PriceTicks{-1});
  EXPECT_EQ(public_event(3).price, wide.price_min);
}

}  // namespace
}  // namespace bourse
