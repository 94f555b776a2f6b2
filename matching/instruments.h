// The instruments: the definitions of all symbols, in the order in which they came.
//   Shape:  an array by symbol id; find by name is O(symbols) and cold. Ids grow: each definition
//           has a higher one than those before it, mostly the next. Those left out belong to other
//           engines of the same exchange, which have a share of one numbering.
//   Owner:  the thread of the engine.
//   Errors: check_instrument() says what is wrong with a definition as a RejectReason.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "matching/command.h"     // InstrumentBody
#include "matching/state_hash.h"  // StateHash
#include "matching/types.h"       // SymbolId, RejectReason

namespace bourse {

// No order is larger than this, whatever the instrument allows: so the total of a level of
// orders_most orders fits 64 bits.
inline constexpr QuantityLots quantity_most{(std::uint64_t{1} << 40) - 1};
inline constexpr std::uint32_t orders_most = (1u << 24) - 2;

// bad_instrument unless: the symbol is printable ASCII without blanks, ended by zeros; tick and lot
// size are positive; 0 < quantity_min <= quantity_max <= quantity_most; price_min <= price_max; and
// every price and quantity fits the words of the wire.
RejectReason check_instrument(const InstrumentBody& instrument);

class Instruments {
 public:
  explicit Instruments(std::uint32_t symbols_max)
      : bodies_(std::make_unique_for_overwrite<InstrumentBody[]>(symbols_max)) {}

  const InstrumentBody* find(SymbolId symbol) const {
    return symbol.value() != 0 && symbol.value() <= count_ && is_defined(symbol.value() - 1)
               ? &bodies_[symbol.value() - 1]
               : nullptr;
  }
  SymbolId find(std::string_view symbol) const;   // none if not defined
  std::uint32_t count() const { return count_; }  // the highest id that is defined
  bool is_defined(std::uint32_t index) const { return bodies_[index].symbol[0] != '\0'; }
  // REQUIRES: count() < symbol <= symbols_max.
  void add(SymbolId symbol, const InstrumentBody& instrument, StateHash& hash);
  // REQUIRES: the symbol is defined.
  void change(SymbolId symbol, const InstrumentBody& instrument) {
    bodies_[symbol.value() - 1] = instrument;
  }

 private:
  std::unique_ptr<InstrumentBody[]> bodies_;
  std::uint32_t count_ = 0;
};

}  // namespace bourse
