#include "tests/matching/scenario.h"

#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "tests/matching/test_market.h"  // test_instrument, TestMarket::blank

namespace bourse {
namespace {

constexpr EngineLimits scenario_limits{.symbols_max = 4, .accounts_max = 26, .orders_max = 16384};

Words split(const std::string& text) {
  std::istringstream in(text);
  Words words;
  for (std::string w; in >> w;) words.push_back(w);
  return words;
}

}  // namespace

Scenario::Scenario() : twins_(scenario_limits, 1) {
  Command define = TestMarket::blank(CommandType::define_instrument);
  define.instrument = test_instrument("ACME", 1, 1000);
  define.instrument.quantity_max = QuantityLots{10'000};
  apply(define);
}

std::vector<Scenario::Block> Scenario::run(const std::string& file) {
  std::vector<Block> blocks;
  std::istringstream in(file);
  Block block{};
  std::size_t number_of_line = 0;
  const auto close = [&] {
    if (block.commands.empty() && block.separator.empty()) return;
    got_.clear();
    for (const std::string& line : block.commands) execute(line);
    block.got = block.separator.starts_with("=") ? describe_books() : got_;
    if (block.separator.empty()) {
      faults.push_back("line " + std::to_string(block.line) + ": a block without ---- or ====");
    }
    blocks.push_back(std::move(block));
    block = {};
  };
  for (std::string line; std::getline(in, line);) {
    ++number_of_line;
    if (line.starts_with('#')) continue;
    if (line.find_first_not_of(' ') == std::string::npos) {
      close();
      continue;
    }
    if (block.commands.empty() && block.separator.empty()) block.line = number_of_line;
    if (line.starts_with("----") || line.starts_with("====")) {
      block.separator = line;
    } else {
      (block.separator.empty() ? block.commands : block.expected).push_back(line);
    }
  }
  close();
  return blocks;
}

void Scenario::execute(const std::string& line) {
  try {
    execute_words(split(line));
  } catch (const std::exception& error) {
    faults.push_back("cannot understand '" + line + "': " + error.what());
  }
}

void Scenario::execute_words(const Words& words) {
  const std::string& verb = words.at(0);
  if (verb == "time") {
    now_ = TimeNs{std::stoll(words.at(1))};
  } else if (verb == "clock") {
    apply_due();
  } else if (verb == "repeat") {
    // repeat N buy A# ...: # counts from 1
    for (std::int64_t i = 1; i <= std::stoll(words.at(1)); ++i) {
      Words once(words.begin() + 2, words.end());
      once.at(1).replace(once.at(1).find('#'), 1, std::to_string(i));
      execute_words(once);
    }
  } else {
    apply(command_of(words));
  }
}

// As the sequencer does: first what has become due.
void Scenario::apply(const Command& command) {
  apply_due();
  apply_alone(command);
}

void Scenario::apply_due() {
  while (twins_.engine().due() <= now_ && faults.empty()) {
    apply_alone(TestMarket::blank(CommandType::clock));
  }
}

void Scenario::apply_alone(const Command& command) {
  if (const auto fault = twins_.apply_alone(command, now_)) faults.push_back(*fault);
  note_trades();
  describe_events();
}

// For the busts: they must name the parties.
void Scenario::note_trades() {
  for (const ExecEvent& event : twins_.events().exec_events()) {
    if (event.type != ExecType::fill && event.type != ExecType::partial_fill) continue;
    Trade& trade = trades_[event.match_id];
    const int party = event.side == Side::buy ? 0 : 1;
    trade.price = event.last_price;
    trade.quantity = event.last_quantity;
    trade.symbol = event.symbol;
    trade.orders[party] = event.order_id;
    trade.accounts[party] = event.account;
  }
}

}  // namespace bourse
