// Trading: the phase of a symbol, the rules it trades by, and what its followers need to know.
//   Shape:  plain values in the book of the symbol.
//   Units:  ticks, lots, nanoseconds.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "matching/command.h"  // RulesBody, MassCancelCause
#include "matching/slab.h"     // Handle
#include "matching/types.h"    // Phase, PriceTicks, ...

namespace bourse {

struct Trading {
  // These eight bytes are read at once: is_plain().
  std::uint32_t followers = 0;  // waiting stops, pegged orders
  bool is_ruled = false;        // another phase, or a rule about the orders that are taken
  bool is_banded = false;       // rules.dynamic_band is set
  std::uint8_t always_zero_[2] = {};
  Phase phase = Phase::continuous;
  Phase next_phase = Phase::none;  // at change_at
  bool is_pending = false;         // has unfinished work: in the list of the engine
  bool is_uncrossing = false;
  bool is_settling = false;  // stops or pegs that had no room in their transaction
  bool is_delisted = false;
  bool pegs_stand = false;  // where peg_bid and peg_ask want them: not after another phase
  Phase phase_after_uncross = Phase::none;
  enum class Sweep : std::uint8_t { none, day_orders, all_orders } sweep = Sweep::none;
  Side sweep_side = Side::none;
  MassCancelCause sweep_cause = MassCancelCause::requested;
  PriceTicks last_trade = no_price;
  PriceTicks trade_low = no_price;  // since trailing stops were last looked at
  PriceTicks trade_high = no_price;
  Handle oldest_follower = no_handle;  // trailing stops and pegs, oldest first
  Handle newest_follower = no_handle;
  PriceTicks peg_bid = no_price;  // displayed best prices that the pegs have followed
  PriceTicks peg_ask = no_price;
  PriceTicks uncross_price = no_price;
  TimeNs change_at{0};
  TimeNs resume_change_at{0};  // of the phase that a volatility auction interrupted
  Phase resume_next_phase = Phase::none;
  TimeNs indicative_at{0};
  PriceTicks told_price = no_price;  // of the last indicative event
  QuantityLots told_quantity{0};
  QuantityLots told_surplus{0};
  Side told_side = Side::none;
  SymbolId next_pending{0};
  Sequence last_marked{0};  // transaction whose last event has been flagged
  RulesBody rules{};

  // After any change of phase or rules: what nearly every order asks, in one word.
  void note_rules() {
    is_ruled = phase != Phase::continuous || is_delisted ||
               (static_cast<std::uint64_t>(rules.static_band.value()) | rules.notional_min |
                rules.notional_max) != 0;
    is_banded = rules.dynamic_band != TickDelta{0};
  }
  // Is there nothing to look at but the two sides of the book?
  bool is_plain() const {
    std::uint64_t words;
    std::memcpy(&words, this, sizeof words);
    return words == 0;
  }
  // Is a price too far from where the last trade was, or the reference before the first?
  bool leaves_band(PriceTicks price, PriceTicks from) const {
    const TickDelta band = rules.dynamic_band;
    return is_banded && from != no_price && (price > from + band || price < from - band);
  }
  PriceTicks reference() const {
    if (last_trade != no_price) return last_trade;
    return rules.reference_price == PriceTicks{0} ? no_price : rules.reference_price;
  }
};
static_assert(offsetof(Trading, followers) == 0 && offsetof(Trading, phase) == 8);
static_assert(offsetof(Trading, is_ruled) == 4 && offsetof(Trading, is_banded) == 5);

}  // namespace bourse
