// The rows of trades, tbbo, mbp-1 and mbp-10: trades, and what changes the first levels.
//   Shape:  a trade's row has the levels before it; a row of a change has the levels after it and
//           is there only if one of them changed. tbbo has trades only.
//   Owner, errors: as RowMaker.
#pragma once

#include <memory>

#include "replay/export/row_maker.h"  // RowMaker

namespace bourse {

// REQUIRES: one of these schemas.
std::unique_ptr<RowMaker> make_depth_rows(ExportSchema schema, ExportBooks& books, RowSink& sink);

}  // namespace bourse
