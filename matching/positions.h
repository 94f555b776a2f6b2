// The positions: what an account has bought and sold of a symbol, and what its open orders could
// add, for accounts that have a position limit.
//   Shape:  open addressing by (account, symbol), load at most 1/2; entries are never removed.
//   Units:  lots.
//   Owner:  the thread of the engine.
//   Errors: find_or_add() gives nullptr when tracked_positions_max pairs are known.
#pragma once

#include <cstdint>

#include "matching/pages.h"       // ZeroedPages
#include "matching/state_hash.h"  // mix64
#include "matching/types.h"       // AccountId, SymbolId, Side, QuantityLots

namespace bourse {

// Part of the rules: the same on every machine.
inline constexpr std::uint32_t tracked_positions_max = 1u << 16;

struct Position {
  std::uint64_t key;  // account << 32 | symbol; 0 = free
  std::int64_t net;   // bought less sold
  QuantityLots open_buys;
  QuantityLots open_sells;

  QuantityLots& open(Side side) { return side == Side::buy ? open_buys : open_sells; }
  void fill(Side side, QuantityLots quantity) {
    net += (side == Side::buy ? 1 : -1) * static_cast<std::int64_t>(quantity.value());
  }
  // Would the position stay within the limit if this order and all others of its side were filled?
  bool allows(Side side, QuantityLots quantity, QuantityLots limit) const {
    const std::int64_t along = side == Side::buy ? net : -net;
    const QuantityLots open = side == Side::buy ? open_buys : open_sells;
    return along + static_cast<std::int64_t>(open.value() + quantity.value()) <=
           static_cast<std::int64_t>(limit.value());
  }
};
static_assert(sizeof(Position) == 32);

class Positions {
 public:
  Positions() : slots_(take_zeroed_pages<Position>(slot_count)) {}

  Position* find_or_add(AccountId account, SymbolId symbol) {
    const std::uint64_t key = std::uint64_t{account.value()} << 32 | symbol.value();
    std::uint64_t at = mix64(key) % slot_count;
    for (; slots_[at].key != key; at = (at + 1) % slot_count) {
      if (slots_[at].key != 0) continue;
      if (count_ == tracked_positions_max) return nullptr;
      ++count_;
      slots_[at].key = key;
      break;
    }
    return &slots_[at];
  }
  const Position* find(AccountId account, SymbolId symbol) const {
    const std::uint64_t key = std::uint64_t{account.value()} << 32 | symbol.value();
    std::uint64_t at = mix64(key) % slot_count;
    for (; slots_[at].key != key; at = (at + 1) % slot_count) {
      if (slots_[at].key == 0) return nullptr;
    }
    return &slots_[at];
  }

  // Every pair that is tracked, in no order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint64_t at = 0; at < slot_count; ++at) {
      if (slots_[at].key != 0) visit(slots_[at]);
    }
  }

 private:
  static constexpr std::uint64_t slot_count = 2 * tracked_positions_max;
  ZeroedPages<Position> slots_;
  std::uint32_t count_ = 0;
};

}  // namespace bourse
