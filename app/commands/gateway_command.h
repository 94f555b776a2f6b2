// `bourse gateway` and `bourse archive`: a copy of an exchange's log that follows its stream, and
// serves it, until SIGINT or SIGTERM.
//   Owner:   the main thread.
//   Errors:  printed on stderr; the ExitCode is returned.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace bourse {

struct GatewayArguments {
  std::string config_file;  // empty = embedded defaults
  bool demo = false;        // the demo key is accepted
  bool is_archive = false;
  std::vector<std::pair<std::string, std::string>> settings;  // key, text; from flags
};

int gateway_command(const GatewayArguments& arguments);

// The words `gateway` and `archive`, with their flags.
void add_gateway(CLI::App& app, std::function<int()>& run);
void add_archive(CLI::App& app, std::function<int()>& run);

}  // namespace bourse
