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
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "matching/command.h"  // Command, InstrumentBody, EpochBody
#include "matching/event.h"    // EventBuffer
#include "matching/trading.h"  // Trading
#include "matching/types.h"    // SymbolId, ...

namespace bourse {

struct EngineLimits {
  std::uint32_t symbols_max = 1024;
  std::uint32_t accounts_max = 4096;
  std::uint32_t orders_max = 1u << 20;  // open orders, all symbols together; at most 2^24
};

struct BestPrices {
  PriceTicks bid;  // no_price if the side is empty
  PriceTicks ask;
  QuantityLots bid_quantity;
  QuantityLots ask_quantity;
  std::uint32_t bid_orders;
  std::uint32_t ask_orders;
};

// One order that rests in a book, with all that its owner may know of it.
struct OpenOrder {
  OrderId order_id;
  AccountId account;
  SymbolId symbol;
  PriceTicks price;        // where it rests; of a waiting stop or peg: its limit
  PriceTicks stop_price;   // or distance; 0 or no_price: none
  QuantityLots leaves;     // all that is open
  QuantityLots displayed;  // what everybody sees of it
  QuantityLots filled;
  std::uint64_t priority;  // lower is older: sequence << 14 | ordinal in that transaction
  ClientSequence client_sequence;
  TimeNs expire_at;
  GroupId group;
  SessionId session;
  Side side;
  OrderType type;
  TimeInForce time_in_force;
  std::uint8_t order_flags;
  bool is_waiting;  // a stop that has not been triggered
  ClientOrderId client_order_id;
};

// The orders of a symbol, by who may see them.
enum class Orders : std::uint8_t { displayed, hidden, waiting };

inline constexpr TimeNs never{std::numeric_limits<std::int64_t>::max()};

struct Account;
struct EngineImage;
struct EngineState;

class Engine {
 public:
  explicit Engine(const EngineLimits& limits);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // Executes one stamped command. `out` is cleared first.
  // REQUIRES: command.type is not imported; command.sequence is higher than every one before.
  void apply(const Command& command, EventBuffer& out);

  // When a clock command has something to do: at once if work is unfinished, never if nothing waits
  // for a time. O(1).
  TimeNs due() const;

  // A log can only be replayed by an engine with at least its limits: ask this about every
  // open_epoch before apply(), which refuses one that does not fit with book_full.
  bool fits(const EpochBody& epoch) const;

  // Covers every open order in priority order, instruments, accounts and counters. O(1).
  std::uint64_t state_hash() const;

  // The limits in force: those of the last open_epoch, or of the constructor before the first.
  const EngineLimits& limits() const;
  const InstrumentBody* instrument(SymbolId symbol) const;  // nullptr if not defined
  SymbolId find_symbol(std::string_view symbol) const;      // none if not defined; O(symbols), cold
  std::uint32_t symbol_count() const;
  BestPrices best(SymbolId symbol) const;  // an undefined symbol is an empty book
  QuantityLots depth_at(SymbolId symbol, Side side, PriceTicks price) const;  // O(1)
  std::uint32_t open_orders() const;
  std::optional<OpenOrder> open_order(OrderId order) const;
  ClientSequence last_client_sequence(AccountId account) const;  // 0 for an unknown account
  ExecSequence last_exec_sequence(AccountId account) const;
  RptSequence last_rpt_sequence(SymbolId symbol) const;  // 0 if not defined

  Trading trading(SymbolId symbol) const;           // phase, rules, last trade
  const Account* account(AccountId account) const;  // nullptr for an unknown account
  std::int64_t position(AccountId account, SymbolId symbol) const;  // 0 if it is not tracked

  // visit(const OpenOrder&) for every open order of one side of a symbol, best level first, oldest
  // order of a level first. For snapshots and reports; the engine must not change meanwhile.
  template <class Visit>
  void for_each_order(SymbolId symbol, Side side, Visit&& visit,
                      Orders which = Orders::displayed) const {
    visit_orders(
        symbol, side, which,
        [](void* to, const OpenOrder& order) {
          (*static_cast<std::remove_reference_t<Visit>*>(to))(order);
        },
        const_cast<void*>(static_cast<const void*>(&visit)));
  }

  // All that its later behaviour depends on (matching/engine_image.h). O(orders + accounts).
  void save(EngineImage& image) const;
  // Becomes the engine that was saved: what it does from here on is the same, byte for byte.
  // Empty if done; else what is wrong with the image, and then this engine is of no more use.
  // REQUIRES: nothing has been applied to it.
  [[nodiscard]] std::string_view load(const EngineImage& image);

  // A hint that this command will be applied soon: begins to load what it will touch.
  void prefetch(const Command& command) const;

  // Walks everything, O(orders): do all links, totals and counts agree? For tests.
  bool consistent() const;

 private:
  void visit_orders(SymbolId symbol, Side side, Orders which,
                    void (*visit)(void*, const OpenOrder&), void* to) const;
  std::unique_ptr<EngineState> state_;
};

}  // namespace bourse
