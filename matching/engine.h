// The engine: a pure function from commands to events, over many symbols.
//   Shape:  one Book per instrument, one order pool for all, one id table sized by live orders;
//           all memory is taken in the constructor.
//   Units:  ticks, lots.
//   Owner:  one thread, whichever calls apply(); deterministic: same commands, same events, same
//           state_hash(), on every machine.
//   Errors: every command gets exactly one decision in `out` (accepted or rejected), then its
//           executions in match order. A refusal is an ExecEvent with a RejectReason, no public
//           event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "matching/command.h"  // Command, InstrumentBody
#include "matching/event.h"    // EventBuffer
#include "matching/types.h"    // SymbolId, ...

namespace bourse {

struct EngineLimits {
  std::uint32_t symbols_max = 1024;
  std::uint32_t accounts_max = 4096;
  std::uint32_t orders_max = 1u << 20;  // open orders, all symbols together
};

struct BestPrices {
  PriceTicks bid;  // no_price if the side is empty
  PriceTicks ask;
  QuantityLots bid_quantity;
  QuantityLots ask_quantity;
  std::uint32_t bid_orders;
  std::uint32_t ask_orders;
};

class Engine {
 public:
  explicit Engine(const EngineLimits& limits);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Executes one stamped command. `out` is cleared first.
  void apply(const Command& command, EventBuffer& out);

  // Covers every open order in priority order, instruments, accounts and counters.
  std::uint64_t state_hash() const;

  const InstrumentBody* instrument(SymbolId symbol) const;  // nullptr if not defined
  SymbolId find_symbol(std::string_view symbol) const;      // none if not defined; O(symbols), cold
  std::uint32_t symbol_count() const;
  BestPrices best(SymbolId symbol) const;
  QuantityLots depth_at(SymbolId symbol, Side side, PriceTicks price) const;  // O(1)
  std::uint32_t open_orders() const;
  ClientSequence last_client_sequence(AccountId account) const;
  ExecSequence last_exec_sequence(AccountId account) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
