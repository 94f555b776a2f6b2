// The machine a figure was measured on: printed above every table.
//   Shape:  a few lines of text.
//   Owner:  any thread; reads /proc.
//   Errors: what cannot be read is called unknown.
#pragma once

#include <string>

namespace bourse {

// Processor, cores, memory, kernel, compiler, flags and commit, and a warning for each thing that
// makes figures doubtful (an unoptimised or sanitized build, a busy machine).
std::string describe_machine();

// Keeps the calling thread on one core; false if the system does not let us.
bool pin_to_core(unsigned core);

}  // namespace bourse
