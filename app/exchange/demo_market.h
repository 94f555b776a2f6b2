// The live market of `bourse serve --demo`: market makers that quote around a price which wanders,
// and takers that hit them, some of them clumsily, so that everything an exchange can say is said.
//   Shape:  passive: step() reads what has happened to its orders, then sends what is due by the
//           rate. At most (makers + takers) * DemoTrader::orders_max open orders, ever.
//   Units:  now in nanoseconds; a rate in commands per second; prices in ticks.
//   Owner:  one thread, a participant like any other: one Gate in, one Cursor on the log out.
//   Errors: deterministic per seed, given the same answers at the same steps. A full gate or late
//           answers only make it send less. A log that cannot be read stops it: failed().
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "app/exchange/demo_trader.h"  // DemoTrader
#include "matching/engine.h"           // Engine
#include "matching/sequencer.h"        // Gate
#include "matching/types.h"            // TimeNs, SymbolId, ...
#include "replay/log/log.h"            // Cursor
#include "replay/result.h"             // Error

namespace bourse {

struct DemoOptions {
  std::uint64_t seed = 42;
  std::uint64_t commands_per_second = 200;
  std::uint32_t makers = 4;
  std::uint32_t takers = 3;
  AccountId first_account{101};  // and the ones after it
};

class DemoMarket {
 public:
  static constexpr std::uint64_t burst_max = 64;  // commands of one step; what is over is left out

  // Trades every instrument the engine knows and goes on with the orders that are open.
  // REQUIRES: the engine is not running yet; `log` delivers what comes after its last command.
  DemoMarket(const DemoOptions& options, const Engine& engine, Gate gate, Cursor log);

  // Returns how many commands it has sent. Never blocks.
  std::size_t step(TimeNs now);

  std::uint64_t sent_count() const { return sent_count_; }
  std::size_t open_orders() const;
  const std::optional<Error>& failed() const { return failed_; }

 private:
  struct Symbol {
    SymbolId id;
    InstrumentBody body;
    std::int64_t anchor_ticks;  // where the price is drawn back to
    std::int64_t fair_ticks;
    std::int64_t unit_ticks;  // a small distance at this price
    std::uint64_t unit_lots;  // a small quantity
  };

  void learn();
  void act();
  void wander(Symbol& symbol);
  void act_as_maker(DemoTrader& maker, Symbol& symbol);
  void act_as_taker(DemoTrader& taker, Symbol& symbol);
  void act_clumsily(DemoTrader& trader, Symbol& symbol);
  void requote(DemoTrader& maker, DemoTrader::Resting& order, const Symbol& symbol);

  void send(DemoTrader& trader, const Command& command);
  DemoTrader* trader_of(AccountId account);
  PriceTicks quote(const Symbol& symbol, Side side);
  PriceTicks priced(const Symbol& symbol, std::int64_t ticks) const;
  QuantityLots sized(const Symbol& symbol, std::uint64_t lots) const;
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }  // the same everywhere
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  Side any_side() { return chance(50) ? Side::buy : Side::sell; }

  DemoOptions options_;
  Gate gate_;
  Cursor log_;
  std::mt19937_64 random_;
  std::vector<Symbol> symbols_;
  std::vector<DemoTrader> traders_;  // makers first
  TimeNs start_{0};                  // of the count of what is due
  std::uint64_t due_count_ = 0;      // since start_
  std::uint64_t sent_count_ = 0;
  std::optional<Error> failed_;
};

}  // namespace bourse
