// The trades that have been declared void, so that none is taken back twice.
//   Shape:  open addressing by match id, load at most 1/2; entries are never removed.
//   Owner:  the thread of the engine.
//   Errors: none; whoever adds asks is_full() and knows() first.
#pragma once

#include <cstdint>

#include "matching/pages.h"       // ZeroedPages
#include "matching/state_hash.h"  // mix64
#include "matching/types.h"       // MatchId

namespace bourse {

// Part of the rules: the same on every machine. A venue voids a handful in a bad year.
inline constexpr std::uint32_t busted_trades_max = 1u << 16;

class BustedTrades {
 public:
  BustedTrades() : slots_(take_zeroed_pages<MatchId>(slot_count)) {}

  bool is_full() const { return count_ == busted_trades_max; }
  bool knows(MatchId trade) const { return slots_[place_of(trade)] == trade; }
  // REQUIRES: !is_full(), !knows(trade).
  void add(MatchId trade) {
    slots_[place_of(trade)] = trade;
    ++count_;
  }
  // visit(MatchId), in no order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint64_t at = 0; count_ != 0 && at < slot_count; ++at)
      if (slots_[at] != MatchId{0}) visit(slots_[at]);
  }

 private:
  static constexpr std::uint64_t slot_count = 2 * busted_trades_max;

  std::uint64_t place_of(MatchId trade) const {
    std::uint64_t at = mix64(trade.value()) % slot_count;
    while (slots_[at] != MatchId{0} && slots_[at] != trade) at = (at + 1) % slot_count;
    return at;
  }

  ZeroedPages<MatchId> slots_;
  std::uint32_t count_ = 0;
};

}  // namespace bourse
