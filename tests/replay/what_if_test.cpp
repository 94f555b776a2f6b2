// A strategy's orders in a recorded session: what it gets, where it stands in the queue, and what
// it changes for the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "replay/whatif/what_if.h"       // WhatIf
#include "tests/matching/test_market.h"  // TestMarket, test_instrument
#include "tests/test_seed.h"             // test_seed

namespace bourse {
namespace {

constexpr EngineLimits limits{.symbols_max = 8, .accounts_max = 16, .orders_max = 4096};
constexpr std::int64_t second = 1'000'000'000;

// What an exchange would have written, one second between two commands.
class Record {
 public:
  Record() {
    Command epoch = TestMarket::blank(CommandType::open_epoch);
    epoch.epoch.epoch = Epoch{1};
    epoch.epoch.symbols_max = limits.symbols_max;
    epoch.epoch.accounts_max = limits.accounts_max;
    epoch.epoch.orders_max = limits.orders_max;
    add(epoch);
    Command define = TestMarket::blank(CommandType::define_instrument);
    define.symbol = SymbolId{1};
    define.instrument = test_instrument("ETH-USD");
    add(define);
  }

  OrderId order(std::uint32_t account, Side side, std::uint64_t quantity, std::int64_t price) {
    Command command = market_.order(account, side, quantity, price);
    command.order.order_id = OrderId{sequence_ + 1};
    add(command);
    return command.order.order_id;
  }
  void cancel(std::uint32_t account, OrderId id) {
    Command command = TestMarket::blank(CommandType::cancel);
    command.account = AccountId{account};
    command.order.order_id = id;
    add(command);
  }
  void add(Command command) {
    command.sequence = Sequence{++sequence_};
    command.time = TimeNs{static_cast<std::int64_t>(sequence_) * second};
    engine_.apply(command, events_);
    const std::size_t size = encode(command, events_, Epoch{1}, engine_.state_hash(), scratch_);
    transactions_.emplace_back(scratch_.begin(), scratch_.begin() + static_cast<long>(size));
  }
  std::uint64_t last() const { return sequence_; }

  // The other history.
  WhatIf play(Engine& engine, std::vector<WhatIfOrder> orders, std::int64_t latency_ns = 0) const {
    WhatIf what_if(engine, Sequence{0}, TimeNs{0},
                   {.account = AccountId{16}, .latency_ns = latency_ns}, std::move(orders));
    for (const auto& bytes : transactions_) {
      const auto view = TransactionView::parse(bytes);
      EXPECT_TRUE(view);
      const Result<void> applied = what_if.apply(*view);
      EXPECT_TRUE(applied) << applied.error().text();
    }
    what_if.finish();
    return what_if;
  }

 private:
  TestMarket market_{limits};
  Engine engine_{limits};
  EventBuffer events_;
  std::uint64_t sequence_ = 0;
  std::vector<std::byte> scratch_ = std::vector<std::byte>(transaction_bytes_max);
  std::vector<std::vector<std::byte>> transactions_;
};

WhatIfOrder own(std::uint64_t after, Side side, std::uint64_t quantity, std::int64_t price) {
  WhatIfOrder order{.name = "mine", .after = Sequence{after}};
  order.command = TestMarket().order(0, side, quantity, price);
  return order;
}
WhatIfOrder own_cancel(std::uint64_t after) {
  WhatIfOrder order{.name = "mine", .after = Sequence{after}};
  order.command = TestMarket::blank(CommandType::cancel);
  return order;
}

TEST(WhatIfTest, WithoutOrdersNothingChanges) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  Record record;
  std::vector<OrderId> orders;
  for (int i = 0; i < 2000; ++i) {
    const auto account = static_cast<std::uint32_t>(1 + random() % 5);
    if (random() % 4 == 0 && !orders.empty())
      record.cancel(account, orders[random() % orders.size()]);
    else
      orders.push_back(record.order(account, random() % 2 ? Side::buy : Side::sell,
                                    1 + random() % 20, 1000 + static_cast<int>(random() % 20)));
  }
  Engine engine(limits);
  const WhatIf what_if = record.play(engine, {});
  EXPECT_GT(what_if.recorded_trades(), 100u);
  EXPECT_TRUE(what_if.changed_trades().empty()) << "seed " << seed;
  EXPECT_TRUE(what_if.changed_decisions().empty()) << "seed " << seed;
  EXPECT_EQ(what_if.commands(), record.last());
}

TEST(WhatIfTest, AMakerMovesForwardInTheQueueAndIsFilled) {
  Record record;
  const OrderId first = record.order(1, Side::buy, 10, 1000);      // 3
  const OrderId second_one = record.order(2, Side::buy, 5, 1000);  // 4
  record.order(3, Side::buy, 7, 1000);                             // 5, behind ours
  record.cancel(1, first);                                         // 6
  record.order(4, Side::sell, 8, 1000);                            // 7: 5 of the second, 3 of ours
  Engine engine(limits);
  const WhatIf what_if = record.play(engine, {own(4, Side::buy, 4, 1000)});

  const WhatIfOutcome& outcome = what_if.outcomes()[0];
  ASSERT_EQ(outcome.queue.size(), 3u);
  EXPECT_EQ(outcome.queue[0].ahead, QuantityLots{15});
  EXPECT_EQ(outcome.queue[0].orders, 2u);
  EXPECT_EQ(outcome.queue[1].ahead, QuantityLots{5});
  EXPECT_EQ(outcome.queue[1].after, Sequence{6});
  EXPECT_EQ(outcome.queue[2].ahead, QuantityLots{0});

  ASSERT_EQ(what_if.fills().size(), 1u);
  const WhatIfFill& fill = what_if.fills()[0];
  EXPECT_EQ(fill.after, Sequence{7});
  EXPECT_EQ(fill.quantity, QuantityLots{3});
  EXPECT_EQ(fill.liquidity, Liquidity::maker);
  EXPECT_EQ(fill.other, OrderId{7});
  EXPECT_EQ(outcome.status, OrderStatus::partially_filled);
  EXPECT_EQ(what_if.position(SymbolId{1}), 3);

  // The third one has lost the trade that the record has.
  const auto changed = what_if.changed_trades();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].maker, OrderId{5});
  EXPECT_EQ(changed[0].quantity, -3);
  EXPECT_EQ(changed[0].sequence, Sequence{7});
  EXPECT_NE(second_one, first);
}

TEST(WhatIfTest, ATakerTakesWhatAnotherWouldHaveGot) {
  Record record;
  const OrderId offer = record.order(1, Side::sell, 10, 1000);  // 3
  record.order(2, Side::buy, 10, 1000);                         // 4
  record.cancel(2, OrderId{4});                                 // 5: too late in the record
  Engine engine(limits);
  const WhatIf what_if = record.play(engine, {own(3, Side::buy, 6, 1000)});
  ASSERT_EQ(what_if.fills().size(), 1u);
  EXPECT_EQ(what_if.fills()[0].liquidity, Liquidity::taker);
  EXPECT_EQ(what_if.fills()[0].other, offer);
  const auto changed = what_if.changed_trades();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].quantity, -6);
  ASSERT_EQ(what_if.changed_decisions().size(), 1u);
  EXPECT_EQ(what_if.changed_decisions()[0].recorded, RejectReason::unknown_order);
  EXPECT_EQ(what_if.changed_decisions()[0].now, RejectReason::none);
}

TEST(WhatIfTest, LatencyDecidesWhoIsFirst) {
  Record record;
  record.order(1, Side::sell, 10, 1000);  // 3
  record.order(2, Side::buy, 10, 1000);   // 4, one second later
  Engine quick(limits), slow(limits);
  EXPECT_EQ(record.play(quick, {own(3, Side::buy, 6, 1000)}, second - 1).fills().size(), 1u);
  // At the same time the record comes first.
  EXPECT_EQ(record.play(slow, {own(3, Side::buy, 6, 1000)}, second).fills().size(), 0u);
}

TEST(WhatIfTest, ATimeWorksLikeASequenceAndCancelsNameTheirOrder) {
  Record record;
  record.order(1, Side::sell, 1, 2000);
  record.order(1, Side::sell, 1, 2001);
  record.order(1, Side::sell, 5, 1000);  // 5
  WhatIfOrder timed = own(0, Side::buy, 6, 1000);
  timed.time = TimeNs{3 * second + 1};
  Engine engine(limits);
  const WhatIf what_if = record.play(engine, {timed, own_cancel(4), own_cancel(4)});
  EXPECT_EQ(what_if.outcomes()[0].status, OrderStatus::canceled);
  EXPECT_EQ(what_if.outcomes()[1].status, OrderStatus::none);
  EXPECT_EQ(what_if.outcomes()[2].reject, RejectReason::unknown_order);
  EXPECT_TRUE(what_if.fills().empty());
  EXPECT_TRUE(what_if.changed_trades().empty());
}

TEST(WhatIfTest, WhatIsDueByTimeHappensWithoutACommandOfTheRecord) {
  Record record;
  record.order(1, Side::sell, 1, 2000);
  for (int i = 0; i < 5; ++i) record.order(1, Side::sell, 1, 2001);  // to 8
  record.order(1, Side::sell, 1, 1000);                              // 9
  WhatIfOrder order = own(3, Side::buy, 6, 1000);
  order.command.order.time_in_force = TimeInForce::gtd;
  order.command.order.expire_at = TimeNs{6 * second};
  Engine engine(limits);
  const WhatIf what_if = record.play(engine, {order});
  EXPECT_EQ(what_if.outcomes()[0].status, OrderStatus::expired);
  EXPECT_TRUE(what_if.fills().empty());
}

TEST(WhatIfTest, AnOrderBeyondTheEndDoesNotArrive) {
  Record record;
  WhatIfOrder order = own(0, Side::buy, 6, 1000);
  order.time = TimeNs{100 * second};
  Engine engine(limits);
  EXPECT_EQ(record.play(engine, {order}).outcomes()[0].arrived, TimeNs{0});
}

TEST(WhatIfTest, AnAccountOfTheRecordIsRefused) {
  Record record;
  record.order(16, Side::buy, 1, 1000);
  Engine engine(limits);
  WhatIf what_if(engine, Sequence{0}, TimeNs{0}, {.account = AccountId{16}}, {});
  Engine other(limits);
  EventBuffer events;
  Command command = TestMarket().order(16, Side::buy, 1, 1000);
  command.sequence = Sequence{1};
  command.time = TimeNs{1};
  command.order.order_id = OrderId{1};
  other.apply(command, events);
  std::vector<std::byte> bytes(transaction_bytes_max);
  bytes.resize(encode(command, events, Epoch{1}, 0, bytes));
  const auto applied = what_if.apply(*TransactionView::parse(bytes));
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().text(), ::testing::HasSubstr("account 16 is used by the record"));
}

}  // namespace
}  // namespace bourse
