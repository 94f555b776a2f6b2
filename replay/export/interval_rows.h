// The rows of bbo-1s and of the bars (ohlcv): one per instrument and interval of time.
//   Shape:  intervals begin at multiples of their length since the Unix epoch. A bar is there if
//           the instrument traded in it, a bbo row if its best prices or its last trade changed.
//           All rows of an interval come when it has ended, by instrument id; those of the last,
//           perhaps unfinished one with finish(). A bust comes after its trade's bar and does not
//           change it.
//   Owner, errors: as RowMaker.
#pragma once

#include <memory>

#include "replay/export/row_maker.h"  // RowMaker

namespace bourse {

std::unique_ptr<RowMaker> make_bbo_rows(ExportBooks& books, RowSink& sink);
// REQUIRES: a schema ohlcv-*.
std::unique_ptr<RowMaker> make_bar_rows(ExportSchema schema, ExportBooks& books, RowSink& sink);

}  // namespace bourse
