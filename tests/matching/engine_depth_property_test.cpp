// The public events are enough: a book rebuilt from them equals the engine's own at every step.
#include "matching/depth_book.h"
#include "matching/market_state.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "matching/engine.h"             // Engine
#include "tests/matching/random_flow.h"  // RandomFlow

namespace bourse {
namespace {

void expect_same_book(const Engine& engine, SymbolId symbol, const DepthBook& book) {
  const BestPrices decided = engine.best(symbol);
  const BestPrices followed = book.best();
  ASSERT_EQ(followed.bid, decided.bid);
  ASSERT_EQ(followed.ask, decided.ask);
  ASSERT_EQ(followed.bid_quantity, decided.bid_quantity);
  ASSERT_EQ(followed.ask_quantity, decided.ask_quantity);
  ASSERT_EQ(followed.bid_orders, decided.bid_orders);
  ASSERT_EQ(followed.ask_orders, decided.ask_orders);
  ASSERT_FALSE(book.crossed());
  ASSERT_EQ(book.last_rpt(), engine.last_rpt_sequence(symbol));
  for (Side side : {Side::buy, Side::sell}) {
    std::vector<OpenOrder> orders;
    engine.for_each_order(symbol, side, [&](const OpenOrder& order) { orders.push_back(order); });
    std::size_t at = 0;
    book.for_each_order(side, [&](const DepthOrder& order) {
      ASSERT_LT(at, orders.size());
      ASSERT_EQ(order.order_id, orders[at].order_id);
      ASSERT_EQ(order.price, orders[at].price);
      ASSERT_EQ(order.quantity, orders[at].leaves);
      ++at;
    });
    ASSERT_EQ(at, orders.size());
    std::vector<DepthLevel> levels(book.level_count(side));
    ASSERT_EQ(book.levels(side, levels), levels.size());
    for (const DepthLevel& level : levels) {
      ASSERT_EQ(level.quantity, engine.depth_at(symbol, side, level.price));
    }
  }
}

TEST(EngineDepthProperty, ABookRebuiltFromPublicEventsEqualsTheEnginesAtEveryStep) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  constexpr std::uint32_t symbols = 3;
  constexpr std::uint64_t command_count = BOURSE_SANITIZED ? 5'000 : 30'000;
  Engine engine({.symbols_max = 4, .accounts_max = 8, .orders_max = 4096});
  EventBuffer events;
  MarketState state;
  RandomFlow flow(seed, symbols, 8);
  std::vector<std::uint64_t> words(transaction_bytes_max / 8);
  const auto bytes = std::as_writable_bytes(std::span(words));
  for (std::uint64_t i = 1; i <= command_count; ++i) {
    Command command =
        i <= symbols ? RandomFlow::define(static_cast<std::uint32_t>(i)) : flow.next(Sequence{i});
    command.sequence = Sequence{i};
    if (command.type == CommandType::new_order) command.order.order_id = OrderId{i};
    engine.apply(command, events);
    const std::size_t length = encode(command, events, Epoch{1}, engine.state_hash(), bytes);
    const auto transaction = TransactionView::parse(bytes.first(length));
    ASSERT_TRUE(transaction.has_value());
    const DepthError error = state.apply(*transaction);
    ASSERT_EQ(error, DepthError::none) << "sequence " << i << ": " << to_string(error);
    ASSERT_EQ(state.sequence(), Sequence{i});
    for (const PublicEvent& event : events.public_events()) {
      if ((event.flags & event_flags::last) == 0) continue;
      ASSERT_NO_FATAL_FAILURE(expect_same_book(engine, event.symbol, *state.book(event.symbol)))
          << "sequence " << i;
    }
  }
}

TEST(MarketState, RefusesWhatIsNotNextAndUnknownSymbols) {
  Engine engine({.symbols_max = 4, .accounts_max = 8, .orders_max = 64});
  EventBuffer events;
  std::vector<std::uint64_t> words(512);
  const auto bytes = std::as_writable_bytes(std::span(words));
  const auto transaction_of = [&](Command command, std::uint64_t sequence) {
    command.sequence = Sequence{sequence};
    engine.apply(command, events);
    const std::size_t length = encode(command, events, Epoch{1}, 0, bytes);
    return *TransactionView::parse(bytes.first(length));
  };
  MarketState state(Sequence{9});
  EXPECT_EQ(state.instrument(SymbolId{1}), nullptr);
  EXPECT_EQ(state.book(SymbolId{0}), nullptr);
  const TransactionView defined = transaction_of(RandomFlow::define(1), 10);
  EXPECT_EQ(MarketState(Sequence{8}).apply(defined), DepthError::sequence_gap);
  EXPECT_EQ(MarketState(Sequence{10}).apply(defined), DepthError::sequence_gap);
  ASSERT_EQ(state.apply(defined), DepthError::none);
  ASSERT_NE(state.instrument(SymbolId{1}), nullptr);
  EXPECT_EQ(state.instrument(SymbolId{1})->symbol_view(), "SYM-1");
  EXPECT_EQ(state.symbol_count(), 1u);

  Command order{};
  order.type = CommandType::new_order;
  order.symbol = SymbolId{1};
  order.account = AccountId{1};
  order.order.order_id = OrderId{11};
  order.order.price = PriceTicks{5};
  order.order.quantity = QuantityLots{3};
  order.order.side = Side::buy;
  order.order.type = OrderType::limit;
  order.order.time_in_force = TimeInForce::gtc;
  const TransactionView added = transaction_of(order, 11);
  EXPECT_EQ(MarketState(Sequence{10}).apply(added), DepthError::unknown_symbol);
  const MarketState before = state;
  ASSERT_EQ(state.apply(added), DepthError::none);
  EXPECT_EQ(state.book(SymbolId{1})->best().bid, PriceTicks{5});
  EXPECT_EQ(before.book(SymbolId{1})->order_count(), 0u) << "a copy shares nothing";
}

}  // namespace
}  // namespace bourse
