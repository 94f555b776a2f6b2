// The verbs of `bourse journal`, and `bourse diff`, on the command line.
//   Owner:   the main thread. The command line library stays in the .cpp.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bourse {

void add_journal(CLI::App& app, std::function<int()>& run);

}  // namespace bourse
