#include "replay/export/row_encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "replay/export/dbn_encoder.h"     // make_dbn_encoder
#include "replay/export/npy_encoder.h"     // make_npy_encoder
#include "replay/export/tardis_encoder.h"  // make_tardis_encoder
#include "replay/export/text_encoder.h"    // make_csv_encoder, make_jsonl_encoder

namespace bourse {

const ExportInstrument* ExportScope::find(SymbolId symbol) const {
  const auto at = std::ranges::lower_bound(instruments, symbol, {}, &ExportInstrument::symbol);
  return at == instruments.end() || at->symbol != symbol ? nullptr : &*at;
}

bool RowEncoder::refuse(const RowHead& head, std::string what, std::string next) {
  const ExportInstrument* const found = scope_.find(head.symbol);
  error_ = {.code = ExitCode::data_damaged,
            .what = std::move(what),
            .where = fmt::format("sequence {}, {}", head.sequence.value(),
                                 found == nullptr ? "" : found->body.symbol_view()),
            .next = std::move(next)};
  return false;
}

std::unique_ptr<RowEncoder> make_row_encoder(const ExportScope& scope) {
  switch (scope.format) {
    case ExportFormat::dbn:
      return make_dbn_encoder(scope);
    case ExportFormat::csv:
      return make_csv_encoder(scope);
    case ExportFormat::tardis_csv:
      return make_tardis_encoder(scope);
    case ExportFormat::npy:
      return make_npy_encoder(scope);
    case ExportFormat::jsonl:
      return make_jsonl_encoder(scope);
  }
  return nullptr;
}

}  // namespace bourse
