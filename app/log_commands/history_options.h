// `bourse book` and `bourse snapshot` on the command line.
//   Owner:   the main thread. The command line library stays in the .cpp.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bourse {

void add_book(CLI::App& app, std::function<int()>& run);
void add_snapshot(CLI::App& app, std::function<int()>& run);

}  // namespace bourse
