// `bourse serve`: runs the exchange until SIGINT or SIGTERM.
//   Shape:   reads the config, starts an Exchange, waits for a signal, stops it gracefully.
//   Owner:   the main thread.
//   Errors:  printed on stderr; the ExitCode is returned.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/config/config.h"  // Config

namespace bourse {

struct ServeArguments {
  std::string config_file;    // empty = embedded defaults
  bool demo = false;          // two symbols, a demo key and a live seeded market
  bool standby = false;       // follow the stream, lead when the leader is gone
  std::string flow;           // "itch:FILE": orders from a Nasdaq day
  std::string speed = "max";  // of the flow: "max" or a factor such as "10"
  std::vector<std::pair<std::string, std::string>> settings;  // key, text; from flags
};

// On stderr, as the configuration says.
void start_logging(const Config& config);

int serve_command(const ServeArguments& arguments);

}  // namespace bourse
