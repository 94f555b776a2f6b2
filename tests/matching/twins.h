// The twins: the engine and its naive twin, given the same commands. Whatever they tell must be the
// same, and what must always hold is checked besides.
//   Shape:  before each command the clock commands that have become due, as the sequencer sends
//           them. Every event is compared; books, queues and invariants every `look_every`
//           commands.
//   Owner:  one test at a time.
//   Errors: the first difference, in words; after it the twins are of no more use.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "matching/engine.h"                  // Engine
#include "tests/matching/recipe.h"            // Recipe, RecipeMarket
#include "tests/matching/reference_engine.h"  // ReferenceEngine

namespace bourse {

// What differs between the events of the engine and those of the twin, or nothing.
std::optional<std::string> difference(const EventBuffer& got, const ReferenceEngine& expected);

class Twins {
 public:
  Twins(const EngineLimits& limits, std::uint32_t look_every);

  // The command is stamped; a new order without an id gets the sequence.
  std::optional<std::string> apply(Command command, TimeNs time);
  std::optional<std::string> apply(const Recipe& recipe);
  // One command, without the clock commands that are due before it.
  std::optional<std::string> apply_alone(Command command, TimeNs time);

  const Engine& engine() const { return engine_; }
  const ReferenceEngine& reference() const { return reference_; }
  const EventBuffer& events() const { return events_; }
  Sequence sequence() const { return sequence_; }
  std::function<void(const EventBuffer&)> listener;  // hears of every command, clocks too
  std::vector<Command> history;  // since keep_history(): for the report of a failure
  void keep_history() { keeps_history_ = true; }

 private:
  std::optional<std::string> compare();
  std::optional<std::string> compare_books(SymbolId symbol) const;
  std::optional<std::string> check_promises(const Command& command);
  std::optional<std::string> check_public_book(SymbolId symbol) const;

  struct Shown {
    OrderId order_id;
    Side side;
    PriceTicks price;
    QuantityLots quantity;
  };

  Engine engine_;
  ReferenceEngine reference_;
  EventBuffer events_;
  RecipeMarket market_;
  Sequence sequence_{0};
  TimeNs now_{1};
  std::uint32_t look_every_;
  bool keeps_history_ = false;
  MatchId match_id_{0};
  std::map<SymbolId, std::vector<Shown>> shown_;  // what public events say, oldest first
};

}  // namespace bourse
