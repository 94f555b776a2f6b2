// Rows as DBN, version 3: the metadata, then the records, byte for byte as docs/DATA.md says.
//   Shape:  one record per row; sequence is the lower 32 bits of ours, ts_recv is ts_event. A size
//           is a count of ExportScope::size_unit lots.
//   Owner, errors: as RowEncoder; a size above 2^32 - 2 or that is no multiple of the unit, and a
//           time before 1970, are refused.
#pragma once

#include <memory>

#include "replay/export/row_encoder.h"  // RowEncoder

namespace bourse {

std::unique_ptr<RowEncoder> make_dbn_encoder(const ExportScope& scope);

}  // namespace bourse
