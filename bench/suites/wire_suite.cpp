// `bourse bench wire`: an order sent over wss until its tick arrives at other wss subscribers.
//   Processes: `bourse serve`, this one that sends, one with all subscribers, who verify their
//             streams' chains. All is loopback, on the same cores.
//   schedule  open loop; latency counts from the intended time of sending, for every subscriber
//   twins     a raw TLS ping-pong, one way, blocking reads, in the same run; for the fan-out a
//             Beast server with one async_write per message
//   Left out: other machines, other traders.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "bench/fanout/fanout_run.h"      // run_fanout
#include "bench/load/exchange_process.h"  // ExchangeProcess
#include "bench/measure/open_loop.h"      // highest_rate
#include "bench/suites/suite.h"           // SuiteOptions
#include "bench/suites/wire_crowd.h"      // measure_subscribers
#include "bench/suites/wire_run.h"        // run_wire
#include "bench/twins/tls_ping_pong.h"    // tls_ping_pong

namespace bourse {
namespace {

constexpr double own_rates[] = {1'000, 10'000, 50'000};
constexpr double curve_rates[] = {500, 1'000, 2'000, 5'000, 10'000, 20'000};
constexpr double curve_seconds = 0.5;
constexpr double bound_ns = 20e6;
constexpr double low_rate = 500, high_rate = 128'000;
constexpr std::size_t pings = 2'000;
constexpr std::uint32_t fanout_subscribers[] = {1, 10, 100, 1'000};
constexpr std::uint32_t fanout_batch = 32;
constexpr std::uint64_t fanout_deliveries = 1'000'000, twin_deliveries = 100'000;
constexpr std::uint64_t fanout_runs_most = 3;

class WireSuite {
 public:
  WireSuite(const SuiteOptions& options, BenchProgress& progress)
      : options_(options), progress_(progress) {
    if (options_.rates.empty()) options_.rates.assign(std::begin(own_rates), std::end(own_rates));
    if (options_.clients.empty()) options_.clients = {1};
    out_.name = "wire";
    out_.what =
        "an order over wss (FlatBuffers, TLS 1.3) until its tick has reached each subscriber over "
        "wss; exchange, sender and subscribers in processes of their own, loopback";
    out_.mix =
        "half of the orders rest (buy, limit), half are IOC orders that take them one by one; one "
        "symbol, one trader, no seed: the order is fixed";
    out_.left_out = "other machines, other traders";
  }

  Result<Section> run() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    std::signal(SIGPIPE, SIG_IGN);  // a peer that resets a handshake
    if (wants("rates")) measure_ping_pong();
    for (const Durability durability : options_.durabilities) {
      if (!wants("rates")) break;
      auto exchange = start(durability);
      if (!exchange) return std::unexpected(exchange.error());
      for (const std::uint32_t clients : options_.clients)
        for (const double rate : options_.rates) measure(**exchange, durability, clients, rate);
    }
    if (options_.curves && progress_.has_time()) {
      auto exchange = start(options_.durabilities.front());
      if (!exchange) return std::unexpected(exchange.error());
      if (wants("curves")) measure_rates(**exchange);
      if (wants("subscribers")) measure_subscribers(**exchange, options_, progress_, out_);
      if (wants("storm")) measure_storm(**exchange, options_, progress_, out_);
      if (wants("laggards")) measure_laggards(**exchange, options_, progress_, out_);
      exchange->reset();
      if (wants("fanout")) measure_fanout();
    }
    add_warnings(out_);
    return std::move(out_);
  }

 private:
  static const char* name(Durability durability) {
    return durability == Durability::disk ? "disk" : "memory";
  }
  bool wants(std::string_view part) const {
    return options_.parts.empty() ||
           std::ranges::find(options_.parts, part) != options_.parts.end();
  }
  Result<std::unique_ptr<ExchangeProcess>> start(Durability durability) const {
    return ExchangeProcess::start(options_.exchange, options_.directory / "exchange", durability);
  }

  void measure_ping_pong() {
    LatencyRowBuilder row("raw TLS ping-pong, one way", 0, true);
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next("wire, raw TLS ping-pong", 0.4);
      PingPong one = tls_ping_pong(options_.seconds < 0.5 ? pings / 10 : pings);
      out_.what += i == 0 && !one.cipher.empty() ? ", " + one.cipher : "";
      one_way_us_.push_back(one.one_way_ns.empty()
                                ? 0
                                : static_cast<double>(Percentiles(one.one_way_ns).at(50)) / 1e3);
      row.add({.latency_ns = std::move(one.one_way_ns)});
    }
    out_.rows.push_back(row.finish());
  }

  void measure(const ExchangeProcess& exchange, Durability durability, std::uint32_t clients,
               double rate) {
    const std::string what = fmt::format("{} {}, {} subscriber{}", name(durability),
                                         rate_text(rate), clients, clients == 1 ? "" : "s");
    LatencyRowBuilder row(what, rate);
    Figure cpu{.name = "server CPU per order, " + what, .unit = "us"};
    Figure beside{.name = "p50, " + what,
                  .unit = "us",
                  .twin = "raw TLS ping-pong, one way",
                  .twin_is_floor = true};
    std::vector<std::pair<std::string, DistributionBuilder>> stages, ack_stages;
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("wire {}, run {}", what, i + 1), run_seconds());
      auto one = run_wire(exchange, {.subscribers = clients,
                                     .rate = rate,
                                     .seconds = options_.seconds,
                                     .warm_up = options_.warm_up});
      if (!one) {
        out_.warnings.push_back(
            fmt::format("{}: run {} is void: {}", what, i + 1, one.error().text()));
        continue;
      }
      cpu.runs.push_back(static_cast<double>(one->server_cpu_ns) / 1e3 /
                         static_cast<double>(one->orders));
      beside.runs.push_back(static_cast<double>(Percentiles(one->latency.latency_ns).at(50)) / 1e3);
      beside.twin_runs.push_back(one_way_us_[std::min<std::size_t>(i, one_way_us_.size() - 1)]);
      add(stages, std::move(one->stages));
      add(ack_stages, std::move(one->ack_stages));
      row.add(std::move(one->latency));
    }
    out_.rows.push_back(row.finish());
    out_.stages.push_back(finish(what + ", at the first subscriber", stages));
    if (!ack_stages.empty())
      out_.stages.push_back(
          finish(what + ", the acknowledgement, as the exchange stamps it", ack_stages));
    if (cpu.runs.empty()) return;
    out_.figures.push_back(std::move(cpu));
    out_.figures.push_back(std::move(beside));
  }

  static void add(std::vector<std::pair<std::string, DistributionBuilder>>& all,
                  StageSamples samples) {
    for (auto& [stage, values] : samples) {
      const auto known = std::ranges::find(all, stage, [](const auto& one) { return one.first; });
      DistributionBuilder& builder = known == all.end()
                                         ? all.emplace_back(stage, DistributionBuilder()).second
                                         : known->second;
      builder.add(std::move(values));
    }
  }
  static StageSet finish(std::string of,
                         std::vector<std::pair<std::string, DistributionBuilder>>& all) {
    StageSet out{.name = std::move(of)};
    for (auto& [stage, builder] : all) out.stages.emplace_back(stage, builder.finish());
    return out;
  }

  // A short run for a curve; nullopt, and a warning, if it is void.
  std::optional<WireRun> attempt(const ExchangeProcess& exchange, std::uint32_t clients,
                                 double rate) {
    progress_.next(fmt::format("wire, {} to {} subscribers", rate_text(rate), clients),
                   curve_seconds + 0.5);
    auto one = run_wire(exchange, {.subscribers = clients,
                                   .rate = rate,
                                   .seconds = curve_seconds,
                                   .warm_up = curve_seconds / 3});
    if (one) return std::move(*one);
    out_.warnings.push_back(
        fmt::format("{} to {} subscribers: {}", rate_text(rate), clients, one.error().text()));
    return std::nullopt;
  }

  void measure_rates(const ExchangeProcess& exchange) {
    CostCurve latency{
        .name = "wire: latency against rate, one subscriber", .x = "orders per second", .y = "us"};
    latency.series = {{"p50", {}}, {"p99", {}}, {"p99.9", {}}};
    CostCurve cpu{.name = "wire: server CPU against rate, one subscriber",
                  .x = "orders per second",
                  .y = "us of CPU per order"};
    cpu.series = {{"server", {}}};
    for (const double rate : curve_rates) {
      if (!progress_.has_time()) break;
      auto one = attempt(exchange, 1, rate);
      if (!one) continue;
      const Percentiles found(std::move(one->latency.latency_ns));
      const double shown[] = {50, 99, 99.9};
      for (std::size_t i = 0; i < std::size(shown); ++i)
        latency.series[i].second.push_back({rate, static_cast<double>(found.at(shown[i])) / 1e3});
      cpu.series[0].second.push_back(
          {rate, static_cast<double>(one->server_cpu_ns) / 1e3 / static_cast<double>(one->orders)});
    }
    out_.curves.push_back(std::move(latency));
    out_.curves.push_back(std::move(cpu));
    if (!progress_.has_time()) return;
    const double bound = options_.bound_ns > 0 ? options_.bound_ns : bound_ns;
    add_highest_rate(out_, bound,
                     highest_rate(low_rate, high_rate, bound,
                                  [&](double rate) {
                                    auto one = attempt(exchange, 1, rate);
                                    if (!one) return Tried{};
                                    const Percentiles found(std::move(one->latency.latency_ns));
                                    return Tried{one->latency.reached,
                                                 static_cast<double>(found.at(99.9))};
                                  }),
                     "orders/s");
  }

  // Pairs in turns; server and client each on a core of their own (see fanout_run.h).
  void measure_fanout() {
    for (const std::uint32_t subscribers : fanout_subscribers) {
      Figure figure{.name = fmt::format("server CPU per delivery of 100 bytes, {} subscribers, "
                                        "batches of {}",
                                        subscribers, fanout_batch),
                    .unit = "ns",
                    .twin = "Beast, one async_write per message"};
      for (std::uint64_t i = 0; progress_.goes_on(i, std::min(options_.runs, fanout_runs_most));
           ++i) {
        progress_.next(fmt::format("wire, fan-out to {}", subscribers), 3);
        const auto ours = run_fanout(FanoutServer::ours,
                                     throughput_plan(subscribers, fanout_batch, fanout_deliveries));
        const auto twin = run_fanout(FanoutServer::beast,
                                     throughput_plan(subscribers, fanout_batch, twin_deliveries));
        if (!ours || !twin) {
          out_.warnings.push_back(fmt::format("fan-out to {}: a run is void", subscribers));
          continue;
        }
        figure.runs.push_back(ours->cpu_per_delivery());
        figure.twin_runs.push_back(twin->cpu_per_delivery());
      }
      out_.figures.push_back(std::move(figure));
    }
  }

  double run_seconds() const { return options_.seconds + options_.warm_up + 0.3; }

  SuiteOptions options_;
  BenchProgress& progress_;
  std::vector<double> one_way_us_;  // p50 of each run
  Section out_;
};

}  // namespace

double wire_suite_seconds(const SuiteOptions& options) {
  const double rates =
      static_cast<double>(options.rates.empty() ? std::size(own_rates) : options.rates.size());
  const double rows = rates *
                      static_cast<double>(std::max<std::size_t>(options.clients.size(), 1)) *
                      static_cast<double>(options.durabilities.size());
  const double runs = static_cast<double>(options.runs);
  return runs * (0.4 + rows * (options.seconds + options.warm_up + 0.3)) +
         (options.curves ? 150.0 : 0.0);
}

Result<Section> run_wire_suite(const SuiteOptions& options, BenchProgress& progress) {
  return WireSuite(options, progress).run();
}

}  // namespace bourse
