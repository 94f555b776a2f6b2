// `bourse serve-replay` and `bourse whatif` on the command line.
//   Owner:   the main thread. The command line library stays in the .cpp.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bourse {

void add_serve_replay(CLI::App& app, std::function<int()>& run);
void add_whatif(CLI::App& app, std::function<int()>& run);

}  // namespace bourse
