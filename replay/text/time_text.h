// Times as text: 2026-01-30T14:30:00.123456789Z, always UTC, always nine decimals, so that texts
// sort as times do.
//   Owner:  pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "matching/types.h"  // TimeNs

namespace bourse {

std::string time_text(TimeNs time);

// The same backwards: a date alone, a time without seconds' decimals and an integer of nanoseconds
// since 1970 are understood too. nullopt: no time.
std::optional<TimeNs> parse_time(std::string_view text);

}  // namespace bourse
