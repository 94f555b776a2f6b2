// Adds, cancels and executes in functions with names of their own, for `valgrind --tool=callgrind
// --toggle-collect='counted_*'`: instructions per operation, the same on every machine and at any
// load. The book is made before, outside what is counted.
//   Shape:  for the matcher (the challenge adapter without a sink) and the full path
//           (Engine::apply with events and state hash): counted_<path>_<operation>.
//   Owner:  the main thread.
#pragma once

#include <cstdint>

namespace bourse {

// Runs each of them with so many operations. Exit code of the process.
int run_counted_operations(std::uint64_t operations);

}  // namespace bourse
