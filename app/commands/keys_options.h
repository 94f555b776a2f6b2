// The command line of `bourse keys`.
//   Shape:   adds the subcommand; what was chosen is stored in `run`.
//   Owner:   the main thread.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bourse {

void add_keys(CLI::App& app, std::function<int()>& run);

}  // namespace bourse
