// Random commands of the plain rules against the naive twin, and what the state's hash covers.
// Every other rule is in rules_property_test.cpp.
#include <gtest/gtest.h>

#include <iomanip>
#include <iostream>
#include <random>
#include <vector>

#include "matching/engine.h"              // Engine
#include "tests/matching/recipe_words.h"  // words_of
#include "tests/matching/test_market.h"   // TestMarket
#include "tests/matching/twins.h"         // Twins
#include "tests/test_seed.h"              // test_seed

namespace bourse {
namespace {

// A market of several symbols of different temper, and the commands of its traders.
class RandomTraders {
 public:
  explicit RandomTraders(std::uint64_t seed) : random_(seed) {}

  static std::map<SymbolId, InstrumentBody> instruments() {
    InstrumentBody far = test_instrument("FAR", -4'000'000'000'000, 4'000'000'000'000);
    far.tick_size_e9 = 1;
    InstrumentBody round = test_instrument("ROUND", 1, 60);
    round.quantity_min = QuantityLots{3};
    round.quantity_max = QuantityLots{40};
    return {{SymbolId{1}, test_instrument("DEEP", 900, 1100)},
            {SymbolId{2}, test_instrument("THIN", -1000, 1000)},
            {SymbolId{3}, far},
            {SymbolId{4}, round}};
  }

  Command next() {
    ++sequence_;
    Command command{};
    command.sequence = Sequence{sequence_};
    command.time = TimeNs{static_cast<std::int64_t>(sequence_)};
    command.account = AccountId{static_cast<std::uint32_t>(below(5) + 1)};
    command.symbol = SymbolId{static_cast<std::uint32_t>(below(4) + 1)};
    if (below(500) == 0) command.symbol = SymbolId{77};
    if (below(4) == 0) {
      ClientSequence& last = client_[command.account.value()];
      if (below(50) != 0) last = ClientSequence{last.value() + 1 + below(3)};
      command.client_sequence = last;
    }
    const std::uint64_t dice = below(100);
    const bool books_grow = sequence_ / 8192 % 2 == 0;
    if (dice < (books_grow ? 60 : 35) || ids_.empty()) {
      new_order(command);
    } else if (dice < 80) {
      command.type = CommandType::cancel;
      const std::size_t at = some_index();
      aim(command, ids_[at]);
      if (below(10) != 0) ids_.erase(ids_.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      command.type = CommandType::amend;
      const Known& known = ids_[some_index()];
      aim(command, known);
      command.order.quantity = quantity();
      command.order.price = below(3) == 0 ? known.price : price(command.symbol);
      if (below(8) == 0) command.order_flags = order_flags::lose_priority;
    }
    if (below(300) == 0) command.order.valid_until = TimeNs{command.time.value() - 1};
    if (below(10) == 0) command.order.client_order_id.assign("mine");
    return command;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  void new_order(Command& command) {
    OrderBody& order = command.order;
    command.type = CommandType::new_order;
    order.order_id = OrderId{sequence_};
    if (below(400) == 0 && !ids_.empty()) order.order_id = ids_[some_index()].id;
    order.side = below(2) == 0 ? Side::buy : Side::sell;
    order.type = OrderType::limit;
    order.time_in_force = TimeInForce::gtc;
    order.quantity = quantity();
    order.price = price(command.symbol);
    order.group = GroupId{static_cast<std::uint32_t>(below(3))};
    const std::uint64_t kind = below(20);
    if (kind == 0) {
      order.type = OrderType::market;
      if (below(2) == 0) order.price = no_price;
    }
    if (kind <= 2 && below(2) == 0) order.time_in_force = TimeInForce::ioc;
    if (kind >= 3 && kind <= 4) order.time_in_force = TimeInForce::fok;
    if (kind >= 5 && kind <= 7) command.order_flags = order_flags::post_only;
    if (below(300) == 0) order.price = no_price;
    ids_.push_back({order.order_id, command.account, command.symbol, order.price});
    if (ids_.size() > 4000) ids_.erase(ids_.begin(), ids_.begin() + 500);
  }

  QuantityLots quantity() {
    if (below(200) == 0) return QuantityLots{below(2) * 2'000'000};
    return QuantityLots{below(below(10) == 0 ? 3000 : 30) + 1};
  }

  PriceTicks price(SymbolId symbol) {
    if (below(200) == 0) middle_[symbol.value() % 5] = 0;  // a jump
    std::int64_t& middle = middle_[symbol.value() % 5];
    switch (symbol.value()) {
      case 1:
        return PriceTicks{static_cast<std::int64_t>(993 + below(15))};
      case 2:
        if (middle == 0) middle = static_cast<std::int64_t>(below(1800)) - 900;
        return PriceTicks{middle + static_cast<std::int64_t>(below(300)) - 150};
      case 3: {
        if (middle == 0) {
          middle = static_cast<std::int64_t>(below(8'000'000'000'000)) - 4'000'000'000'000;
        }
        const std::int64_t reach = std::int64_t{1} << below(43);
        return PriceTicks{middle +
                          static_cast<std::int64_t>(below(static_cast<std::uint64_t>(reach) * 2)) -
                          reach};
      }
      default:
        return PriceTicks{static_cast<std::int64_t>(below(62))};
    }
  }

  struct Known {
    OrderId id;
    AccountId account;
    SymbolId symbol;
    PriceTicks price;
  };

  // Young and old orders, some of them long gone.
  std::size_t some_index() {
    const std::size_t reach = std::min<std::size_t>(ids_.size(), below(2) == 0 ? 50 : 4000);
    const std::size_t at = below(reach);
    return below(2) == 0 ? at : ids_.size() - 1 - at;
  }

  // Mostly the owner asks; the symbol is named, left out or wrong.
  void aim(Command& command, const Known& known) {
    command.order.order_id = known.id;
    if (below(20) != 0) command.account = known.account;
    if (below(20) != 0) command.symbol = known.symbol;
    if (below(4) == 0) command.symbol = SymbolId{0};
  }

  std::mt19937_64 random_;
  std::uint64_t sequence_ = 10;  // the definitions come before
  std::vector<Known> ids_;
  ClientSequence client_[6] = {};
  std::int64_t middle_[5] = {};
};

EngineLimits limits() { return {.symbols_max = 4, .accounts_max = 5, .orders_max = 2500}; }

void define_all(TestMarket& market) {
  for (const auto& [symbol, body] : RandomTraders::instruments()) {
    ASSERT_EQ(market.define(body), symbol);
  }
}

// The plain rules over wide books: many levels, far prices, thousands of orders.
TEST(BookProperty, RandomCommandsGiveTheEventsOfTheNaiveEngine) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("BOURSE_SEED=" + std::to_string(seed));
  Twins twins(limits(), 500);
  for (const auto& [symbol, body] : RandomTraders::instruments()) {
    Command command = TestMarket::blank(CommandType::define_instrument);
    command.instrument = body;
    ASSERT_EQ(twins.apply(command, TimeNs{1}), std::nullopt);
  }
  RandomTraders traders(seed);
  std::size_t fill_count = 0;
  std::size_t orders_most = 0;
  for (int i = 0; i < 60'000; ++i) {
    const Command command = traders.next();
    const auto fault = twins.apply(command, command.time);
    ASSERT_EQ(fault, std::nullopt) << "command " << i << "\n"
                                   << words_of(command) << "\n"
                                   << *fault;
    for (const PublicEvent& event : twins.events().public_events()) {
      fill_count += event.kind == EventKind::execute ? 1 : 0;
    }
    orders_most = std::max<std::size_t>(orders_most, twins.engine().open_orders());
  }
  std::cout << fill_count << " executions, at most " << orders_most << " open orders\n";
  EXPECT_GT(fill_count, 1000u);
}

TEST(BookProperty, TheSameCommandsGiveTheSameStateHash) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("BOURSE_SEED=" + std::to_string(seed));
  TestMarket a(limits());
  TestMarket b({.symbols_max = 9, .accounts_max = 77, .orders_max = 2500});  // more room
  define_all(a);
  define_all(b);
  RandomTraders traders(seed);
  for (int i = 0; i < 60'000; ++i) {
    const Command command = traders.next();
    a.engine.apply(command, a.events);
    b.engine.apply(command, b.events);
    ASSERT_EQ(a.engine.state_hash(), b.engine.state_hash()) << "command " << i;
  }
}

TEST(BookProperty, OneOrderThatDiffersInAnythingGivesAnotherStateHash) {
  const auto hash_with = [](auto change) {
    TestMarket market(limits());
    define_all(market);
    market.buy(1, 10, 1000);
    Command command = market.order(2, Side::buy, 10, 1000);
    command.client_sequence = ClientSequence{4};
    change(command);
    market.apply(command);
    EXPECT_EQ(market.reason(), RejectReason::none);
    return market.engine.state_hash();
  };
  const std::vector<std::uint64_t> hashes = {
      hash_with([](Command&) {}),
      hash_with([](Command& c) { c.order.price = PriceTicks{1001}; }),
      hash_with([](Command& c) { c.order.quantity = QuantityLots{11}; }),
      hash_with([](Command& c) { c.order.side = Side::sell, c.order.price = PriceTicks{1001}; }),
      hash_with([](Command& c) { c.order.group = GroupId{1}; }),
      hash_with([](Command& c) { c.order.order_id = OrderId{99}; }),
      hash_with([](Command& c) { c.order.client_order_id.assign("x"); }),
      hash_with([](Command& c) { c.account = AccountId{3}; }),
      hash_with([](Command& c) { c.symbol = SymbolId{2}; }),
      hash_with([](Command& c) { c.client_sequence = ClientSequence{5}; }),
      hash_with([](Command& c) { c.session = SessionId{5}; }),
      hash_with([](Command& c) { c.order_flags = order_flags::post_only; }),
      hash_with([](Command& c) { c.order_flags = order_flags::hidden; }),
      hash_with([](Command& c) { c.order.display_quantity = QuantityLots{4}; }),
      hash_with([](Command& c) { c.order.display_quantity = QuantityLots{5}; }),
      hash_with([](Command& c) { c.order.time_in_force = TimeInForce::day; }),
      hash_with([](Command& c) {
        c.order.time_in_force = TimeInForce::gtd;
        c.order.expire_at = TimeNs{1'000'000};
      }),
      hash_with([](Command& c) {
        c.order.time_in_force = TimeInForce::gtd;
        c.order.expire_at = TimeNs{1'000'001};
      }),
      hash_with([](Command& c) {
        c.order.type = OrderType::stop_limit;
        c.order.stop_price = PriceTicks{1010};
      }),
      hash_with([](Command& c) {
        c.order.type = OrderType::stop_limit;
        c.order.stop_price = PriceTicks{1011};
      }),
      hash_with([](Command& c) {
        c.order.type = OrderType::pegged;
        c.peg = PegReference::primary;
      }),
      hash_with([](Command& c) {
        c.order.type = OrderType::pegged;
        c.peg = PegReference::midpoint;
      }),
      hash_with(
          [](Command& c) { c.order.self_trade_prevention = SelfTradePrevention::decrement; })};
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(hashes[i], hashes[j]) << i << " and " << j;
  }
}

TEST(BookProperty, OrdersThatStandInAnotherOrderGiveAnotherStateHash) {
  const auto hash_after = [](bool amend_first) {
    TestMarket market(limits());
    define_all(market);
    const OrderId a = market.buy(1, 10, 1000);
    const OrderId b = market.buy(1, 10, 1000);
    market.apply(market.amend(1, amend_first ? a : b, 11, 1000));
    market.apply(market.amend(1, amend_first ? b : a, 11, 1000));
    return market.engine.state_hash();
  };
  EXPECT_NE(hash_after(true), hash_after(false));
}

}  // namespace
}  // namespace bourse
