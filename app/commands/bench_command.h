// `bourse bench ...`: the benches are an executable of their own, one floor above (docs/adr/0027).
//   Owner:   the main thread.
//   Errors:  not built or not installed beside `bourse`: exit code 66 and how to build it.
#pragma once

#include <string>
#include <vector>

namespace bourse {

// Becomes that executable; returns only if it cannot.
int bench_command(const std::vector<std::string>& arguments);

}  // namespace bourse
