// The verbs and flags of `bourse admin`.
//   Shape:   each flag is a field of the request, by its name of docs/PROTOCOL.md.
//   Owner:   the main thread.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bourse {

// Sets `run` when one of its verbs is on the command line.
void add_admin(CLI::App& app, std::function<int()>& run);

}  // namespace bourse
