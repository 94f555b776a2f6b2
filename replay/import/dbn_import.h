// Builds a journal from DBN files of the schema mbo; files of the schema definition among them say
// what the instruments are.
//   Shape:  one transaction per event group of an instrument (up to its record with LAST). F and
//           the C or M that comes with it become one execution, T without F a print beside the
//           book. Two passes: the first finds instruments, ticks and definitions, the second
//           writes.
//   Units:  without a definition the tick is the largest power of ten that divides all prices, a
//           lot is 1. Time: ts_event; of records of a snapshot ts_recv.
//   Owner:  one thread, until it is done.
//   Errors: a file that cannot be read, is no DBN file or has no orders (no journal is made); what
//           comes later is in the report: where a file ended early (cut), and records that do not
//           fit the book, which are counted and left out.
#pragma once

#include "replay/import/feed_import.h"  // FeedImportOptions, FeedImportReport
#include "replay/result.h"              // Result

namespace bourse {

Result<FeedImportReport> import_dbn(const FeedImportOptions& options,
                                    const FeedImportGoOn& go_on = {});

}  // namespace bourse
