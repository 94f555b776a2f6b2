// An engine that was loaded from an image goes on as the one that was saved: every later event, and
// the state's hash, byte for byte, in random markets of every rule and from any point of them.
#include <gtest/gtest.h>
#if __has_include(<rapidcheck.h>)
#include <rapidcheck.h>
#define BOURSE_HAS_RAPIDCHECK 1
#else
#define BOURSE_HAS_RAPIDCHECK 0
#endif

#include <memory>
#include <random>
#include <sstream>
#include <vector>

#include "matching/engine.h"              // Engine
#include "matching/engine_image.h"        // EngineImage
#include "matching/transaction.h"         // encode
#include "tests/matching/recipe.h"        // Recipe, RecipeMarket
#include "tests/matching/recipe_words.h"  // words_of
#include "tests/matching/test_market.h"   // TestMarket
#include "tests/matching/twins.h"         // Twins
#include "tests/test_seed.h"              // test_seed

namespace bourse {
namespace {

// What the sequencer would have sent: the recipes and the clock commands between them.
std::vector<Command> market_of(const std::vector<Recipe>& recipes) {
  Twins twins(RecipeMarket::limits(), 1u << 30);
  twins.keep_history();
  Command epoch{};
  epoch.type = CommandType::open_epoch;
  epoch.epoch = {.epoch = Epoch{1},
                 .symbols_max = RecipeMarket::limits().symbols_max,
                 .accounts_max = RecipeMarket::limits().accounts_max,
                 .orders_max = RecipeMarket::limits().orders_max,
                 .reserved_ = {}};
  twins.apply(epoch, TimeNs{1});
  for (const Command& command : RecipeMarket::definitions()) twins.apply(command, TimeNs{1});
  for (const Recipe& recipe : recipes) twins.apply(recipe);
  return twins.history;
}

std::vector<std::byte> bytes_after(Engine& engine, const Command& command) {
  static EventBuffer events;
  engine.apply(command, events);
  std::vector<std::byte> bytes(encoded_bytes(command, events));
  encode(command, events, Epoch{1}, engine.state_hash(), bytes);
  return bytes;
}

std::unique_ptr<Engine> copy_of(const Engine& engine, const EngineLimits& limits,
                                std::string& why_not) {
  EngineImage image;
  engine.save(image);
  auto copy = std::make_unique<Engine>(limits);
  why_not = copy->load(image);
  return copy;
}

// Empty, or what differs. Snapshots are taken after `first`, and of each copy again after `every`.
std::string difference(const std::vector<Command>& commands, std::size_t first, std::size_t every) {
  Engine unbroken(RecipeMarket::limits());
  std::unique_ptr<Engine> copy;
  std::size_t taken_at = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto expected = bytes_after(unbroken, commands[i]);
    if (copy != nullptr && bytes_after(*copy, commands[i]) != expected) {
      return "loaded after " + std::to_string(taken_at) + " of " + std::to_string(commands.size()) +
             " commands, the engine does something else at\n" + words_of(commands[i]);
    }
    if (i + 1 < first || (i + 1 - first) % every != 0) continue;
    std::string why_not;
    copy = copy_of(copy == nullptr ? unbroken : *copy, RecipeMarket::limits(), why_not);
    taken_at = i + 1;
    if (!why_not.empty()) return "after " + std::to_string(taken_at) + " commands: " + why_not;
    if (!copy->consistent()) return "the loaded engine is not consistent";
    if (copy->state_hash() != unbroken.state_hash()) return "the state's hash differs";
    if (copy->due() != unbroken.due()) return "another time is due";
  }
  return {};
}

#if BOURSE_HAS_RAPIDCHECK
TEST(EngineImageProperty, ALoadedEngineGoesOnAsTheOneThatWasSaved) {
  const std::uint64_t seed = test_seed();
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = BOURSE_SANITIZED ? 20 : 100;
  params.maxSize = 400;
  const auto property = [] {
    const auto recipes = *rc::gen::container<std::vector<Recipe>>(
        rc::gen::container<Recipe>(rc::gen::arbitrary<std::uint8_t>()));
    const auto commands = market_of(recipes);
    const auto first = *rc::gen::inRange<std::size_t>(1, commands.size() + 1);
    const std::string fault = difference(commands, first, 100);
    if (!fault.empty()) RC_FAIL(fault);
  };
  const auto result = rc::detail::checkProperty(rc::detail::toProperty(property), {}, params);
  std::ostringstream told;
  rc::detail::printResultMessage(result, told);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << told.str();
}
#endif

TEST(EngineImageProperty, LongMarketsGoOnFromAnyOfTheirPoints) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < (BOURSE_SANITIZED ? 2 : 10); ++round) {
    std::vector<Recipe> recipes(5'000);
    for (Recipe& recipe : recipes) {
      for (std::uint8_t& byte : recipe) byte = static_cast<std::uint8_t>(random());
    }
    const std::size_t every = 1 + random() % 97;
    ASSERT_EQ(difference(market_of(recipes), 1 + random() % 50, every), "")
        << "BOURSE_SEED=" << seed << ", round " << round;
  }
}

// The same image of the same engine, and of one that was loaded from it: nothing in it depends on
// how the engine lies in memory.
TEST(EngineImageProperty, TheImageOfALoadedEngineIsTheImageItWasLoadedFrom) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  const auto same = [](const auto& a, const auto& b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0);
  };
  // A market may end without orders; eight of them do not.
  std::size_t orders = 0, positions = 0, busted_trades = 0;
  for (int round = 0; round < 8; ++round) {
    std::vector<Recipe> recipes(3'000);
    for (Recipe& recipe : recipes) {
      for (std::uint8_t& byte : recipe) byte = static_cast<std::uint8_t>(random());
    }
    Engine engine(RecipeMarket::limits());
    for (const Command& command : market_of(recipes)) bytes_after(engine, command);
    EngineImage image;
    engine.save(image);
    Engine loaded({64, 4096, 100'000});
    ASSERT_EQ(loaded.load(image), "");
    EngineImage again;
    loaded.save(again);
    EXPECT_EQ(std::memcmp(&image.counters, &again.counters, sizeof image.counters), 0);
    EXPECT_TRUE(same(image.symbols, again.symbols));
    EXPECT_TRUE(same(image.accounts, again.accounts));
    EXPECT_TRUE(same(image.positions, again.positions));
    EXPECT_TRUE(same(image.orders, again.orders));
    EXPECT_TRUE(same(image.pending, again.pending));
    EXPECT_TRUE(same(image.sweeping, again.sweeping));
    EXPECT_TRUE(same(image.busted_trades, again.busted_trades));
    orders += image.orders.size();
    positions += image.positions.size();
    busted_trades += image.busted_trades.size();
  }
  EXPECT_NE(orders, 0u);
  EXPECT_NE(positions, 0u);
  EXPECT_NE(busted_trades, 0u);
}

// The property would prove little if nothing special were ever open when an image is made.
TEST(EngineImageProperty, TheImagesHoldEveryKindOfState) {
  std::mt19937_64 random(1);
  std::size_t icebergs = 0, hidden = 0, stops = 0, trailing = 0, pegs = 0, gtd = 0, dead_men = 0;
  std::size_t pending = 0, halts = 0, named = 0, buckets = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<Recipe> recipes(3'000);
    for (Recipe& recipe : recipes) {
      for (std::uint8_t& byte : recipe) byte = static_cast<std::uint8_t>(random());
    }
    Engine engine(RecipeMarket::limits());
    EngineImage image;
    for (const Command& command : market_of(recipes)) {
      bytes_after(engine, command);
      if (command.sequence.value() % 7 != 0) continue;
      engine.save(image);
      for (const OrderImage& order : image.orders) {
        icebergs += order.reserve != QuantityLots{0};
        hidden += (order.flags & order_flags::hidden) != 0;
        stops += order.is_waiting;
        trailing += order.type == OrderType::trailing_stop;
        pegs += order.type == OrderType::pegged;
        gtd += order.time_in_force == TimeInForce::gtd;
        named += !order.client_order_id.empty();
      }
      for (const AccountImage& account : image.accounts) {
        dead_men += account.dead_man_at.value() != 0;
        buckets += account.tokens_e9 != 0;
      }
      for (const SymbolImage& symbol : image.symbols) {
        halts += symbol.phase != Phase::continuous;
      }
      pending += image.pending.size();
    }
  }
  EXPECT_GT(icebergs, 10u);
  EXPECT_GT(hidden, 10u);
  EXPECT_GT(stops, 10u);
  EXPECT_GT(trailing, 10u);
  EXPECT_GT(pegs, 10u);
  EXPECT_GT(gtd, 10u);
  EXPECT_GT(dead_men, 10u);
  EXPECT_GT(buckets, 10u);
  EXPECT_GT(named, 10u);
  EXPECT_GT(halts, 10u);
  EXPECT_GT(pending, 10u);
}

// An auction and two mass cancels that take several transactions each: images are made in between.
TEST(EngineImageProperty, WorkThatIsNotFinishedGoesOnAfterLoading) {
  std::vector<Command> commands;
  const auto add = [&](Command command, std::uint32_t account = 0) {
    command.account = AccountId{account};
    command.sequence = Sequence{commands.size() + 1};
    command.time = TimeNs{1};
    if (command.type == CommandType::new_order) {
      command.order.order_id = OrderId{command.sequence.value()};
    }
    commands.push_back(command);
  };
  Command define = TestMarket::blank(CommandType::define_instrument);
  for (const char* name : {"A", "B"}) {
    define.instrument = test_instrument(name, 1, 200);
    add(define);
  }
  Command phase = TestMarket::blank(CommandType::set_phase);
  phase.symbol = SymbolId{1};
  phase.phase.phase = Phase::pre_open;
  add(phase);
  Command order = TestMarket::blank(CommandType::new_order);
  order.symbol = SymbolId{1};
  order.order.type = OrderType::limit;
  order.order.time_in_force = TimeInForce::gtc;
  order.order.quantity = QuantityLots{1};
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    order.order.side = i % 2 == 0 ? Side::buy : Side::sell;
    order.order.price = PriceTicks{order.order.side == Side::buy ? 110 : 90};
    add(order, 1 + i % 2);
  }
  const std::size_t first = commands.size() + 1;
  phase.phase.phase = Phase::continuous;
  add(phase);
  const Command clock = TestMarket::blank(CommandType::clock);
  for (int i = 0; i < 4; ++i) add(clock);
  order.symbol = SymbolId{2};
  order.order.side = Side::buy;
  for (std::uint32_t i = 0; i < 20'000; ++i) add(order, 3 + i % 2);
  Command cancel = TestMarket::blank(CommandType::mass_cancel);
  add(cancel, 4);
  add(cancel, 3);
  for (int i = 0; i < 8; ++i) add(clock);

  const EngineLimits limits{2, 4, 1u << 15};
  Engine unbroken(limits);
  auto copy = std::make_unique<Engine>(limits);
  std::size_t uncrossing = 0;
  std::size_t sweeping = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    ASSERT_EQ(bytes_after(*copy, commands[i]), bytes_after(unbroken, commands[i])) << i;
    const bool is_order = commands[i].type == CommandType::new_order;
    if (i + 1 < first || is_order) continue;
    EngineImage image;
    copy->save(image);
    uncrossing += image.symbols.front().is_uncrossing;
    sweeping += image.sweeping.size();
    std::string why_not;
    copy = copy_of(*copy, limits, why_not);
    ASSERT_EQ(why_not, "");
  }
  EXPECT_EQ(unbroken.open_orders(), 0u);
  EXPECT_GE(uncrossing, 2u);
  EXPECT_GE(sweeping, 6u);
}

TEST(EngineImageProperty, AnImageThatContradictsItselfIsRefused) {
  std::mt19937_64 random(3);
  std::vector<Recipe> recipes(300);
  for (Recipe& recipe : recipes) {
    for (std::uint8_t& byte : recipe) byte = static_cast<std::uint8_t>(random());
  }
  const auto commands = market_of(recipes);
  Engine engine(RecipeMarket::limits());
  for (const Command& command : commands) bytes_after(engine, command);
  EngineImage image;
  engine.save(image);
  ASSERT_FALSE(image.orders.empty());
  const auto load = [](const EngineImage& changed) {
    Engine loaded(RecipeMarket::limits());
    return std::string(loaded.load(changed));
  };
  ASSERT_EQ(load(image), "");
  EngineImage changed = image;
  changed.orders.push_back(changed.orders.front());
  EXPECT_EQ(load(changed), "an order is there twice");
  changed = image;
  changed.orders.front().symbol = SymbolId{99};
  EXPECT_EQ(load(changed), "an order makes no sense");
  changed = image;
  changed.orders.front().filled = QuantityLots{3};
  EXPECT_EQ(load(changed), "its orders, accounts and symbols do not give its hash");
  changed = image;
  changed.counters.orders_max = 1u << 23;
  EXPECT_EQ(load(changed), "it needs an engine with larger limits");
  changed = image;
  changed.pending.push_back(SymbolId{77});
  EXPECT_EQ(load(changed), "unfinished work of no symbol");
}

}  // namespace
}  // namespace bourse
