// The rows of definition, status and imbalance: what an instrument is and which state it is in.
//   Shape:  one row per event.
//   Owner, errors: as RowMaker.
#pragma once

#include <memory>

#include "replay/export/row_maker.h"  // RowMaker

namespace bourse {

// REQUIRES: one of these schemas. `snapshot`: definitions that hold where the range begins come
// first.
std::unique_ptr<RowMaker> make_state_rows(ExportSchema schema, bool snapshot, ExportBooks& books,
                                          RowSink& sink);

}  // namespace bourse
