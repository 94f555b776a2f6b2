// A scenario: commands and what must come of them, as text that a trader can read.
//   Shape:  tests/scenarios/README.md has the words. run() executes a file against a fresh engine
//           and gives back the same file with the expected parts replaced by what really came.
//   Owner:  one test at a time.
//   Errors: a line that cannot be understood becomes an entry of `faults`, with its number; so does
//           a broken promise that holds for all events (numbers dense, flags in place).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/matching/test_market.h"  // TestMarket

namespace bourse {

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
  void execute(const std::string& line);
  void execute_words(std::vector<std::string> words);
  void add_options(Command& command, const std::vector<std::string>& words, std::size_t from);
  void apply(const Command& command);
  void check_promises(const Command& command);
  void describe_events();
  std::vector<std::string> describe_books() const;
  std::string describe(const ExecEvent& event) const;
  std::string describe(const PublicEvent& event) const;
  std::string name(OrderId id) const;
  std::string on(SymbolId symbol) const;

  TestMarket market_;
  TimeNs now_{1};
  std::map<std::string, OrderId> ids_;
  std::map<OrderId, std::string> names_;
  std::map<SymbolId, RptSequence> rpt_;
  std::map<AccountId, ExecSequence> exec_;
  MatchId match_id_{0};
  std::vector<std::string> got_;
};

}  // namespace bourse
