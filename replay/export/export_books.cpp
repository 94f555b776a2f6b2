#include "replay/export/export_books.h"

#include <algorithm>

namespace bourse {

void ExportBooks::define(SymbolId symbol, const InstrumentBody& instrument) {
  if (!symbol || symbol.value() > MarketState::symbols_max) return;
  if (symbol.value() > symbols_.size()) symbols_.resize(symbol.value());
  Symbol& defined = symbols_[symbol.value() - 1];
  if (!defined.is_defined) {
    defined.is_defined = true;
    defined.is_wanted =
        wanted_.empty() || std::ranges::find(wanted_, instrument.symbol_view()) != wanted_.end();
    defined.book = DepthBook(instrument.tick_size_e9, instrument.lot_size);
  }
  defined.instrument = instrument;
}

void ExportBooks::start(const MarketState& market) {
  for (std::uint32_t id = 1; id <= market.symbol_count(); ++id) {
    const InstrumentBody* const instrument = market.instrument(SymbolId{id});
    if (instrument == nullptr) continue;
    define(SymbolId{id}, *instrument);
    symbols_[id - 1].book = *market.book(SymbolId{id});
  }
}

}  // namespace bourse
