// Which instruments were defined when a sequence was reached, for who begins to read in the middle.
//   Shape:  from the newest snapshot or keyframe before it, or from the beginning; of what lies
//           between, only the parts of segments that define something are read: their footers say
//           where that ends.
//   Owner:  one thread.
//   Errors: those of the cursor. What was defined in a part of the log that was deleted, and is in
//           no snapshot, is not known: that is no error.
#pragma once

#include <vector>

#include "matching/command.h"  // InstrumentBody
#include "matching/types.h"    // Sequence, SymbolId
#include "replay/log/log.h"    // Log
#include "replay/result.h"     // Result

namespace bourse {

struct Definition {
  SymbolId symbol;
  InstrumentBody instrument;
};

// In the order in which they were defined; the last one of a symbol counts.
Result<std::vector<Definition>> definitions_before(const Log& log, Sequence from);

}  // namespace bourse
