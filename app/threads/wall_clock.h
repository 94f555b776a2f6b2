// The exchange's clock: read by the roof, handed down to the sequencer.
//   Shape:   one function; the time is UTC as the machine has it.
//   Units:   nanoseconds since the Unix epoch.
//   Owner:   any thread.
#pragma once

#include <chrono>

#include "matching/types.h"  // TimeNs

namespace bourse {

inline TimeNs wall_clock_now() {
  return TimeNs{std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count()};
}

}  // namespace bourse
