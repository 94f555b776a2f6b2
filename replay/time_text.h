// Times as text: 2026-01-30T14:30:00.123456789Z, always UTC, always nine decimals, so that texts
// sort as times do.
//   Owner:  pure functions.
#pragma once

#include <string>

#include "matching/types.h"  // TimeNs

namespace bourse {

std::string time_text(TimeNs time);

}  // namespace bourse
