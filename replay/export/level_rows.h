// The rows of an incremental book of levels: each level's new total after every event that changes
// it; all levels first if the range begins with a book.
//   Shape:  one row per level and event, two for an order that goes to another price.
//   Owner, errors: as RowMaker.
#pragma once

#include <memory>

#include "replay/export/row_maker.h"  // RowMaker

namespace bourse {

std::unique_ptr<RowMaker> make_level_rows(ExportBooks& books, RowSink& sink);

}  // namespace bourse
