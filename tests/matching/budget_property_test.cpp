// Deep books and large events: whatever exceeds the budget of one transaction must be finished by
// the clock commands that follow, in the same steps as the naive twin's.
#include <gtest/gtest.h>

#include <random>

#include "tests/matching/recipe_words.h"  // words_of
#include "tests/matching/test_market.h"   // TestMarket
#include "tests/matching/twins.h"         // Twins
#include "tests/test_seed.h"              // test_seed

namespace bourse {
namespace {

class DeepMarket {
 public:
  explicit DeepMarket(std::uint64_t seed)
      : random_(seed),
        twins_({.symbols_max = 1, .accounts_max = 3, .orders_max = 1u << 15}, 1 << 14) {
    Command define = TestMarket::blank(CommandType::define_instrument);
    define.instrument = test_instrument("DEEP", 1, 200);
    apply(define);
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void apply(const Command& command) {
    if (fault.empty()) {
      const auto found = twins_.apply(command, TimeNs{time_});
      if (found) fault = words_of(command) + "\n" + *found;
    }
  }
  // Clock commands until nothing is due at this time.
  void finish(std::int64_t time) {
    time_ = time;
    for (int i = 0; twins_.engine().due() <= TimeNs{time} && fault.empty(); ++i) {
      const auto found = twins_.apply_alone(TestMarket::blank(CommandType::clock), TimeNs{time_});
      if (found) fault = "clock\n" + *found;
      if (i == 1000) fault = "the clock has no end";
    }
  }

  Command order(Side side, std::uint64_t quantity, std::int64_t price) {
    Command command = TestMarket::blank(CommandType::new_order);
    command.symbol = SymbolId{1};
    command.account = AccountId{static_cast<std::uint32_t>(1 + below(3))};
    command.order.side = side;
    command.order.type = OrderType::limit;
    command.order.time_in_force = TimeInForce::gtc;
    command.order.quantity = QuantityLots{quantity};
    command.order.price = PriceTicks{price};
    return command;
  }

  // Many small orders of one side, with whatever makes them long to match.
  void fill(Side side, std::uint64_t count, std::int64_t price) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Command command = order(side, 1 + below(4), price + static_cast<std::int64_t>(below(3)));
      OrderBody& body = command.order;
      switch (below(8)) {
        case 0:
          command.order_flags = order_flags::hidden;
          break;
        case 1:
        case 2:
          body.display_quantity = QuantityLots{1};
          break;
        case 3:
          body.time_in_force = TimeInForce::day;
          break;
        case 4:
          body.time_in_force = TimeInForce::gtd;
          body.expire_at = TimeNs{1000 + static_cast<std::int64_t>(below(2))};
          break;
        default:
          break;
      }
      apply(command);
    }
  }
  void add_followers(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Command command = order(below(2) == 0 ? Side::buy : Side::sell, 1 + below(9), 0);
      OrderBody& body = command.order;
      body.price = no_price;
      switch (below(4)) {
        case 0:
          body.type = OrderType::trailing_stop;
          body.stop_price = PriceTicks{1 + static_cast<std::int64_t>(below(3))};
          break;
        case 1:
          body.type = OrderType::pegged;
          command.peg = PegReference{static_cast<std::uint8_t>(1 + below(3))};
          body.stop_price = PriceTicks{0};
          break;
        default:
          body.type = OrderType::stop;
          body.stop_price = PriceTicks{97 + static_cast<std::int64_t>(below(9))};
      }
      if (below(4) == 0) body.self_trade_prevention = SelfTradePrevention::decrement;
      apply(command);
    }
  }

  void large_event() {
    Command command = TestMarket::blank(CommandType::mass_cancel);
    command.symbol = SymbolId{1};
    switch (below(6)) {
      case 0:
        command = order(Side::buy, 5000 + below(5000), 105);
        break;
      case 1:
        command = order(Side::buy, 4090 + below(12), 105);
        command.order.time_in_force = TimeInForce::fok;
        break;
      case 2:
        command.account = AccountId{static_cast<std::uint32_t>(1 + below(3))};
        break;
      case 3:
        command.mass_cancel.side = below(2) == 0 ? Side::sell : Side::none;
        break;
      case 4:
        command = order(Side::sell, 5000 + below(5000), 95);
        command.order.self_trade_prevention = SelfTradePrevention::cancel_oldest;
        break;
      default:
        command = TestMarket::blank(CommandType::set_phase);
        command.symbol = SymbolId{1};
        command.phase.phase = Phase::closed;
    }
    apply(command);
    finish(time_);
  }

  void set_phase(Phase phase) {
    Command command = TestMarket::blank(CommandType::set_phase);
    command.symbol = SymbolId{1};
    command.phase.phase = phase;
    apply(command);
    finish(time_);
  }

  std::string fault;

 private:
  std::mt19937_64 random_;
  Twins twins_;
  std::int64_t time_ = 1;
};

TEST(BudgetProperty, WhatExceedsATransactionIsFinishedByTheClockAsTheNaiveEngineDoes) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("BOURSE_SEED=" + std::to_string(seed));
  DeepMarket market(seed);
  market.fill(Side::sell, 3000 + market.below(3000), 100);
  market.fill(Side::buy, 1000 + market.below(1000), 97);
  market.apply(market.order(Side::buy, 1, 100));
  market.add_followers(20);
  market.set_phase(Phase::opening_auction);
  market.fill(Side::buy, market.below(3000), 100);
  market.add_followers(1000);
  market.set_phase(Phase::continuous);
  for (int i = 0; i < 3; ++i) market.large_event();
  market.finish(1000);
  market.finish(1001);
  EXPECT_EQ(market.fault, "");
}

}  // namespace
}  // namespace bourse
