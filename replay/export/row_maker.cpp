#include "replay/export/row_maker.h"

#include <fmt/format.h>

#include "replay/export/depth_rows.h"     // make_depth_rows
#include "replay/export/interval_rows.h"  // make_bbo_rows, make_bar_rows
#include "replay/export/level_rows.h"     // make_level_rows
#include "replay/export/mbo_rows.h"       // make_mbo_rows
#include "replay/export/state_rows.h"     // make_state_rows

namespace bourse {

bool RowMaker::refuse(Sequence sequence, std::string what, std::string next) {
  error_ = {.code = ExitCode::data_damaged,
            .what = std::move(what),
            .where = fmt::format("sequence {}", sequence.value()),
            .next = std::move(next)};
  return false;
}

void RowMaker::learn(const PublicEvent& event, const TransactionView& transaction) {
  const CommandType type = transaction.command_type();
  if (type == CommandType::define_instrument || type == CommandType::change_instrument) {
    books_.define(event.symbol, transaction.command().instrument);
  }
}

bool RowMaker::apply(const PublicEvent& event, Symbol& symbol, Sequence sequence) {
  const DepthError error = symbol.book.apply(event);
  if (error == DepthError::none) return true;
  return refuse(sequence,
                fmt::format("the public events do not fit the book: {}", to_string(error)),
                "check the journal: bourse replay DIRECTORY --verify");
}

bool RowMaker::price(const Symbol& symbol, PriceTicks ticks, const RowHead& head, PriceE9& out) {
  if (symbol.wire_price(ticks, out)) return true;
  return refuse(head.sequence,
                fmt::format("the price {} ticks of {} does not fit 64 bits of 1e-9", ticks.value(),
                            symbol.instrument.symbol_view()),
                "choose other symbols with --symbols, or end the range before it");
}

bool RowMaker::follow(const TransactionView& transaction) {
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind == EventKind::definition) learn(event, transaction);
    Symbol* const symbol = books_.find(event.symbol);
    if (symbol == nullptr || !symbol->is_wanted || !needs_books()) continue;
    if (!apply(event, *symbol, transaction.sequence())) return false;
  }
  return true;
}

bool RowMaker::add(const TransactionView& transaction) {
  if (!begin_transaction(transaction)) return false;
  RowHead head{transaction.sequence(), transaction.time(), SymbolId{0}};
  Symbol* symbol = nullptr;
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind == EventKind::definition) learn(event, transaction);
    if (head.symbol != event.symbol || symbol == nullptr) symbol = books_.find(event.symbol);
    head.symbol = event.symbol;
    if (symbol == nullptr) return refuse(head.sequence, "an instrument that was never defined");
    if (!symbol->is_wanted) continue;
    if (!add_event(event, *symbol, head, transaction)) return false;
  }
  return end_transaction();
}

std::unique_ptr<RowMaker> make_row_maker(ExportFormat format, ExportSchema schema, bool snapshot,
                                         ExportBooks& books, RowSink& sink) {
  const bool tardis = format == ExportFormat::tardis_csv;
  switch (schema) {
    case ExportSchema::mbo:
      return tardis ? make_level_rows(books, sink) : make_mbo_rows(snapshot, books, sink);
    case ExportSchema::trades:
    case ExportSchema::mbp_1:
      return make_depth_rows(schema, books, sink);
    default:
      break;
  }
  if (tardis) return nullptr;
  switch (schema) {
    case ExportSchema::mbp_10:
    case ExportSchema::tbbo:
      return make_depth_rows(schema, books, sink);
    case ExportSchema::bbo_1s:
      return make_bbo_rows(books, sink);
    case ExportSchema::ohlcv_1s:
    case ExportSchema::ohlcv_1m:
    case ExportSchema::ohlcv_1h:
    case ExportSchema::ohlcv_1d:
      return make_bar_rows(schema, books, sink);
    case ExportSchema::definition:
    case ExportSchema::status:
    case ExportSchema::imbalance:
      return make_state_rows(schema, snapshot, books, sink);
    default:
      return nullptr;
  }
}

}  // namespace bourse
