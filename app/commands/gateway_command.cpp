#include "app/commands/gateway_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/commands/config_command.h"    // effective_config
#include "app/commands/descriptor_limit.h"  // raise_descriptor_limit_for
#include "app/commands/end_signals.h"       // EndSignals
#include "app/commands/serve_command.h"     // start_logging
#include "app/gateway/gateway.h"            // Gateway
#include "app/terminal/build_info.h"        // build_info_line
#include "app/terminal/complaint.h"         // complain

namespace bourse {
namespace {

// What a copy does not need, unless it was asked for: the stream and the engine have it too.
void ease(Config& config, bool is_archive) {
  const auto is_default = [&](const char* key) { return config.origins[key] == "default"; };
  if (!is_archive && is_default("journal.durability"))
    config.journal.durability = Durability::memory;
  // What the stream brings is stored there already.
  if (config.journal.durability == Durability::replicated)
    config.journal.durability = Durability::disk;
  if (is_default("journal.reserve_bytes")) config.journal.reserve_bytes = 0;
  if (is_archive && is_default("journal.compress_after_s")) config.journal.compress_after_s = 1;
}

void greet(const Config& config, const Gateway& gateway, bool is_archive) {
  const std::string authority = fmt::format("{}:{}", config.feed.host, gateway.port());
  fmt::print("{}\n", build_info_line());
  const std::vector<Sequence> recovered = gateway.recovered();
  std::string sequences;
  for (const Sequence sequence : recovered) sequences += fmt::format(" {}", sequence.value());
  fmt::print(
      "{} {}, {}{}\n", is_archive ? "archive     " : "copy        ", config.journal.directory,
      recovered.size() == 1 ? "sequence" : fmt::format("{} channels, sequences", recovered.size()),
      sequences);
  fmt::print("follows      {}\n", config.stream.url);
  fmt::print("market data  wss://{}/v1/md\n", authority);
  if (is_archive)
    fmt::print("replay       wss://{}/v1/replay\n", authority);
  else
    fmt::print("orders       wss://{}/v1/trade\n", authority);
  fmt::print("\nCtrl-C ends it.\n");
  std::fflush(stdout);
}

void add_flags(CLI::App& word, GatewayArguments& arguments, std::function<int()>& run,
               const char* directory_flag) {
  struct Flags {
    std::string url, directory, port;
    std::vector<std::string> sets;
  };
  const auto flags = std::make_shared<Flags>();
  word.add_option("--nats", flags->url, "NATS servers: nats://HOST:4222,...");
  word.add_option("--config", arguments.config_file, "settings file (TOML)");
  word.add_option(directory_flag, flags->directory, "where the copy lives");
  word.add_option("--port", flags->port, "short for --set feed.port=N");
  word.add_option("--set", flags->sets, "section.key=value, any setting")->allow_extra_args(false);
  word.callback([&run, &arguments, flags] {
    run = [&arguments, flags] {
      for (const std::string& text : flags->sets) {
        const std::size_t equals = text.find('=');
        arguments.settings.emplace_back(text.substr(0, equals),
                                        equals == std::string::npos ? "" : text.substr(equals + 1));
      }
      if (!flags->url.empty()) arguments.settings.emplace_back("stream.url", flags->url);
      if (!flags->port.empty()) arguments.settings.emplace_back("feed.port", flags->port);
      if (!flags->directory.empty())
        arguments.settings.emplace_back("journal.directory", flags->directory);
      return gateway_command(arguments);
    };
  });
}

// SIGHUP: keys and certificates are read again. What does not hold together changes nothing.
void reload(Gateway& gateway, const GatewayArguments& arguments) {
  const auto fresh = effective_config(arguments.config_file, false, arguments.settings);
  if (!fresh) return spdlog::error("not reloaded: {}", fresh.error().text());
  if (auto done = gateway.reload(*fresh); !done)
    return spdlog::error("not reloaded: {}", done.error().text());
  spdlog::info("reloaded: {} keys, the certificate", fresh->keys.size());
}

}  // namespace

void add_gateway(CLI::App& app, std::function<int()>& run) {
  static GatewayArguments arguments;
  CLI::App* word = app.add_subcommand("gateway", "serve an exchange that is elsewhere");
  word->add_flag("--demo", arguments.demo, "the demo key is accepted");
  add_flags(*word, arguments, run, "--journal");
}

void add_archive(CLI::App& app, std::function<int()>& run) {
  static GatewayArguments arguments;
  arguments.is_archive = true;
  CLI::App* word = app.add_subcommand("archive", "keep all that an exchange has done");
  add_flags(*word, arguments, run, "--dir");
}

int gateway_command(const GatewayArguments& arguments) {
  const char* const name = arguments.is_archive ? "archive" : "gateway";
  auto config = effective_config(arguments.config_file, false, arguments.settings);
  if (!config) return complain(name, config.error());
  if (config->stream.url.empty())
    return complain(name, {ExitCode::usage, "no NATS server was named", "", "--nats URL"});
  ease(*config, arguments.is_archive);
  start_logging(*config);
  raise_descriptor_limit_for(*config);

  EndSignals signals;  // before any thread

  auto gateway = Gateway::start(
      *config, {.takes_demo_key = arguments.demo, .is_archive = arguments.is_archive});
  if (!gateway) return complain(name, gateway.error());
  greet(*config, **gateway, arguments.is_archive);
  const std::optional<Error> failure =
      signals.wait_for_end([&](int signal_fd) { return (*gateway)->wait(signal_fd); },
                           [&] { reload(**gateway, arguments); });
  if (failure) spdlog::critical("stopping: {}", failure->text());
  (*gateway)->stop();
  return failure ? complain(name, *failure) : 0;
}

}  // namespace bourse
