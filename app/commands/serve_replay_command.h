// `bourse serve-replay`: serves a journal as it was, at any pace, without an engine.
//   Shape:   opens the journal for reading, runs a ReplayServer until SIGINT or SIGTERM.
//   Owner:   the main thread.
//   Errors:  printed on stderr; the ExitCode is returned.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bourse {

struct ServeReplayArguments {
  std::string directory;    // the journal
  std::string config_file;  // for its [feed]; empty = embedded defaults
  // Of connections whose URL says nothing else, by the names that the URL has: docs/PROTOCOL.md.
  std::vector<std::pair<std::string, std::string>> opening;
  std::vector<std::pair<std::string, std::string>> settings;  // key, text; from flags
};

int serve_replay_command(const ServeReplayArguments& arguments);

}  // namespace bourse
