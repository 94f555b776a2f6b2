#include "matching/sequencer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "tests/matching/sequencer_fixture.h"  // SequencedMarket

namespace bourse {
namespace {

static_assert(!std::is_copy_constructible_v<Gate> && std::is_nothrow_move_constructible_v<Gate>);

Command limit(Side side, std::uint64_t quantity, std::int64_t price, std::uint32_t account = 1) {
  Command command{};
  command.type = CommandType::new_order;
  command.symbol = SymbolId{1};
  command.account = AccountId{account};
  command.order.side = side;
  command.order.type = OrderType::limit;
  command.order.time_in_force = TimeInForce::gtc;
  command.order.quantity = QuantityLots{quantity};
  command.order.price = PriceTicks{price};
  return command;
}

TEST(Sequencer, SequencesAreDenseAndANewOrderIsNamedByItsSequence) {
  SequencedMarket market;
  market.define(1);
  Gate gate = market.sequencer.add_gate("one", 64);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(gate.try_push(limit(Side::buy, 5, 100 - i)));
  EXPECT_EQ(market.sequencer.poll(TimeNs{5}, 100), 10u);
  EXPECT_EQ(market.sequencer.last_sequence(), Sequence{11});
  EXPECT_EQ(market.ring.head(), Sequence{11});
  std::uint64_t expected = 1;
  market.drain([&](const TransactionView& transaction) {
    EXPECT_EQ(transaction.sequence().value(), expected);
    if (expected > 1) {
      EXPECT_EQ(transaction.command().order.order_id, OrderId{expected});
      EXPECT_EQ(transaction.public_events()[0].order_id, OrderId{expected});
    }
    ++expected;
  });
  EXPECT_EQ(expected, 12u);
}

TEST(Sequencer, Row17TimeNeverGoesBack) {
  SequencedMarket market({.last_time = TimeNs{1000}});
  market.define(1);
  Gate gate = market.sequencer.add_gate("one", 64);
  const std::int64_t clocks[] = {900, 1100, 1050, 1100, 2000, -5};
  const std::int64_t expected[] = {1000, 1100, 1100, 1100, 2000, 2000};
  for (const std::int64_t now : clocks) {
    ASSERT_TRUE(gate.try_push(limit(Side::buy, 5, 100)));
    ASSERT_EQ(market.sequencer.poll(TimeNs{now}, 1), 1u);
  }
  std::size_t at = 0;
  market.drain([&](const TransactionView& transaction) {
    if (transaction.command_type() != CommandType::new_order) return;
    EXPECT_EQ(transaction.time().value(), expected[at]);
    EXPECT_EQ(transaction.command().time, transaction.time());
    ++at;
  });
  EXPECT_EQ(at, std::size(expected));
}

TEST(Sequencer, GatesTakeTurnsHoweverMuchOneOfThemPushes) {
  SequencedMarket market;
  market.define(1);
  Gate busy = market.sequencer.add_gate("busy", 64);
  Gate calm = market.sequencer.add_gate("calm", 64);
  Gate idle = market.sequencer.add_gate("idle", 64);
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(busy.try_push(limit(Side::buy, 5, 100, 1)));
  EXPECT_FALSE(busy.try_push(limit(Side::buy, 5, 100, 1)));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(calm.try_push(limit(Side::buy, 5, 100, 2)));
  // In small budgets, so that a turn is kept from one poll to the next.
  for (int i = 0; i < 12; ++i) EXPECT_EQ(market.sequencer.poll(TimeNs{1}, 1), 1u);
  std::vector<std::uint32_t> accounts;
  market.drain([&](const TransactionView& transaction) {
    if (transaction.command_type() == CommandType::new_order) {
      accounts.push_back(transaction.command().account.value());
    }
  });
  EXPECT_EQ(accounts, (std::vector<std::uint32_t>{1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1}));
  const auto status = market.sequencer.gate_status(0);
  EXPECT_EQ(status.name, "busy");
  EXPECT_EQ(status.capacity, 64u);
  EXPECT_EQ(status.taken, 7u);
  EXPECT_EQ(status.waiting, 57u);
  EXPECT_EQ(market.sequencer.gate_count(), 3u);
  EXPECT_EQ(idle.size_approx(), 0u);
}

TEST(Sequencer, PollStopsAtItsBudget) {
  SequencedMarket market;
  market.define(1);
  EXPECT_EQ(market.sequencer.poll(TimeNs{1}, 10), 0u) << "without gates there is nothing to do";
  Gate gate = market.sequencer.add_gate("one", 64);
  EXPECT_FALSE(market.sequencer.has_work(TimeNs{0}));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(gate.try_push(limit(Side::buy, 5, 100)));
  EXPECT_TRUE(market.sequencer.has_work(TimeNs{0}));
  EXPECT_EQ(market.sequencer.poll(TimeNs{1}, 0), 0u);
  EXPECT_EQ(market.sequencer.poll(TimeNs{1}, 7), 7u);
  EXPECT_EQ(market.sequencer.poll(TimeNs{1}, 7), 3u);
  EXPECT_EQ(market.sequencer.poll(TimeNs{1}, 7), 0u);
}

TEST(Sequencer, AFullLogStopsItAndNothingIsLost) {
  SequencedMarket market;
  market.define(1);
  Gate gate = market.sequencer.add_gate("one", 1 << 16);
  constexpr std::uint64_t total = 40'000;  // several rings
  for (std::uint64_t i = 0; i < total; ++i) {
    ASSERT_TRUE(gate.try_push(limit(i % 2 == 0 ? Side::buy : Side::sell, 1 + i % 3, 100)));
  }
  std::uint64_t executed = 0;
  std::uint64_t expected = 1;
  int stops = 0;
  while (executed < total) {
    const std::size_t now_executed = market.sequencer.poll(TimeNs{1}, total);
    executed += now_executed;
    if (executed == total) break;
    ++stops;
    EXPECT_TRUE(market.sequencer.is_blocked());
    EXPECT_EQ(market.sequencer.poll(TimeNs{1}, total), 0u) << "full is full";
    EXPECT_FALSE(market.sequencer.submit(limit(Side::buy, 1, 1), TimeNs{1}));
    EXPECT_EQ(market.sequencer.last_sequence().value(), executed + 1);
    EXPECT_EQ(market.sequencer.blocked_count(), static_cast<std::uint64_t>(stops));
    market.drain([&](const TransactionView& transaction) {
      ASSERT_EQ(transaction.sequence().value(), expected++);
    });
  }
  market.drain([&](const TransactionView& transaction) {
    ASSERT_EQ(transaction.sequence().value(), expected++);
  });
  EXPECT_GE(stops, 2);
  EXPECT_FALSE(market.sequencer.is_blocked());
  EXPECT_EQ(expected, total + 2);
  EXPECT_EQ(market.sequencer.command_count(), total + 1);
}

TEST(Sequencer, ContinuesAfterARecoveredHistory) {
  SequencedMarket market({.last = Sequence{5000}, .last_time = TimeNs{77}, .epoch = Epoch{3}});
  market.define(1);
  EXPECT_EQ(market.sequencer.last_sequence(), Sequence{5001});
  market.drain([](const TransactionView& transaction) {
    EXPECT_EQ(transaction.sequence(), Sequence{5001});
    EXPECT_EQ(transaction.epoch(), Epoch{3});
    EXPECT_EQ(transaction.time(), TimeNs{77});
  });
}

TEST(Sequencer, PublishesTheTopOfTheBookAndTheLastTrade) {
  SequencedMarket market;
  market.define(2);
  ASSERT_TRUE(market.sequencer.submit(limit(Side::buy, 5, 100), TimeNs{1}));
  ASSERT_TRUE(market.sequencer.submit(limit(Side::sell, 7, 103), TimeNs{1}));
  TopOfBook top = market.views.read(SymbolId{1});
  EXPECT_EQ(top.sequence, Sequence{4});
  EXPECT_EQ(top.prices.bid, PriceTicks{100});
  EXPECT_EQ(top.prices.ask, PriceTicks{103});
  EXPECT_EQ(top.prices.ask_quantity, QuantityLots{7});
  EXPECT_EQ(top.last_price, no_price);
  ASSERT_TRUE(market.sequencer.submit(limit(Side::buy, 2, 104, 2), TimeNs{1}));
  ASSERT_TRUE(market.sequencer.submit(limit(Side::buy, 1, 99, 2), TimeNs{1}));
  top = market.views.read(SymbolId{1});
  EXPECT_EQ(top.sequence, Sequence{6});
  EXPECT_EQ(top.prices.ask_quantity, QuantityLots{5});
  EXPECT_EQ(top.last_price, PriceTicks{103});
  EXPECT_EQ(top.last_quantity, QuantityLots{2});
  EXPECT_EQ(market.views.read(SymbolId{2}).prices.bid, no_price);
}

TEST(Sequencer, StartsWithTheBooksThatTheEngineRecovered) {
  Engine engine(SequencedMarket::limits);
  EventBuffer events;
  Command define = RandomFlow::define(1);
  define.sequence = Sequence{1};
  engine.apply(define, events);
  Command order = limit(Side::sell, 9, 55);
  order.sequence = Sequence{2};
  order.order.order_id = OrderId{2};
  engine.apply(order, events);
  BroadcastRing ring({.capacity_bytes = std::size_t{4} << 20, .last = Sequence{2}});
  MarketViews views(SequencedMarket::limits.symbols_max);
  Sequencer sequencer(engine, ring.writer(), views.writer(), {.last = Sequence{2}});
  EXPECT_EQ(views.read(SymbolId{1}).prices.ask, PriceTicks{55});
  EXPECT_EQ(views.read(SymbolId{1}).sequence, Sequence{2});
}

TEST(Sequencer, CountsRefusalsByReason) {
  SequencedMarket market;
  market.define(1);
  Command unknown = limit(Side::buy, 5, 100);
  unknown.symbol = SymbolId{7};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(market.sequencer.submit(unknown, TimeNs{1}));
  Command cancel{};
  cancel.type = CommandType::cancel;
  cancel.account = AccountId{1};
  cancel.order.order_id = OrderId{12345};
  ASSERT_TRUE(market.sequencer.submit(cancel, TimeNs{1}));
  EXPECT_EQ(market.sequencer.rejected_count(RejectReason::unknown_instrument), 3u);
  EXPECT_EQ(market.sequencer.rejected_count(RejectReason::unknown_order), 1u);
  EXPECT_EQ(market.sequencer.rejected_count(RejectReason::would_cross), 0u);
  EXPECT_EQ(market.sequencer.command_count(), 5u);
  EXPECT_EQ(market.sequencer.last_events().exec_events().size(), 1u);
}

TEST(Sequencer, EveryTransactionInTheLogIsWhatReexecutionGives) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  SequencedMarket market;
  market.define(3);
  Gate gate = market.sequencer.add_gate("one", 1024);
  RandomFlow flow(seed, 3, 8);
  Engine again(SequencedMarket::limits);
  EventBuffer events;
  std::vector<std::uint64_t> words(transaction_bytes_max / 8);
  const auto bytes = std::as_writable_bytes(std::span(words));
  for (int batch = 0; batch < 100; ++batch) {
    for (int i = 0; i < 200; ++i) {
      const Sequence sequence{market.sequencer.last_sequence().value() + gate.size_approx() + 1};
      ASSERT_TRUE(gate.try_push(flow.next(sequence)));
    }
    ASSERT_EQ(market.sequencer.poll(TimeNs{batch}, 1000), 200u);
    market.drain([&](const TransactionView& transaction) {
      const Command command = transaction.command();
      again.apply(command, events);
      const std::size_t length =
          encode(command, events, transaction.epoch(), again.state_hash(), bytes);
      ASSERT_EQ(length, transaction.bytes().size());
      ASSERT_EQ(std::memcmp(bytes.data(), transaction.bytes().data(), length), 0)
          << "sequence " << transaction.sequence().value();
    });
  }
}

}  // namespace
}  // namespace bourse
