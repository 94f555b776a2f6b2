// A scenario: commands and what must come of them, as text that a trader can read.
//   Shape:  tests/scenarios/README.md has the words. run() executes a file against a fresh engine
//           and its naive twin, and gives back the same file with the expected parts replaced by
//           what really came.
//   Owner:  one test at a time.
//   Errors: a line that cannot be understood becomes an entry of `faults`, with its number; so does
//           any difference between the twins and any promise that they break.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/matching/twins.h"  // Twins

namespace bourse {

using Words = std::vector<std::string>;

class Scenario {
 public:
  Scenario();

  // One block of a file: commands, then a line of dashes (events) or equals signs (books), then
  // the lines expected.
  struct Block {
    std::size_t line;  // of its first line in the file, from 1
    std::vector<std::string> commands;
    std::string separator;
    std::vector<std::string> expected;
    std::vector<std::string> got;
  };
  std::vector<Block> run(const std::string& text);

  std::vector<std::string> faults;

 private:
  // scenario.cpp: files, blocks, and how commands are applied
  void execute(const std::string& line);
  void execute_words(const Words& words);
  void apply(const Command& command);
  void apply_due();
  void apply_alone(const Command& command);
  void note_trades();

  // scenario_commands.cpp: words to commands
  Command command_of(const Words& words);
  Command new_order(const Words& words);
  Command amend(const Words& words);
  Command cancel(const Words& words);
  Command define(const Words& words);
  Command change(const Words& words);
  Command phase(const Words& words);
  Command rules(const Words& words);
  Command account(const Words& words);
  Command mass_cancel(const Words& words);
  Command cancel_after(const Words& words);
  Command bust(const Words& words);
  void add_options(Command& command, const Words& words, std::size_t from);
  bool add_flag(Command& command, const std::string& option) const;
  bool add_value(Command& command, const std::string& option, const std::string& value) const;
  SymbolId symbol_of(const std::string& name) const;

  // scenario_text.cpp: events and books to words
  void describe_events();
  std::vector<std::string> describe_books() const;
  void describe_side(SymbolId symbol, Side side, std::vector<std::string>& lines) const;
  std::string describe(const ExecEvent& event) const;
  std::string describe(const PublicEvent& event) const;
  std::string name(OrderId id) const;
  std::string on(SymbolId symbol) const;

  struct Trade {
    PriceTicks price;
    QuantityLots quantity;
    OrderId orders[2];  // of the buyer, of the seller
    AccountId accounts[2];
    SymbolId symbol;
  };

  Twins twins_;
  TimeNs now_{1};
  std::map<std::string, OrderId> ids_;
  std::map<OrderId, std::string> names_;
  std::map<MatchId, Trade> trades_;
  std::vector<std::string> got_;
};

}  // namespace bourse
