#include "app/commands/serve_replay_command.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "app/commands/config_command.h"    // effective_config
#include "app/commands/descriptor_limit.h"  // raise_descriptor_limit
#include "app/terminal/build_info.h"        // build_info_line
#include "app/terminal/complaint.h"         // complain
#include "feed/history/replay_request.h"    // parse_replay_opening, settings_of
#include "feed/http/page_files.h"           // page_files
#include "feed/net/certificate.h"           // TlsContext
#include "feed/turn/replay_server.h"        // ReplayServer
#include "replay/log/log.h"                 // Log

namespace bourse {
namespace {

constexpr const char* command = "serve-replay";

std::string query_of(const ServeReplayArguments& arguments) {
  std::string query;
  for (const auto& [name, value] : arguments.opening) query += '&' + name + '=' + value;
  return query;
}

void greet(const ServeReplayArguments& arguments, const Config& config, const ReplayServer& server,
           const ReplaySettings& range) {
  const std::string authority = fmt::format("{}:{}", config.feed.host, server.port());
  const auto symbols = server.symbols();
  fmt::print("{}\n", build_info_line());
  fmt::print("journal      {}, sequences {} to {}, speed {}\n", arguments.directory,
             range.from.value(), range.to.value(), range.pace.text());
  std::string names;
  for (std::size_t i = 0; i < symbols.size() && i < 8; ++i) names += " " + symbols[i];
  if (symbols.size() > 8) names += fmt::format(" and {} more", symbols.size() - 8);
  if (!names.empty()) fmt::print("symbols     {}\n", names);
  if (!page_files().empty()) fmt::print("page         https://{}/\n", authority);
  fmt::print("replay       wss://{}/v1/replay\n", authority);
  fmt::print("the same     wss://{}/v1/md, for clients that know no other\n", authority);
  fmt::print("\nCtrl-C ends it.\n");
  std::fflush(stdout);
}

}  // namespace

int serve_replay_command(const ServeReplayArguments& arguments) {
  auto config = effective_config(arguments.config_file, false, arguments.settings);
  if (!config) return complain(command, config.error());
  raise_descriptor_limit();
  LogOptions options;
  options.directory = arguments.directory;
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) return complain(command, log.error());
  for (const std::string& warning : (*log)->recovery().warnings)
    fmt::print(stderr, "bourse {}: {}\n", command, warning);

  const auto opening = parse_replay_opening(query_of(arguments));
  if (!opening)
    return complain(command, {ExitCode::usage, opening.error().message, "",
                              "docs/PROTOCOL.md, Replay, lists what can be said"});
  const auto range = settings_of(*opening, **log);
  if (!range) return complain(command, {ExitCode::usage, range.error().message, "", ""});

  // One that the exchange has made is used again; none is made in a journal that is only read.
  const std::string kept = arguments.directory + "/self-signed.pem";
  std::error_code ignored;
  auto context =
      TlsContext::server(config->feed, std::filesystem::exists(kept, ignored) ? kept : "");
  if (!context) return complain(command, context.error());
  auto server = ReplayServer::make(
      {.log = **log, .options = config->feed, .context = *context, .defaults = *opening});
  if (!server) return complain(command, server.error());
  if (auto listening = (*server)->listen(config->feed.port); !listening)
    return complain(command, listening.error());

  // Every thread inherits the mask, so that a signal reaches sigwait() and nothing else.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::thread io([&server] { (*server)->run(); });
  greet(arguments, *config, **server, *range);
  int signal = 0;
  sigwait(&signals, &signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends the process at once
  (*server)->stop();
  io.join();
  return 0;
}

}  // namespace bourse
