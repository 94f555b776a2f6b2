#include "app/commands/serve_command.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/cluster/lease_thread.h"       // LeaseThread
#include "app/cluster/standby_channels.h"   // StandbyChannels
#include "app/commands/config_command.h"    // effective_config
#include "app/commands/descriptor_limit.h"  // raise_descriptor_limit_for
#include "app/commands/end_signals.h"       // EndSignals
#include "app/config/settings.h"            // setting_text
#include "app/exchange/exchange.h"          // Exchange
#include "app/terminal/build_info.h"        // build_info_line
#include "app/terminal/complaint.h"         // complain
#include "feed/control/auth.h"              // demo_key_id
#include "feed/http/page_files.h"           // page_files

namespace bourse {

void start_logging(const Config& config) {
  auto logger = spdlog::stderr_color_mt("bourse");
  if (config.log.format == "json")
    logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","message":"%v"})",
                        spdlog::pattern_time_type::utc);
  else
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(config.log.level));
  spdlog::set_default_logger(std::move(logger));
}

namespace {

// As a person in this directory would type it.
std::string program_name() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto relative = std::filesystem::proximate(program, error);
  if (error) return "bourse";
  const std::string text = relative.string();
  return text.starts_with("..") ? program.string()
                                : (text.find('/') == std::string::npos ? "./" + text : text);
}

void greet(const Config& config, const ServeArguments& arguments, const Exchange& exchange) {
  const RecoverySummary recovery = exchange.recovery();
  std::string symbols;
  for (const std::string& symbol : recovery.symbols) symbols += " " + symbol;
  const std::string authority = fmt::format("{}:{}", config.feed.host, exchange.port());
  // Without any, the order flow will define what is in its file.
  const std::string first = recovery.symbols.empty() ? "SYMBOL" : recovery.symbols.front();
  const std::string url =
      authority == "127.0.0.1:9443" ? "" : fmt::format(" --url wss://{}", authority);
  fmt::print("{}\n", build_info_line());
  fmt::print("journal      {} (durability {}), {} transactions recovered in {} ms, epoch {}\n",
             config.journal.directory, setting_text(config, "journal.durability"),
             recovery.snapshot + recovery.transactions, recovery.elapsed_ms, recovery.epoch);
  if (recovery.snapshot != 0)
    fmt::print("             {} of them from the snapshot, {} executed again\n", recovery.snapshot,
               recovery.transactions);
  if (recovery.torn_bytes != 0)
    fmt::print("             {} bytes of a torn tail set aside: nobody had been told of them\n",
               recovery.torn_bytes);
  if (!symbols.empty()) fmt::print("symbols     {}\n", symbols);
  if (!page_files().empty()) fmt::print("page         https://{}/\n", authority);
  fmt::print("market data  wss://{}/v1/md\n", authority);
  fmt::print("orders       wss://{}/v1/trade\n", authority);
  if (arguments.demo)
    fmt::print("demo market  seed {}, about {} commands/s; demo key \"{}\" is accepted\n",
               config.demo.seed, config.demo.commands_per_second, demo_key_id);
  fmt::print("\nwatch it in another terminal:\n  {} tail {}{}\n\nCtrl-C ends it.\n", program_name(),
             first, url);
  std::fflush(stdout);
}

void greet_standby(const Config& config, const LeaseThread& lease) {
  fmt::print("{}\n", build_info_line());
  fmt::print("journal      {}, node {} of the exchange \"{}\" at {}\n", config.journal.directory,
             lease.node(), config.stream.subject, config.stream.url);
  fmt::print("standby      follows the stream; serves clients once it leads\n");
  std::fflush(stdout);
}

// The exchange runs: clients may be told where, and it ends with the lease.
void lead(const Config& config, LeaseThread& lease, Exchange& exchange) {
  lease.lease().set_url(config.lease.advertise.empty()
                            ? fmt::format("wss://{}:{}", config.feed.host, exchange.port())
                            : config.lease.advertise);
  lease.watch([&exchange](Error error) { exchange.fail_with(std::move(error)); });
  lease.export_metrics(exchange.metrics());
}

// SIGHUP: keys, certificates and the level of the log are read again. What does not hold together
// changes nothing and ends nothing.
void reload(Exchange& exchange, const ServeArguments& arguments) {
  const auto fresh = effective_config(arguments.config_file, arguments.demo, arguments.settings);
  if (!fresh) return spdlog::error("not reloaded: {}", fresh.error().text());
  if (auto done = exchange.reload(*fresh); !done)
    return spdlog::error("not reloaded: {}", done.error().text());
  spdlog::info("reloaded: {} keys, the certificate, the level of the log", fresh->keys.size());
  spdlog::set_level(spdlog::level::from_str(fresh->log.level));
}

}  // namespace

int serve_command(const ServeArguments& arguments) {
  auto config = effective_config(arguments.config_file, arguments.demo, arguments.settings);
  if (!config) return complain("serve", config.error());
  ExchangeFlow flow;
  if (!arguments.flow.empty()) {
    if (!arguments.flow.starts_with("itch:"))
      return complain("serve",
                      {ExitCode::usage, fmt::format("--flow {}: unknown kind", arguments.flow), "",
                       "the one kind there is: --flow itch:FILE"});
    flow.itch_file = arguments.flow.substr(5);
    if (arguments.speed != "max") {
      const char* end = arguments.speed.data() + arguments.speed.size();
      const auto [stop, error] = std::from_chars(arguments.speed.data(), end, flow.speed);
      if (error != std::errc{} || stop != end || !(flow.speed > 0))
        return complain(
            "serve", {ExitCode::usage, fmt::format("--speed {}: not a speed", arguments.speed), "",
                      "max, or a factor of real time such as 10 or 0.5"});
    }
  }
  start_logging(*config);
  raise_descriptor_limit_for(*config);

  EndSignals signals;  // before any thread

  flow.demo = arguments.demo;
  std::unique_ptr<LeaseThread> lease;    // outlives the exchange
  std::vector<Inheritance> inheritance;  // of each channel
  if (config->lease.enabled || arguments.standby) {
    if (auto fits = check_lease_config(*config); !fits) return complain("serve", fits.error());
    lease = std::make_unique<LeaseThread>(*config, !arguments.standby);
    greet_standby(*config, *lease);
    auto taken = StandbyChannels(*config, *lease, [&] { return signals.is_asked_to_end(); }).run();
    if (!taken) return complain("serve", taken.error());
    if (taken->empty()) {  // a standby that was asked to end
      lease->stop();
      return 0;
    }
    inheritance = std::move(*taken);
  }
  auto exchange = Exchange::start(*config, flow, std::move(inheritance));
  if (!exchange) return complain("serve", exchange.error());
  if (lease) lead(*config, *lease, **exchange);
  greet(*config, arguments, **exchange);

  const std::optional<Error> failure =
      signals.wait_for_end([&](int signal_fd) { return (*exchange)->wait(signal_fd); },
                           [&] { reload(**exchange, arguments); });
  if (failure && failure->code == ExitCode::not_leader) {
    // Nothing is answered or told any more: another node may be doing that. The log on the disk is
    // sound at any moment.
    spdlog::critical("stopped at once: {}", failure->text());
    spdlog::shutdown();
    std::_Exit(complain("serve", *failure));
  }
  if (failure) {
    spdlog::critical("stopping: {}", failure->text());
  } else {
    spdlog::info("stopping: orders are answered, the journal is flushed, connections are closed");
  }
  (*exchange)->stop();
  if (lease) lease->stop();
  return failure ? complain("serve", *failure) : 0;
}

}  // namespace bourse
