// bourse_fanout_bench: what one delivery over wss costs the server, and how late it comes.
//   Three tables, each with its twins in the same run, A B A B: Beast with one write per message
//   and, where `./dev bench fanout --uws` has fetched it, uWebSockets.
//   throughput  server CPU per delivery (thread clock, kernel included), 100-byte messages in
//               batches and alone, to 1 ... 1000 subscribers; the client spins on the other core.
//   latency     open loop: from the moment the schedule intended to the moment the client has
//               decrypted the message; the client sleeps in epoll.
//   handshake   server CPU per connection, from accept to the open websocket, TLS in full.
//   Medians of several runs with the spread. The client is a process of its own and verifies every
//   message; a run in which one is missing is void and says so.

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/fanout/fanout_run.h"  // run_fanout
#include "bench/measure/arguments.h"  // Arguments
#include "bench/measure/machine.h"    // describe_machine
#include "bench/measure/spread.h"     // median, spread

namespace bourse {
namespace {

constexpr const char* usage =
    "usage: bourse_fanout_bench [--subscribers 1,10,100,1000] [--batch 32,1] [--runs 5]\n"
    "                           [--latency-subscribers 1,10,100] [--rates 1000,10000]\n"
    "                           [--seconds 2] [--connections 1000] [--no-twin]\n"
    "                           [--only throughput|latency|handshake] [--uws DIRECTORY]\n";

struct Options {
  std::vector<std::uint64_t> subscribers = {1, 10, 100, 1000};
  std::vector<std::uint64_t> batches = {32, 1};
  std::vector<std::uint64_t> rates = {1000, 10000};
  std::vector<std::uint64_t> latency_subscribers = {1, 10, 100};
  std::uint64_t runs = 5;
  std::uint64_t seconds = 2;
  std::uint64_t connections = 1000;
  bool throughput = true;
  bool latency = true;
  bool handshake = true;
  bool beast = true;
  std::string uws;  // where it lies; empty: without
};

struct Twin {
  FanoutServer server;
  const char* name;
  std::uint64_t deliveries;  // of a throughput run, in batches
};

std::vector<Twin> twins_of(const Options& options) {
  std::vector<Twin> twins;
  if (options.beast) twins.push_back({FanoutServer::beast, "Beast", 200'000});
  if (!options.uws.empty()) twins.push_back({FanoutServer::uws, "uWS", 4'000'000});
  return twins;
}

// Ours and the twins in turn, so many times; a run without a figure leaves its turn out.
struct InTurn {
  std::vector<double> ours;
  std::vector<std::vector<double>> theirs, ratios;  // by twin
};

// measure(server, twin): a figure, if there is one; twin is null for ours. ratio(ours, theirs).
template <class Measure, class Ratio>
InTurn measure_in_turn(const Options& options, const std::vector<Twin>& twins, Measure measure,
                       Ratio ratio) {
  InTurn all{{},
             std::vector<std::vector<double>>(twins.size()),
             std::vector<std::vector<double>>(twins.size())};
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    const std::optional<double> ours = measure(FanoutServer::ours, nullptr);
    if (ours) all.ours.push_back(*ours);
    for (std::size_t k = 0; k < twins.size(); ++k) {
      const std::optional<double> theirs = measure(twins[k].server, &twins[k]);
      if (theirs) all.theirs[k].push_back(*theirs);
      if (ours && theirs) all.ratios[k].push_back(ratio(*ours, *theirs));
    }
  }
  return all;
}

std::string text_of(const std::vector<double>& runs, int decimals) {
  return runs.empty() ? std::string("-") : spread(runs, decimals);
}

void print_throughput(const Options& options) {
  const std::vector<Twin> twins = twins_of(options);
  std::printf(
      "\nthroughput: server CPU, ns per delivery of 100 bytes; median (least..most) of the runs\n"
      "     N  batch                   ours in a write");
  for (const Twin& twin : twins) std::printf(" %22s %16s", twin.name, "ratio");
  std::puts("");
  constexpr std::uint64_t alone = 300'000, together = 4'000'000;
  for (const std::uint64_t batch : options.batches) {
    for (const std::uint64_t subscribers : options.subscribers) {
      unsigned failures = 0;
      double in_write = 0;
      const auto measure = [&](FanoutServer server, const Twin* twin) -> std::optional<double> {
        const std::uint64_t batched = twin == nullptr ? together : twin->deliveries;
        const auto figures = run_fanout(
            server,
            throughput_plan(static_cast<std::uint32_t>(subscribers),
                            static_cast<std::uint32_t>(batch), batch > 1 ? batched : alone),
            options.uws);
        failures += !figures;
        if (!figures) return std::nullopt;
        if (twin == nullptr)
          in_write = static_cast<double>(figures->server.deliveries) /
                     static_cast<double>(std::max<std::uint64_t>(figures->server.writes, 1));
        return figures->cpu_per_delivery();
      };
      const InTurn all = measure_in_turn(options, twins, measure,
                                         [](double ours, double theirs) { return theirs / ours; });
      std::printf("%6llu %6llu %22s %10.1f", static_cast<unsigned long long>(subscribers),
                  static_cast<unsigned long long>(batch), text_of(all.ours, 0).c_str(), in_write);
      for (std::size_t k = 0; k < twins.size(); ++k)
        std::printf(" %22s %16s", text_of(all.theirs[k], 0).c_str(),
                    text_of(all.ratios[k], 2).c_str());
      std::puts(failures > 0 ? "   VOID RUNS" : "");
      std::fflush(stdout);
    }
  }
}

struct Latencies {
  std::vector<double> p50, p99, p999;
  double late_max = 0;
  unsigned failures = 0;

  void add(const std::optional<FanoutFigures>& figures) {
    failures += !figures;
    if (!figures) return;
    p50.push_back(static_cast<double>(figures->client.p50_ns) / 1000);
    p99.push_back(static_cast<double>(figures->client.p99_ns) / 1000);
    p999.push_back(static_cast<double>(figures->client.p999_ns) / 1000);
    late_max = std::max(late_max, static_cast<double>(figures->server.late_ns_max) / 1000);
  }
  void print(const char* name) const {
    const auto middle = [](const std::vector<double>& runs) {
      return runs.empty() ? 0.0 : median(runs);
    };
    std::printf("   %-6s %9.0f %9.0f %9.0f", name, middle(p50), middle(p99), middle(p999));
    if (failures > 0)
      std::printf("   %u of the runs did not keep up", failures);
    else
      std::printf("   generator late by %.0f at worst", late_max);
  }
};

void print_latency(const Options& options) {
  const std::vector<Twin> twins = twins_of(options);
  std::puts(
      "\nlatency, open loop, us from the intended time: median of the runs\n"
      "     N  msg/s   server       p50       p99     p99.9");
  for (const std::uint64_t subscribers : options.latency_subscribers) {
    for (const std::uint64_t rate : options.rates) {
      FanoutPlan plan;
      plan.subscribers = static_cast<std::uint32_t>(subscribers);
      plan.per_second = rate;
      plan.messages = rate * options.seconds;
      plan.warm_up = plan.messages / 5;
      Latencies ours;
      std::vector<Latencies> theirs(twins.size());
      for (std::uint64_t i = 0; i < options.runs; ++i) {
        ours.add(run_fanout(FanoutServer::ours, plan));
        for (std::size_t k = 0; k < twins.size(); ++k)
          theirs[k].add(run_fanout(twins[k].server, plan, options.uws));
      }
      std::printf("%6llu %6llu", static_cast<unsigned long long>(subscribers),
                  static_cast<unsigned long long>(rate));
      ours.print("ours");
      for (std::size_t k = 0; k < twins.size(); ++k) {
        std::printf("\n             ");
        theirs[k].print(twins[k].name);
      }
      std::puts("");
      std::fflush(stdout);
    }
  }
}

void print_handshake(const Options& options) {
  const std::vector<Twin> twins = twins_of(options);
  const FanoutPlan plan = throughput_plan(static_cast<std::uint32_t>(options.connections), 32, 0);
  const auto measure = [&](FanoutServer server, const Twin*) -> std::optional<double> {
    const auto figures = run_fanout(server, plan, options.uws);
    if (!figures) return std::nullopt;
    return figures->cpu_per_connection(plan) / 1000;
  };
  const InTurn all = measure_in_turn(options, twins, measure,
                                     [](double ours, double theirs) { return ours / theirs; });
  std::printf("\nhandshake: server CPU, us per connection, %llu of them one behind another\n",
              static_cast<unsigned long long>(options.connections));
  std::printf("   %-6s %22s\n", "ours", text_of(all.ours, 0).c_str());
  for (std::size_t k = 0; k < twins.size(); ++k)
    std::printf("   %-6s %22s   ours is %s of it\n", twins[k].name,
                text_of(all.theirs[k], 0).c_str(), text_of(all.ratios[k], 2).c_str());
}

// What was given, or what is there already.
void take_numbers(Arguments& arguments, std::string_view name, std::vector<std::uint64_t>& into) {
  const std::vector<double> given = arguments.numbers(name);
  if (given.empty()) return;
  into.clear();
  for (const double number : given) into.push_back(static_cast<std::uint64_t>(number));
}

Options parse(Arguments& arguments) {
  Options options;
  options.beast = !arguments.flag("--no-twin");
  options.uws = arguments.text("--uws").value_or("");
  take_numbers(arguments, "--subscribers", options.subscribers);
  take_numbers(arguments, "--latency-subscribers", options.latency_subscribers);
  take_numbers(arguments, "--batch", options.batches);
  take_numbers(arguments, "--rates", options.rates);
  options.runs = arguments.number("--runs", options.runs);
  options.seconds = arguments.number("--seconds", options.seconds);
  options.connections = arguments.number("--connections", options.connections);
  if (const auto only = arguments.text("--only")) {
    if (*only != "throughput" && *only != "latency" && *only != "handshake")
      arguments.give_up("--only is throughput, latency or handshake, not " + *only);
    options.throughput = *only == "throughput";
    options.latency = *only == "latency";
    options.handshake = *only == "handshake";
  }
  arguments.finish();
  return options;
}

}  // namespace
}  // namespace bourse

int main(int count, char** arguments) {
  using namespace bourse;
  Arguments given(count, arguments, usage);
  const Options options = parse(given);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::fputs(describe_machine().c_str(), stdout);
  std::puts("server on core 0, client in a process of its own on core 1; TLS 1.3, AES-128-GCM");
  if (options.throughput) print_throughput(options);
  if (options.latency) print_latency(options);
  if (options.handshake) print_handshake(options);
  return 0;
}
