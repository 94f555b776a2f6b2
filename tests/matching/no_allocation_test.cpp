// The engine takes its memory in the constructor: a million mixed commands call operator new never.
#include <gtest/gtest.h>

#include <random>

#include "matching/engine.h"                // Engine
#include "tests/matching/hot_path_guard.h"  // allocation_count
#include "tests/matching/test_market.h"     // TestMarket

namespace bourse {
namespace {

TEST(NoAllocation, AMillionMixedCommandsAllocateNothing) {
  if (!allocation_count()) GTEST_SKIP() << "needs a build without sanitizers";
  TestMarket market({.symbols_max = 64, .accounts_max = 8, .orders_max = 50'000});
  std::mt19937_64 random(1);
  std::uint64_t fill_count = 0;
  InstrumentBody body = test_instrument("S00");
  const std::uint64_t before = *allocation_count();
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const std::uint64_t dice = random() % 100;
    const auto account = static_cast<std::uint32_t>(random() % 8 + 1);
    if (i % 20'000 == 0) {  // instruments come while the market runs
      body.symbol[1] = static_cast<char>('0' + i / 200'000);
      body.symbol[2] = static_cast<char>('0' + i / 20'000 % 10);
      market.define(body);
    } else if (dice < 55) {
      Command order = market.order(account, dice % 2 == 0 ? Side::buy : Side::sell,
                                   random() % 50 + 1, static_cast<std::int64_t>(random() % 2000));
      order.symbol = SymbolId{static_cast<std::uint32_t>(random() % 64 + 1)};
      if (dice < 5) order.order.time_in_force = TimeInForce::ioc;
      if (dice == 6) order.order.type = OrderType::market;
      if (dice == 7) order.order.time_in_force = TimeInForce::fok;
      order.order.client_order_id.assign("name");
      market.apply(order);
      for (const PublicEvent& event : market.events.public_events()) {
        fill_count += event.kind == EventKind::execute ? 1 : 0;
      }
    } else {
      const OrderId id{market.sequence.value() - random() % 1000};
      const auto known = market.engine.open_order(id);
      const std::uint32_t owner = known ? known->account.value() : account;
      market.apply(dice < 85 ? market.cancel(owner, id)
                             : market.amend(owner, id, random() % 50 + 1,
                                            static_cast<std::int64_t>(random() % 2000)));
    }
  }
  EXPECT_EQ(*allocation_count() - before, 0u);
  EXPECT_GT(fill_count, 10'000u);
  EXPECT_GT(market.engine.open_orders(), 100u);
  EXPECT_TRUE(market.engine.consistent());
}

}  // namespace
}  // namespace bourse
