#include "feed/trade/open_orders.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/feed/trade_world.h"  // TradeWorld
#include "tests/test_seed.h"         // test_seed

namespace bourse {
namespace {

constexpr std::uint32_t accounts = 4;

std::vector<OrderState> orders_of(const OpenOrders& orders, AccountId account) {
  std::vector<OrderState> out;
  orders.for_each(account, [&](const OrderState& order) {
    out.push_back(order);
    return true;
  });
  return out;
}

void expect_same(const OpenOrders& followed, const OpenOrders& recovered) {
  ASSERT_EQ(followed.count(), recovered.count());
  for (std::uint32_t account = 1; account <= accounts; ++account) {
    const auto a = orders_of(followed, AccountId{account});
    const auto b = orders_of(recovered, AccountId{account});
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].order_id, b[i].order_id);
      EXPECT_EQ(a[i].client_sequence, b[i].client_sequence);
      EXPECT_EQ(a[i].price, b[i].price) << "order " << a[i].order_id.value();
      EXPECT_EQ(a[i].filled, b[i].filled);
      EXPECT_EQ(a[i].leaves, b[i].leaves);
      EXPECT_EQ(a[i].symbol, b[i].symbol);
      EXPECT_EQ(a[i].group, b[i].group);
      EXPECT_EQ(a[i].side, b[i].side);
      EXPECT_EQ(a[i].type, b[i].type);
      EXPECT_EQ(a[i].time_in_force, b[i].time_in_force);
      EXPECT_EQ(a[i].status, b[i].status) << "order " << a[i].order_id.value();
      EXPECT_EQ(a[i].client_order_id.view(), b[i].client_order_id.view());
    }
  }
}

class Trader {
 public:
  explicit Trader(std::uint64_t seed) : random_(seed) {}

  Command next(std::uint64_t newest_order) {
    Command command{};
    command.account = AccountId{pick(1, accounts)};
    command.session = SessionId{pick(1, 3)};
    command.symbol = SymbolId{pick(1, 2)};
    const std::uint32_t what = pick(0, 99);
    if (what < 60 || newest_order < 10) {
      command.type = CommandType::new_order;
      fill(command);
    } else if (what < 75) {
      command.type = CommandType::amend;
      command.order.order_id = OrderId{newest_order - pick(0, 9)};
      command.order.price = PriceTicks{pick(9900, 10100)};
      command.order.quantity = QuantityLots{pick(1, 50)};
    } else if (what < 97) {
      command.type = CommandType::cancel;
      command.order.order_id = OrderId{newest_order - pick(0, 9)};
    } else {
      command.type = CommandType::mass_cancel;
      command.symbol = SymbolId{pick(0, 2)};
      command.mass_cancel.group = GroupId{pick(0, 2)};
    }
    return command;
  }

 private:
  std::uint32_t pick(std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random_);
  }
  void fill(Command& command) {
    OrderBody& order = command.order;
    order.side = pick(0, 1) == 0 ? Side::buy : Side::sell;
    order.type = pick(0, 9) == 0 ? OrderType::stop_limit : OrderType::limit;
    order.price = PriceTicks{pick(9900, 10100)};
    if (order.type == OrderType::stop_limit) order.stop_price = PriceTicks{pick(9900, 10100)};
    order.quantity = QuantityLots{pick(1, 50)};
    order.time_in_force = pick(0, 5) == 0 ? TimeInForce::ioc : TimeInForce::gtc;
    if (order.time_in_force == TimeInForce::gtc && order.type == OrderType::limit) {
      if (pick(0, 4) == 0) order.display_quantity = QuantityLots{1};
      if (pick(0, 6) == 0) command.order_flags = order_flags::hidden;
    }
    order.self_trade_prevention = static_cast<SelfTradePrevention>(pick(0, 4));
    order.group = GroupId{pick(0, 2)};
    order.client_order_id.assign("o" + std::to_string(pick(0, 999)));
  }

  std::mt19937_64 random_;
};

TEST(OpenOrders, FollowingTheEventsGivesWhatTheEngineHolds) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  TradeWorld world;
  Gate gate = world.take_gate();
  Trader trader(seed);
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 60; ++i)
      ASSERT_TRUE(gate.try_push(trader.next(world.router().position().value())));
    world.run();
    OpenOrders recovered(TradeWorld::accounts_max, 1 << 16);
    recovered.recover(world.engine());
    expect_same(world.router().orders(), recovered);
    if (HasFailure()) return;
  }
  EXPECT_GT(world.router().orders().count(), 20u);
  EXPECT_TRUE(world.router().orders().is_complete());
}

TEST(OpenOrders, BeyondItsLimitItSaysThatItIsNotComplete) {
  OpenOrders orders(4, 2);
  ExecEvent event{};
  event.type = ExecType::accepted;
  event.status = OrderStatus::open;
  event.leaves = QuantityLots{1};
  event.account = AccountId{1};
  for (std::uint64_t id = 1; id <= 3; ++id) {
    event.order_id = OrderId{id};
    orders.on_event(event);
  }
  EXPECT_EQ(orders.count(), 2u);
  EXPECT_FALSE(orders.is_complete());
  EXPECT_EQ(orders.find(AccountId{1}, OrderId{3}), nullptr);
}

}  // namespace
}  // namespace bourse
