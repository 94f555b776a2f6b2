// How soon the kernel lets a thread run that has just been woken.
//   Shape:   one call, by the thread itself, about itself.
//   Units:   none.
//   Owner:   the calling thread.
//   Errors:  none: what is not permitted or not known to this kernel is done without.
#pragma once

#include <cstdint>

namespace bourse {

enum class Scheduling : std::uint8_t {
  usual = 1,
  short_slice = 2,  // runs before threads that ask for longer slices of time (Linux 6.12)
  realtime = 3,     // SCHED_FIFO: runs before all threads that are not (needs RLIMIT_RTPRIO)
};

// For a thread that sleeps most of the time and has little to do when it is woken: it shall not
// wait for others to use up their slices of several milliseconds. Threads that it starts are as
// they would be without. Returns what was possible.
Scheduling run_before_others();

const char* to_string(Scheduling scheduling);

}  // namespace bourse
