#include "app/commands/replay_options.h"

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "app/commands/serve_replay_command.h"  // serve_replay_command
#include "app/log_commands/whatif_command.h"    // whatif_command

namespace bourse {
namespace {

// A flag and the name that the URL of a replay has for it.
struct OpeningFlag {
  const char* flag;
  const char* name;
  const char* help;
  std::string value = {};
};

}  // namespace

void add_serve_replay(CLI::App& app, std::function<int()>& run) {
  CLI::App* serve = app.add_subcommand("serve-replay", "serve a journal as it was, at any pace");
  static ServeReplayArguments arguments;
  static std::vector<std::string> sets;
  static std::string port;
  static bool is_paused = false, stays = false;
  static OpeningFlag flags[] = {
      {"--from-seq", "from_seq", "first sequence; default: the earliest"},
      {"--from-ts", "from_ts", "first time: 2026-01-30T14:30:00Z, or nanoseconds"},
      {"--session", "session", "from the start of this epoch, or of the last one"},
      {"--to-seq", "to_seq", "last sequence; default: the newest of now"},
      {"--to-ts", "to_ts", "last time"},
      {"--speed", "speed", "0.1 to 1000 times real time, or max; default: 1"},
      {"--max-gap-ms", "max_gap_ms", "cut longer times without a transaction to this"},
      {"--tick-ms", "tick_ms", "clock ticks in quiet markets, market time; default: 1000"}};
  serve->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  for (OpeningFlag& one : flags) serve->add_option(one.flag, one.value, one.help);
  serve->add_flag("--paused", is_paused, "stand still until a client resumes");
  serve->add_flag("--stay", stays, "keep connections open after the end");
  serve->add_option("--config", arguments.config_file, "settings file (TOML)");
  serve->add_option("--port", port, "short for --set feed.port=N");
  serve->add_option("--set", sets, "section.key=value, any setting")->allow_extra_args(false);
  serve->callback([&run] {
    run = [] {
      for (const OpeningFlag& one : flags)
        if (!one.value.empty()) arguments.opening.emplace_back(one.name, one.value);
      if (is_paused) arguments.opening.emplace_back("paused", "1");
      if (stays) arguments.opening.emplace_back("stay", "1");
      for (const std::string& text : sets) {
        const std::size_t equals = text.find('=');
        arguments.settings.emplace_back(text.substr(0, equals),
                                        equals == std::string::npos ? "" : text.substr(equals + 1));
      }
      if (!port.empty()) arguments.settings.emplace_back("feed.port", port);
      return serve_replay_command(arguments);
    };
  });
}

void add_whatif(CLI::App& app, std::function<int()>& run) {
  CLI::App* whatif =
      app.add_subcommand("whatif", "a strategy's orders in a recorded session: counterfactual");
  static WhatIfArguments arguments;
  whatif->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  whatif->add_option("--orders", arguments.orders_file, "CSV or JSON lines: docs/REPLAY.md")
      ->required();
  whatif->add_option("--latency-us", arguments.latency_us,
                     "from each decision to its arrival; default: 0");
  whatif->add_option("--account", arguments.account,
                     "of the strategy; default: the highest one that is not used");
  whatif->add_option("--to-seq", arguments.to_sequence, "last sequence; default: the head");
  whatif->add_flag("--json", arguments.json, "one JSON object, with every change");
  whatif->callback([&run] { run = [] { return whatif_command(arguments); }; });
}

}  // namespace bourse
