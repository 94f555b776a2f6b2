// One report of the private stream as JSON: {"op":"exec",...}, for sessions of bourse.json.v1.
//   Shape:  the fields of ExecFixed by their names; enumerations in words, prices and quantities as
//           decimal text, 64-bit integers as text; what a report does not have is left out.
//   Owner:  free function; appends to the caller's text.
//   Errors: none.
#pragma once

#include <string>

#include "feed/instrument_table.h"   // InstrumentTable
#include "feed/trade/exec_router.h"  // Report

namespace bourse {

void append_exec_json(const Report& report, bool replay, const InstrumentTable& instruments,
                      std::string& out);

}  // namespace bourse
