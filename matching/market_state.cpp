#include "matching/market_state.h"

namespace bourse {

DepthError MarketState::apply(const TransactionView& transaction) {
  if (transaction.sequence() != next(sequence_)) return DepthError::sequence_gap;
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind == EventKind::definition) {
      if (transaction.command_type() != CommandType::define_instrument &&
          transaction.command_type() != CommandType::change_instrument) {
        return DepthError::bad_event;
      }
      if (define(event.symbol, transaction.command().instrument) == nullptr) {
        return DepthError::unknown_symbol;
      }
    }
    Symbol* const symbol = defined(event.symbol);
    if (symbol == nullptr) return DepthError::unknown_symbol;
    if (event.kind == EventKind::status) symbol->status = static_cast<std::uint16_t>(event.aux);
    const DepthError error = symbol->book.apply(event);
    if (error != DepthError::none) return error;
  }
  sequence_ = transaction.sequence();
  return DepthError::none;
}

const InstrumentBody* MarketState::instrument(SymbolId symbol) const {
  const Symbol* const found = defined(symbol);
  return found == nullptr ? nullptr : &found->instrument;
}

const DepthBook* MarketState::book(SymbolId symbol) const {
  const Symbol* const found = defined(symbol);
  return found == nullptr ? nullptr : &found->book;
}

DepthBook* MarketState::watched_book(SymbolId symbol) {
  Symbol* const found = defined(symbol);
  return found == nullptr ? nullptr : &found->book;
}

DepthBook* MarketState::define(SymbolId id, const InstrumentBody& instrument) {
  if (!id || id.value() > symbols_max) return nullptr;
  if (id.value() > symbols_.size()) symbols_.resize(id.value());
  Symbol& symbol = symbols_[id.value() - 1];
  if (!symbol.is_defined) {
    symbol.book = DepthBook(instrument.tick_size_e9, instrument.lot_size);
    symbol.is_defined = true;
  }
  symbol.instrument = instrument;
  return &symbol.book;
}

MarketState::Symbol* MarketState::defined(SymbolId symbol) {
  if (!symbol || symbol.value() > symbols_.size()) return nullptr;
  Symbol& found = symbols_[symbol.value() - 1];
  return found.is_defined ? &found : nullptr;
}

const MarketState::Symbol* MarketState::defined(SymbolId symbol) const {
  if (!symbol || symbol.value() > symbols_.size()) return nullptr;
  const Symbol& found = symbols_[symbol.value() - 1];
  return found.is_defined ? &found : nullptr;
}

}  // namespace bourse
