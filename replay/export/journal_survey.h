// What a journal holds in a range: looked at before an export, so that its files can begin with
// what is in them and an unknown symbol or range is refused before anything is written.
//   Shape:  reads the headers of all transactions up to the end of the range once, and the
//           definitions; keeps the instruments only.
//   Owner:  one thread; costs about what reading the journal costs.
//   Errors: a range outside of the journal (usage, with the range that exists); those of the
//           cursor.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "matching/types.h"             // Sequence, TimeNs
#include "replay/export/row_encoder.h"  // ExportInstrument
#include "replay/log/log.h"             // Log
#include "replay/result.h"              // Result

namespace bourse {

// Bounds are inclusive, the end of a time excluded; nullopt: the beginning, the head.
struct JournalRange {
  std::optional<Sequence> first;
  std::optional<Sequence> last;
  std::optional<TimeNs> start;
  std::optional<TimeNs> end;
};

struct JournalSurvey {
  Sequence first{0};
  Sequence last{0};  // of the range; with a journal that is being written: the head when it began
  TimeNs first_time{0};
  TimeNs last_time{0};
  std::uint64_t transactions = 0;
  std::uint64_t bytes = 0;  // of the transactions of the range
  // All that were defined up to the end, as they were then, by symbol id.
  std::vector<ExportInstrument> instruments;
  // Definitions before the range, in order, for who begins there.
  std::vector<ExportInstrument> defined_before;
};

// `go_on` is asked now and then; false ends it (interrupted).
Result<JournalSurvey> survey_journal(const Log& log, const JournalRange& range,
                                     const std::function<bool()>& go_on = {});

}  // namespace bourse
