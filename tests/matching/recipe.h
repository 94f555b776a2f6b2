// A recipe: sixteen bytes that become one command, so that a seed, a fuzzer and a shrinker speak of
// the same markets. Few prices, few accounts and two symbols, so that rules meet often.
//   Shape:  zeros are the plainest command, a buy at the lowest price; targets are chosen among
//           the orders that are open, so that most cancels and amends find one.
//   Owner:  one test at a time.
//   Errors: none; any bytes make a command, now and then one that makes no sense.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "matching/command.h"  // Command
#include "matching/engine.h"   // EngineLimits

namespace bourse {

using Recipe = std::array<std::uint8_t, 16>;

struct RecipeMarket {
  // What exists before the first recipe, and the size of it all.
  static EngineLimits limits();
  static std::vector<Command> definitions();

  // An order that a recipe may aim at.
  struct Target {
    OrderId order_id;
    AccountId account;
    SymbolId symbol;
    PriceTicks price;
    QuantityLots open;
  };
  // The command of a recipe at this time. Sequence, and the id of a new order, are still missing.
  Command command(const Recipe& recipe, TimeNs now, const std::vector<Target>& open) const;
  // How much later than the one before it comes.
  static std::int64_t wait_ns(const Recipe& recipe);

  MatchId last_match{0};  // for busts
};

}  // namespace bourse
