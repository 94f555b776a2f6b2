#include "replay/export/state_rows.h"

#include "matching/auction_terms.h"  // unpack

namespace bourse {
namespace {

constexpr std::uint64_t status_trading = 7;

char auction_letter(Phase phase) {
  switch (phase) {
    case Phase::closing_auction:
      return 'C';
    case Phase::volatility_auction:
      return 'V';
    default:
      return 'O';
  }
}

class StateRows final : public RowMaker {
 public:
  StateRows(ExportSchema schema, bool snapshot, ExportBooks& books, RowSink& sink)
      : RowMaker(books, sink), schema_(schema), snapshot_(snapshot) {}

  bool needs_books() const override { return false; }

  bool begin(Sequence sequence, TimeNs time) override {
    if (!snapshot_ || schema_ != ExportSchema::definition) return true;
    for (std::uint32_t id = 1; id <= books_.symbol_count(); ++id) {
      const Symbol* const symbol = books_.find(SymbolId{id});
      if (symbol == nullptr || !symbol->is_wanted) continue;
      const DefinitionRow row{{sequence, time, SymbolId{id}}, symbol->instrument, 'A'};
      if (!sink_.write(&row)) return false;
    }
    return true;
  }

 private:
  bool add_event(const PublicEvent& event, Symbol& symbol, const RowHead& head,
                 const TransactionView& transaction) override {
    if (schema_ == ExportSchema::definition && event.kind == EventKind::definition) {
      const bool is_new = transaction.command_type() == CommandType::define_instrument;
      const DefinitionRow row{head, symbol.instrument, is_new ? 'A' : 'M'};
      return sink_.write(&row);
    }
    if (schema_ == ExportSchema::status && event.kind == EventKind::status) {
      const StatusRow row{head, static_cast<std::uint16_t>(event.aux),
                          event.aux == status_trading ? 'Y' : 'N'};
      return sink_.write(&row);
    }
    if (schema_ == ExportSchema::imbalance && event.kind == EventKind::imbalance) {
      ImbalanceRow row{head,         PriceE9{0},           event.quantity,
                       event.leaves, row_side(event.side), auction_letter(unpack(event).phase)};
      return price(symbol, event.price, head, row.price) && sink_.write(&row);
    }
    return true;
  }

  const ExportSchema schema_;
  const bool snapshot_;
};

}  // namespace

std::unique_ptr<RowMaker> make_state_rows(ExportSchema schema, bool snapshot, ExportBooks& books,
                                          RowSink& sink) {
  return std::make_unique<StateRows>(schema, snapshot, books, sink);
}

}  // namespace bourse
