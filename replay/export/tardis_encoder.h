// Rows as the CSV files that Tardis' users know: incremental_book_L2, trades, quotes.
//   Shape:  made from mbo, trades and mbp-1; prices and amounts as decimals, times in microseconds.
//   Owner, errors: as RowEncoder; what is below a microsecond of a time is left away, as the format
//           has no place for it.
#pragma once

#include <memory>

#include "replay/export/row_encoder.h"  // RowEncoder

namespace bourse {

std::unique_ptr<RowEncoder> make_tardis_encoder(const ExportScope& scope);

}  // namespace bourse
