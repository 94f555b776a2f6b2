// The instruments as the feed knows them: by id, by name, by pattern.
//   Shape:  an array by symbol id and a sorted map by name, as the log has defined them.
//   Units:  InstrumentBody's: ticks, lots, 1e-9.
//   Owner:  one io thread; on_transaction() in sequence order. Pointers hold until the next one.
//   Errors: none; what is not defined is nullptr or SymbolId{0}. suggestions() says what was
//           perhaps meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "matching/command.h"       // InstrumentBody
#include "matching/engine.h"        // Engine
#include "matching/market_state.h"  // MarketState
#include "matching/transaction.h"   // TransactionView
#include "matching/types.h"         // SymbolId, Sequence, TimeNs, PriceTicks, QuantityLots

namespace bourse {

struct Instrument {
  SymbolId id;
  InstrumentBody body;
  Sequence sequence;  // of its definition; 0 = before this server's memory
  TimeNs time;        // of its definition; 0 likewise

  std::string_view symbol() const { return body.symbol_view(); }
  std::int64_t wire_price(PriceTicks price) const {
    return price == no_price ? no_price.value() : price.value() * body.tick_size_e9;
  }
  std::uint64_t wire_size(QuantityLots quantity) const { return quantity.value() * body.lot_size; }
};

class InstrumentTable {
 public:
  void recover(const Engine& engine);                // all that the engine knows
  void recover(const MarketState& state);            // all that the state knows
  void on_transaction(const TransactionView& view);  // looks at define_instrument only
  void define(SymbolId id, const InstrumentBody& body, Sequence sequence = {}, TimeNs time = {});

  const Instrument* instrument(SymbolId id) const {
    const std::size_t index = id.value() - std::size_t{1};
    return index < by_id_.size() && by_id_[index].id == id ? &by_id_[index] : nullptr;
  }
  const InstrumentBody* find(SymbolId id) const {
    const Instrument* const found = instrument(id);
    return found == nullptr ? nullptr : &found->body;
  }
  SymbolId find(std::string_view symbol) const;
  std::size_t size() const { return by_name_.size(); }
  // Ids from 1 to this number; some may not be defined.
  std::uint32_t symbol_count() const { return static_cast<std::uint32_t>(by_id_.size()); }

  // Ids in ascending order of all symbols that fit; `*` stands for any characters, also none.
  std::vector<SymbolId> matching(std::string_view pattern) const;
  // Up to three known symbols close to a name that is not known, closest first.
  std::vector<std::string> suggestions(std::string_view symbol) const;

 private:
  std::vector<Instrument> by_id_;  // id - 1
  std::map<std::string, SymbolId, std::less<>> by_name_;
};

bool is_pattern(std::string_view symbol);
bool fits_pattern(std::string_view symbol, std::string_view pattern);
// Insertions, deletions, replacements and swaps of neighbours, letters of either case being equal.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace bourse
