// The instruments an export tells of, and their books as far as its schema needs them.
//   Shape:  an array by symbol id; an event costs what DepthBook asks for it.
//   Owner:  one thread.
//   Errors: wire_price() refuses what does not fit 64 bits of 1e-9; follow() what does not fit the
//           book.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matching/command.h"           // InstrumentBody
#include "matching/depth_book.h"        // DepthBook
#include "matching/market_state.h"      // MarketState
#include "replay/export/market_rows.h"  // PriceE9

namespace bourse {

class ExportBooks {
 public:
  struct Symbol {
    bool is_defined = false;
    bool is_wanted = false;
    InstrumentBody instrument{};
    DepthBook book;

    // False: the price does not fit.
    bool wire_price(PriceTicks ticks, PriceE9& out) const {
      if (ticks == no_price) {
        out = PriceE9{price_none};
        return true;
      }
      std::int64_t price = 0;
      if (__builtin_mul_overflow(ticks.value(), instrument.tick_size_e9, &price)) return false;
      out = PriceE9{price};
      return price != price_none;
    }
  };

  // Without names every symbol is wanted.
  explicit ExportBooks(std::vector<std::string> wanted) : wanted_(std::move(wanted)) {}

  void define(SymbolId symbol, const InstrumentBody& instrument);
  // Takes over the books of a snapshot.
  void start(const MarketState& market);

  // nullptr: not defined so far.
  Symbol* find(SymbolId symbol) {
    if (!symbol || symbol.value() > symbols_.size()) return nullptr;
    Symbol& found = symbols_[symbol.value() - 1];
    return found.is_defined ? &found : nullptr;
  }
  std::uint32_t symbol_count() const { return static_cast<std::uint32_t>(symbols_.size()); }

 private:
  std::vector<std::string> wanted_;
  std::vector<Symbol> symbols_;  // id - 1
};

}  // namespace bourse
