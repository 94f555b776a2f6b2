#include "feed/instrument_table.h"

namespace bourse {

void InstrumentTable::recover(const Engine& engine) {
  for (std::uint32_t id = 1; id <= engine.symbol_count(); ++id)
    if (const InstrumentBody* body = engine.instrument(SymbolId{id})) define(SymbolId{id}, *body);
}

void InstrumentTable::on_transaction(const TransactionView& view) {
  if (view.command_type() != CommandType::define_instrument) return;
  // A refused definition has no public event.
  for (const PublicEvent& event : view.public_events())
    if (event.kind == EventKind::definition) define(event.symbol, view.command().instrument);
}

void InstrumentTable::define(SymbolId symbol, const InstrumentBody& body) {
  if (by_id_.size() <= symbol.value()) by_id_.resize(symbol.value() + 1);
  by_id_[symbol.value()] = body;
  by_name_.insert_or_assign(std::string{body.symbol_view()}, symbol);
}

const InstrumentBody* InstrumentTable::find(SymbolId symbol) const {
  if (symbol.value() >= by_id_.size() || !by_id_[symbol.value()]) return nullptr;
  return &*by_id_[symbol.value()];
}

SymbolId InstrumentTable::find(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? SymbolId{} : at->second;
}

}  // namespace bourse
