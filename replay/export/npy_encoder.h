// Rows as one NumPy array (.npy, version 1.0): a structured, packed, little-endian dtype.
//   Shape:  the columns of row_columns.h; texts as bytes of fixed size. numpy.load(mmap_mode="r")
//           maps the file. The number of rows is written into the head at the end.
//   Owner, errors: as RowEncoder; every value of a row fits.
#pragma once

#include <memory>

#include "replay/export/row_encoder.h"  // RowEncoder

namespace bourse {

std::unique_ptr<RowEncoder> make_npy_encoder(const ExportScope& scope);

}  // namespace bourse
