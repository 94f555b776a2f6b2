// The day of an ITCH file: its messages say nanoseconds since midnight in New York and no date.
//   Shape:  free functions; US daylight saving time by the rule in force since 2007.
//   Units:  dates as YYYY-MM-DD, times in nanoseconds since the Unix epoch.
//   Owner:  any thread.
//   Errors: a date that is none is refused as a wrong use of the command line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "matching/types.h"  // TimeNs
#include "replay/result.h"   // Result

namespace bourse {

// Midnight in New York at the start of this day. A session that begins before the clock changes at
// two in the morning is off by an hour on two Sundays of the year, when there is no trading.
Result<TimeNs> new_york_midnight(std::string_view date);

// The date in the name of the file, or of its folder: 20200130, 2020-01-30, 01302020 or S013020,
// as Nasdaq and others name their files. Empty if there is none.
std::string date_in_path(const std::filesystem::path& path);

// The date as given, or else as the path has it; refused with a hint if there is neither.
Result<TimeNs> itch_midnight(std::string_view date, const std::filesystem::path& path);

}  // namespace bourse
