// The time of day, for what is told to people and clients. Nothing is decided by it: sequencing has
// its own reading in app/, and the sessions' deadlines use the time that their io thread tells.
//   Units:  nanoseconds since the Unix epoch, UTC.
//   Owner:  any thread.
#pragma once

#include <chrono>

#include "matching/types.h"  // TimeNs

namespace bourse {

inline TimeNs wall_clock_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return TimeNs{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
}

}  // namespace bourse
