// The rows of the schema mbo: every order's way, as DBN tells it.
//   Shape:  add, modify, cancel and clear are one row each; an execution is three: T (the trade), F
//           (the resting order's part) and C (what leaves the book).
//   Owner, errors: as RowMaker.
#pragma once

#include <memory>

#include "replay/export/row_maker.h"  // RowMaker

namespace bourse {

// `snapshot`: the book where the range begins comes first, as R and A rows.
std::unique_ptr<RowMaker> make_mbo_rows(bool snapshot, ExportBooks& books, RowSink& sink);

}  // namespace bourse
