// Random commands of every rule against the naive twin: each event must be the same, byte for byte,
// and what must always hold is checked after each command. A failure is shrunk to the few commands
// that are needed, and told in the words of scenarios.
#include <gtest/gtest.h>
#if __has_include(<rapidcheck.h>)
#include <rapidcheck.h>
#define BOURSE_HAS_RAPIDCHECK 1
#else
#define BOURSE_HAS_RAPIDCHECK 0
#endif

#include <random>
#include <vector>

#include "tests/matching/recipe.h"        // Recipe
#include "tests/matching/recipe_words.h"  // words_of
#include "tests/matching/twins.h"         // Twins
#include "tests/test_seed.h"              // test_seed

namespace bourse {
namespace {

std::unique_ptr<Twins> new_twins(std::uint32_t look_every) {
  auto twins = std::make_unique<Twins>(RecipeMarket::limits(), look_every);
  for (const Command& command : RecipeMarket::definitions()) twins->apply(command, TimeNs{1});
  return twins;
}

// The first difference with the commands that led there; empty if there is none.
std::string difference_after(const std::vector<Recipe>& recipes) {
  const auto twins = new_twins(1);
  twins->keep_history();
  for (const Recipe& recipe : recipes) {
    const auto fault = twins->apply(recipe);
    if (!fault) continue;
    std::string story = "\n";
    for (const Command& command : twins->history) story += words_of(command) + "\n";
    return story + *fault;
  }
  return {};
}

#if BOURSE_HAS_RAPIDCHECK
TEST(RulesProperty, EveryRuleGivesTheEventsOfTheNaiveEngine) {
  const std::uint64_t seed = test_seed();
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = BOURSE_SANITIZED ? 30 : 150;
  params.maxSize = 400;
  const auto property = [] {
    const auto recipes = *rc::gen::container<std::vector<Recipe>>(
        rc::gen::container<Recipe>(rc::gen::arbitrary<std::uint8_t>()));
    const std::string fault = difference_after(recipes);
    if (!fault.empty()) RC_FAIL(fault);
  };
  const auto result = rc::detail::checkProperty(rc::detail::toProperty(property), {}, params);
  std::ostringstream told;
  rc::detail::printResultMessage(result, told);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << told.str();
}
#endif

// Longer lives than a shrinker has patience for; the soak (docs/MATCHING.md) goes on with them.
TEST(RulesProperty, LongRandomMarketsGiveTheEventsOfTheNaiveEngine) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("BOURSE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < (BOURSE_SANITIZED ? 2 : 10); ++round) {
    const auto twins = new_twins(16);
    std::vector<Recipe> recipes;
    for (int i = 0; i < 10'000; ++i) {
      Recipe recipe;
      for (std::uint8_t& byte : recipe) byte = static_cast<std::uint8_t>(random());
      recipes.push_back(recipe);
      const auto fault = twins->apply(recipe);
      ASSERT_EQ(fault, std::nullopt)
          << "round " << round << ", command " << i << *fault << difference_after(recipes);
    }
  }
}

// The generator would prove nothing if its markets were dull.
TEST(RulesProperty, TheRandomMarketsMeetEveryRule) {
  std::mt19937_64 random(1);
  std::map<ExecType, std::size_t> types;
  std::map<EventKind, std::size_t> kinds;
  std::map<RejectReason, std::size_t> reasons;
  std::map<std::uint32_t, std::size_t> flags;
  std::map<std::uint64_t, std::size_t> cancels;
  for (int round = 0; round < 20; ++round) {
    const auto twins = new_twins(1000);
    twins->listener = [&](const EventBuffer& events) {
      for (const ExecEvent& event : events.exec_events()) {
        ++types[event.type];
        ++reasons[event.reject_reason];
        for (std::uint32_t bit = 1; bit != 512; bit *= 2) flags[bit] += (event.flags & bit) / bit;
      }
      for (const PublicEvent& event : events.public_events()) {
        ++kinds[event.kind];
        if (event.kind == EventKind::cancel) ++cancels[event.aux];
      }
    };
    for (int i = 0; i < 10'000; ++i) {
      Recipe recipe;
      for (std::uint8_t& byte : recipe) byte = static_cast<std::uint8_t>(random());
      ASSERT_EQ(twins->apply(recipe), std::nullopt);
    }
  }
  for (unsigned i = 0; i <= static_cast<unsigned>(ExecType::cancel_rejected); ++i) {
    EXPECT_GT(types[ExecType{static_cast<std::uint8_t>(i)}], 10u) << "report type " << i;
  }
  for (const EventKind kind :
       {EventKind::add, EventKind::modify, EventKind::cancel, EventKind::execute, EventKind::trade,
        EventKind::status, EventKind::definition, EventKind::imbalance, EventKind::bust}) {
    EXPECT_GT(kinds[kind], 10u) << "kind " << static_cast<int>(kind);
  }
  for (std::uint32_t bit = 1; bit != 512; bit *= 2) EXPECT_GT(flags[bit], 5u) << "flag " << bit;
  for (const RejectReason reason :
       {RejectReason::halted,           RejectReason::bad_lot,
        RejectReason::min_notional,     RejectReason::max_quantity,
        RejectReason::price_collar,     RejectReason::would_cross,
        RejectReason::unknown_order,    RejectReason::self_trade,
        RejectReason::no_liquidity,     RejectReason::amend_invalid,
        RejectReason::unsupported,      RejectReason::bad_field,
        RejectReason::book_full,        RejectReason::wrong_phase,
        RejectReason::account_disabled, RejectReason::open_orders_limit,
        RejectReason::position_limit,   RejectReason::order_rate,
        RejectReason::max_notional,     RejectReason::bad_account,
        RejectReason::unknown_trade,    RejectReason::delisted,
        RejectReason::already_busted,   RejectReason::duplicate_order_id}) {
    EXPECT_GT(reasons[reason], 2u) << "reason " << static_cast<int>(reason);
  }
  for (const CancelReason reason :
       {CancelReason::requested, CancelReason::amended, CancelReason::mass_cancel,
        CancelReason::disconnect, CancelReason::dead_man, CancelReason::kill_switch,
        CancelReason::self_trade, CancelReason::expired, CancelReason::delisted}) {
    EXPECT_GT(cancels[static_cast<std::uint64_t>(reason)], 1u)
        << "cancel " << static_cast<int>(reason);
  }
}

}  // namespace
}  // namespace bourse
