#include "app/commands/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <system_error>

#include "app/commands/admin_options.h"         // add_admin
#include "app/commands/bench_command.h"         // bench_command
#include "app/commands/config_command.h"        // config_check_command, config_show_command
#include "app/commands/gateway_command.h"       // add_gateway, add_archive
#include "app/commands/keys_options.h"          // add_keys
#include "app/commands/replay_options.h"        // add_serve_replay, add_whatif
#include "app/commands/serve_command.h"         // serve_command
#include "app/commands/tail_command.h"          // tail_command
#include "app/config/settings.h"                // nearest
#include "app/log_commands/data_options.h"      // add_export, add_import
#include "app/log_commands/generate_command.h"  // generate_command
#include "app/log_commands/history_options.h"   // add_book, add_snapshot
#include "app/log_commands/journal_options.h"   // add_journal
#include "app/log_commands/replay_command.h"    // replay_command
#include "app/terminal/build_info.h"            // build_info_line
#include "replay/result.h"                      // ExitCode

namespace bourse {
namespace {

constexpr const char* first_screen =
    R"(bourse: an exchange in one process: match orders, journal them, stream the market.

Examples
  bourse serve --demo                       start with two symbols and a live market
  bourse tail BTC-USD                       watch it in a second terminal
  bourse replay journal/ --verify           prove that the journal gives the same market again
  bourse book BTC-USD --at-seq 1000         the book as it was then
  bourse replay journal/ --from 1000 --format csv > trades.csv

Commands
  serve     run the exchange                config    show or check settings
  tail      watch a live market             import    build a journal from a foreign feed
  replay    print or verify a journal       generate  make up a Nasdaq day to import
  journal   list, verify, look after one    diff      where two journals part
  admin     halt, limit, list, bust         book      the book as it was
  snapshot  of a journal at rest            export    as dbn, csv, npy, jsonl
  whatif    your orders in a past session   serve-replay  a journal, as if it were live
  keys      make API keys and certificates  bench     measure on your own machine
  version   version, commit, build flags
  gateway   serve an exchange elsewhere     archive   keep all that one has done

Every command: --help. Settings can be given in a file (--config), as BOURSE_SECTION_KEY in the
environment or as --set section.key=value. Docs: docs/ARCHITECTURE.md
)";

struct Invocation {
  std::function<int()> run;
};

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options({}))
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// What was not understood, and what it might have meant.
int explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* named = &app;
  const auto subcommands = app.get_subcommands();
  if (!subcommands.empty()) named = subcommands.front();
  std::string next = fmt::format("bourse {}--help shows what there is",
                                 named == &app ? "" : named->get_name() + " ");
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::vector<std::string> rest = named->remaining(true);
    if (!rest.empty()) {
      std::vector<std::string> known = option_names(*named);
      if (named == &app)
        for (const CLI::App* sub : app.get_subcommands({})) known.push_back(sub->get_name());
      const std::string word = rest.front().substr(0, rest.front().find('='));
      const std::string near = nearest(word, known);
      if (!near.empty()) next = fmt::format("did you mean {}?", near);
      fmt::print(stderr, "bourse: unknown {} {}\n  {}\n",
                 word.starts_with("-") ? "flag" : "argument", word, next);
      return static_cast<int>(ExitCode::usage);
    }
  }
  fmt::print(stderr, "bourse: {}\n  {}\n", error.what(), next);
  return static_cast<int>(ExitCode::usage);
}

// --set section.key=value pairs.
FlagSettings split_settings(const std::vector<std::string>& texts) {
  FlagSettings settings;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    settings.emplace_back(text.substr(0, equals),
                          equals == std::string::npos ? "" : text.substr(equals + 1));
  }
  return settings;
}

void add_serve(CLI::App& app, Invocation& invocation) {
  CLI::App* serve = app.add_subcommand("serve", "run the exchange");
  static ServeArguments arguments;
  static std::vector<std::string> sets;
  static std::string port, directory, durability;
  serve->add_option("--config", arguments.config_file, "settings file (TOML)");
  serve->add_flag("--demo", arguments.demo, "two symbols, a demo key and a live seeded market");
  serve->add_flag("--standby", arguments.standby,
                  "follow the leader's log, take over when it is gone; never the first to lead");
  serve->add_option("--flow", arguments.flow, "orders from a file: itch:FILE");
  serve->add_option("--speed", arguments.speed, "of the flow: max, or a factor of real time");
  serve->add_option("--port", port, "short for --set feed.port=N");
  serve->add_option("--journal", directory, "short for --set journal.directory=DIR");
  serve->add_option("--durability", durability,
                    "short for --set journal.durability=memory|disk|replicated");
  serve->add_option("--set", sets, "section.key=value, any setting")->allow_extra_args(false);
  serve->callback([&invocation] {
    invocation.run = [] {
      arguments.settings = split_settings(sets);
      if (!port.empty()) arguments.settings.emplace_back("feed.port", port);
      if (!directory.empty()) arguments.settings.emplace_back("journal.directory", directory);
      if (!durability.empty()) arguments.settings.emplace_back("journal.durability", durability);
      return serve_command(arguments);
    };
  });
}

void add_config(CLI::App& app, Invocation& invocation) {
  CLI::App* config = app.add_subcommand("config", "show or check settings");
  config->require_subcommand(1);
  static std::string file;
  static bool origin = false;
  static std::vector<std::string> sets;
  CLI::App* check = config->add_subcommand("check", "validate a settings file, start nothing");
  check->add_option("FILE", file, "settings file (TOML)")->required();
  check->callback([&invocation] { invocation.run = [] { return config_check_command(file); }; });
  CLI::App* show = config->add_subcommand("show", "every setting with its value and meaning");
  show->add_option("--config", file, "settings file (TOML)");
  show->add_option("--set", sets, "section.key=value")->allow_extra_args(false);
  show->add_flag("--origin", origin, "where each value came from");
  show->callback([&invocation] {
    invocation.run = [] { return config_show_command(file, origin, split_settings(sets)); };
  });
}

void add_replay(CLI::App& app, Invocation& invocation) {
  CLI::App* replay = app.add_subcommand("replay", "print a journal, or execute it again");
  static ReplayArguments arguments;
  replay->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  replay->add_option("--from", arguments.from_sequence, "first sequence; default: the earliest");
  replay->add_option("--to", arguments.to_sequence, "last sequence; default: the head");
  replay->add_option("--from-ts", arguments.from_time,
                     "instead of --from: the first one not before 2026-01-30T14:30:00Z");
  replay->add_option("--to-ts", arguments.to_time, "instead of --to: the last one not after it");
  replay->add_option("--from-snapshot", arguments.from_snapshot,
                     "verify from the snapshot at this sequence on");
  replay->add_flag("--verify", arguments.verify, "execute every command again, compare all events");
  replay->add_option("--format", arguments.format, "table, json or csv");
  replay->callback([&invocation] { invocation.run = [] { return replay_command(arguments); }; });
}

void add_generate(CLI::App& app, Invocation& invocation) {
  CLI::App* generate =
      app.add_subcommand("generate", "make up a Nasdaq day, to try and to measure");
  static GenerateArguments arguments;
  generate->add_option("KIND", arguments.kind, "of the file: itch")->required();
  generate->add_option("-o,--output", arguments.output, "file to write")->required();
  generate->add_option("--symbols", arguments.day.symbols, "default: 8000");
  generate->add_option("--messages", arguments.day.messages, "of the whole day; default: 1000000");
  generate->add_option("--seed", arguments.day.seed, "same seed, same file; default: 1");
  generate->add_flag("--force", arguments.force, "replace the file that is there");
  generate->callback(
      [&invocation] { invocation.run = [] { return generate_command(arguments); }; });
}

void add_tail(CLI::App& app, Invocation& invocation) {
  CLI::App* tail = app.add_subcommand("tail", "watch a live market");
  static TailArguments arguments;
  tail->add_option("SYMBOL", arguments.symbol, "for example BTC-USD")->required();
  tail->add_option("--url", arguments.url, "default: BOURSE_URL, else wss://127.0.0.1:9443");
  tail->add_option("--from", arguments.from_sequence, "first sequence; default: live");
  tail->add_option("--count", arguments.count, "end after so many ticks");
  tail->add_option("--format", arguments.format, "lines or json; default: a screen on a terminal");
  tail->add_option("--channel", arguments.channels,
                   "mbo, trade, bbo, status, imbalance; for lines and json")
      ->allow_extra_args(false);
  tail->add_option("--ca", arguments.ca_file, "certificate to trust (PEM)");
  tail->add_flag("--insecure", arguments.insecure, "take any certificate; the default on loopback");
  tail->callback([&invocation] { invocation.run = [] { return tail_command(arguments); }; });
}

// The library takes -1 for the largest number there is, and what is larger than that too.
void refuse_what_is_no_whole_number(CLI::App& app) {
  const auto complaint = [](const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_one = error == std::errc() && stop == end;
    return is_one ? std::string() : fmt::format("'{}' is no whole number, or too large", text);
  };
  for (CLI::Option* const option : app.get_options()) {
    if (option->get_type_name() == "UINT") option->check(complaint);
  }
  for (CLI::App* const sub : app.get_subcommands({})) refuse_what_is_no_whole_number(*sub);
}

}  // namespace

int run_command_line(int argument_count, const char* const* arguments) {
  CLI::App app("bourse");
  app.require_subcommand(0, 1);
  app.set_help_flag("--help,-h", "this text");
  Invocation invocation;
  add_serve(app, invocation);
  add_gateway(app, invocation.run);
  add_archive(app, invocation.run);
  add_config(app, invocation);
  add_replay(app, invocation);
  add_book(app, invocation.run);
  add_serve_replay(app, invocation.run);
  add_whatif(app, invocation.run);
  add_snapshot(app, invocation.run);
  add_import(app, invocation.run);
  add_export(app, invocation.run);
  add_generate(app, invocation);
  add_tail(app, invocation);
  add_journal(app, invocation.run);
  add_admin(app, invocation.run);
  add_keys(app, invocation.run);
  // Everything behind the word is the other executable's, --help too.
  CLI::App* const bench = app.add_subcommand("bench", "measure on this machine");
  bench->set_help_flag();
  bench->prefix_command();
  bench->callback([&] { invocation.run = [bench] { return bench_command(bench->remaining()); }; });
  app.add_subcommand("version", "version, commit, build flags")->callback([&invocation] {
    invocation.run = [] {
      fmt::print("{}\n", build_info_line());
      return 0;
    };
  });
  refuse_what_is_no_whole_number(app);
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::CallForHelp& help) {
    if (app.get_subcommands().empty())
      std::fputs(first_screen, stdout);
    else
      return app.exit(help);
    return 0;
  } catch (const CLI::ParseError& error) {
    return explain(app, error);
  }
  if (!invocation.run) {
    std::fputs(first_screen, stdout);
    return 0;
  }
  return invocation.run();
}

}  // namespace bourse
