#include "app/exchange/demo_market.h"  // DemoMarket

#include <gtest/gtest.h>

#include <set>

#include "tests/feed/trade_world.h"  // TradeWorld

namespace bourse {
namespace {

struct Figures {
  std::set<EventKind> kinds;
  std::set<ExecType> types;
  std::set<RejectReason> reasons;
  std::uint64_t state_hash = 0;
  std::uint64_t sent = 0;
  std::uint64_t due = 0;  // by the rate, in the time that has passed
  std::size_t open_max = 0;
  bool crossed = false;
  std::uint64_t two_sided = 0;  // looks at which both symbols had both sides
};

DemoMarket make_market(TradeWorld& world, std::uint64_t seed) {
  world.run();
  return {{.seed = seed},
          world.engine(),
          world.take_other_gate(),
          std::move(*world.log().cursor(next(world.log().released_sequence())))};
}

Figures run(std::uint64_t seed, int seconds) {
  TradeWorld world;
  DemoMarket market = make_market(world, seed);
  Figures figures;
  const TimeNs start = world.now();
  for (int i = 0; i < seconds * 100; ++i) {
    for (int ms = 0; ms < 10; ++ms) world.tick();
    market.step(world.now());
    world.run();
    figures.open_max = std::max(figures.open_max, market.open_orders());
    int sides = 0;
    for (const SymbolId symbol : {SymbolId{1}, SymbolId{2}}) {
      const BestPrices best = world.engine().best(symbol);
      sides += (best.bid != no_price) + (best.ask != no_price);
      if (best.bid != no_price && best.ask != no_price && best.bid >= best.ask)
        figures.crossed = true;
    }
    figures.two_sided += sides == 4;
  }
  EXPECT_FALSE(market.failed());
  Cursor cursor = std::move(*world.log().cursor(Sequence{1}));
  while (cursor.next() == Cursor::Next::transaction) {
    const TransactionView& view = cursor.transaction();
    for (const PublicEvent& event : view.public_events()) figures.kinds.insert(event.kind);
    for (std::size_t i = 0; i < view.exec_count(); ++i) {
      figures.types.insert(view.exec_event(i).type);
      figures.reasons.insert(view.exec_event(i).reject_reason);
    }
  }
  figures.state_hash = world.engine().state_hash();
  figures.sent = market.sent_count();
  figures.due =
      static_cast<std::uint64_t>(world.now().value() - start.value()) * 200 / 1'000'000'000;
  // What the market believes to be open is what is open.
  world.run();
  for (int i = 0; i < 3; ++i) market.step(world.now());
  EXPECT_EQ(market.open_orders(), world.engine().open_orders());
  return figures;
}

TEST(DemoMarket, EverythingAnExchangeCanSayIsSaid) {
  const Figures figures = run(42, 60);
  for (const EventKind kind : {EventKind::definition, EventKind::add, EventKind::modify,
                               EventKind::cancel, EventKind::execute})
    EXPECT_TRUE(figures.kinds.contains(kind)) << static_cast<int>(kind);
  for (const ExecType type :
       {ExecType::accepted, ExecType::fill, ExecType::partial_fill, ExecType::canceled,
        ExecType::replaced, ExecType::rejected, ExecType::expired, ExecType::cancel_rejected})
    EXPECT_TRUE(figures.types.contains(type)) << static_cast<int>(type);
  EXPECT_TRUE(figures.reasons.contains(RejectReason::would_cross));
  EXPECT_TRUE(figures.reasons.contains(RejectReason::unknown_order));
  EXPECT_FALSE(figures.reasons.contains(RejectReason::bad_field));
  EXPECT_FALSE(figures.reasons.contains(RejectReason::price_collar));
}

TEST(DemoMarket, TheSameSeedIsTheSameMarket) {
  const Figures one = run(7, 20);
  EXPECT_EQ(one.state_hash, run(7, 20).state_hash);
  EXPECT_NE(one.state_hash, run(8, 20).state_hash);
}

TEST(DemoMarket, ItKeepsItsRateAndItsBounds) {
  const Figures figures = run(1, 60);
  // Some slots are left out: nothing to requote, answers outstanding.
  EXPECT_GT(figures.sent, figures.due * 8 / 10);
  EXPECT_LE(figures.sent, figures.due);
  EXPECT_LE(figures.open_max, 7 * DemoTrader::orders_max);
  EXPECT_FALSE(figures.crossed);
  EXPECT_GT(figures.two_sided, 60u * 100 * 9 / 10);
}

TEST(DemoMarket, AFullGateOnlySlowsItDown) {
  TradeWorld world;
  DemoMarket market = make_market(world, 3);
  // Nobody takes the commands: every trader waits for its answers, and nothing overflows.
  for (int i = 0; i < 10'000; ++i) {
    for (int ms = 0; ms < 10; ++ms) world.tick();
    market.step(world.now());
  }
  EXPECT_LE(market.sent_count(), 7 * DemoTrader::unanswered_max);
  for (int i = 0; i < 1000; ++i) {
    for (int ms = 0; ms < 10; ++ms) world.tick();
    world.run();
    market.step(world.now());
  }
  EXPECT_GT(market.sent_count(), 1000u);
}

TEST(DemoMarket, ANewStartGoesOnWithTheOrdersThatAreOpen) {
  TradeWorld world;
  std::size_t open = 0;
  {
    DemoMarket market = make_market(world, 5);
    for (int i = 0; i < 1000; ++i) {
      for (int ms = 0; ms < 10; ++ms) world.tick();
      market.step(world.now());
      world.run();
    }
    open = world.engine().open_orders();
  }
  ASSERT_GT(open, 0u);
  const DemoMarket again{{.seed = 6},
                         world.engine(),
                         world.take_gate(),
                         std::move(*world.log().cursor(next(world.log().released_sequence())))};
  EXPECT_EQ(again.open_orders(), open);
}

}  // namespace
}  // namespace bourse
