// Rows as text: CSV with a line of names, or one JSON object per line.
//   Shape:  the columns of row_columns.h, then the symbol. JSON as DBN's own tools write it: the
//           fields of the record header under "hd", 64-bit integers and times in quotes.
//           Pretty: prices with nine decimals, sizes in the base currency, times as ISO 8601; raw:
//           integers, as the rows have them.
//   Owner, errors: as RowEncoder; every value of a row has a text.
#pragma once

#include <memory>

#include "replay/export/row_encoder.h"  // RowEncoder

namespace bourse {

std::unique_ptr<RowEncoder> make_csv_encoder(const ExportScope& scope);
std::unique_ptr<RowEncoder> make_jsonl_encoder(const ExportScope& scope);

}  // namespace bourse
