// bourse_fanout_bench: what one delivery over wss costs the server, and how late it comes.
//   Two tables, each with its baseline twin in the same run, A B A B:
//   throughput  server CPU per delivery (thread clock, kernel included), 100-byte messages in
//               batches and alone, to 1 ... 1000 subscribers; the client spins on the other core.
//   latency     open loop: from the moment the schedule intended to the moment the client has
//               decrypted the message; the client sleeps in epoll.
//   Medians of several runs with the spread. The client is a process of its own and verifies every
//   message; a run in which one is missing is void and says so.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/beast_twin.h"     // serve_beast_twin
#include "bench/fanout_client.h"  // run_fanout_client
#include "bench/fanout_server.h"  // serve_fanout
#include "bench/machine.h"        // describe_machine, pin_to_core

namespace bourse {
namespace {

struct Options {
  std::vector<std::uint64_t> subscribers = {1, 10, 100, 1000};
  std::vector<std::uint64_t> batches = {32, 1};
  std::vector<std::uint64_t> rates = {1000, 10000};
  std::vector<std::uint64_t> latency_subscribers = {1, 10, 100};
  std::uint64_t runs = 5;
  std::uint64_t seconds = 2;
  bool throughput = true;
  bool latency = true;
  bool twin = true;
};

enum class Server { ours, twin };

struct Figures {
  ServerFigures server;
  ClientFigures client;
};

// One run: the client in a child process on core 1, the server here on core 0.
std::optional<Figures> run(Server server, const FanoutPlan& plan) {
  int ports[2], results[2];
  if (::pipe(ports) != 0 || ::pipe(results) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    pin_to_core(1);
    std::uint16_t port = 0;
    ClientFigures figures;
    if (::read(ports[0], &port, sizeof port) == sizeof port)
      figures = run_fanout_client(plan, port, plan.per_second == 0);
    const bool written = ::write(results[1], &figures, sizeof figures) == sizeof figures;
    ::_exit(written ? 0 : 1);
  }
  pin_to_core(0);
  FanoutSource source(plan);
  const auto on_port = [&ports](std::uint16_t port) {
    if (::write(ports[1], &port, sizeof port) != sizeof port) std::abort();
  };
  if (server == Server::ours)
    serve_fanout(source, on_port);
  else
    serve_beast_twin(source, on_port);
  Figures figures{source.figures(), {}};
  const bool read = ::read(results[0], &figures.client, sizeof figures.client) ==
                    static_cast<ssize_t>(sizeof figures.client);
  ::waitpid(child, nullptr, 0);
  for (const int fd : {ports[0], ports[1], results[0], results[1]}) ::close(fd);
  if (!read || !figures.client.is_complete || !source.is_done()) return std::nullopt;
  return figures;
}

struct Spread {
  double median = 0, least = 0, most = 0;
};
Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

double cpu_per_delivery(const Figures& figures) {
  return static_cast<double>(figures.server.cpu_ns) /
         static_cast<double>(figures.server.deliveries);
}

void print_throughput(const Options& options) {
  std::puts(
      "\nthroughput: server CPU, ns per delivery of 100 bytes; median (least-most) of the runs\n"
      "     N  batch                 ours    in a write   Beast, one async_write each     ratio");
  for (const std::uint64_t batch : options.batches) {
    for (const std::uint64_t subscribers : options.subscribers) {
      FanoutPlan plan;
      plan.subscribers = static_cast<std::uint32_t>(subscribers);
      plan.batch = static_cast<std::uint32_t>(batch);
      const auto sized = [&plan, batch](std::uint64_t deliveries) {
        FanoutPlan out = plan;
        out.messages = std::max(deliveries / plan.subscribers, 20 * batch) / batch * batch;
        out.warm_up = out.messages / 5;
        return out;
      };
      std::vector<double> ours, twin, ratio;
      double in_write = 0;
      unsigned failures = 0;
      for (std::uint64_t i = 0; i < options.runs; ++i) {
        const auto a = run(Server::ours, sized(batch > 1 ? 4'000'000 : 300'000));
        failures += !a;
        if (a) {
          ours.push_back(cpu_per_delivery(*a));
          in_write = static_cast<double>(a->server.deliveries) /
                     static_cast<double>(std::max<std::uint64_t>(a->server.writes, 1));
        }
        if (!options.twin) continue;
        const auto b = run(Server::twin, sized(200'000));
        failures += !b;
        if (b) twin.push_back(cpu_per_delivery(*b));
        if (a && b) ratio.push_back(twin.back() / ours.back());
      }
      const Spread o = spread_of(ours), t = spread_of(twin), r = spread_of(ratio);
      std::printf("%6llu %6llu %8.0f (%5.0f-%5.0f) %10.1f %14.0f (%5.0f-%5.0f) %12.1f",
                  static_cast<unsigned long long>(subscribers),
                  static_cast<unsigned long long>(batch), o.median, o.least, o.most, in_write,
                  t.median, t.least, t.most, r.median);
      std::puts(failures > 0 ? "   VOID RUNS" : "");
      std::fflush(stdout);
    }
  }
}

struct Latencies {
  std::vector<double> p50, p99, p999;
  double late_max = 0;
  unsigned failures = 0;

  void add(const std::optional<Figures>& figures) {
    failures += !figures;
    if (!figures) return;
    p50.push_back(static_cast<double>(figures->client.p50_ns) / 1000);
    p99.push_back(static_cast<double>(figures->client.p99_ns) / 1000);
    p999.push_back(static_cast<double>(figures->client.p999_ns) / 1000);
    late_max = std::max(late_max, static_cast<double>(figures->server.late_ns_max) / 1000);
  }
  void print(const char* name) const {
    std::printf("   %-6s %9.0f %9.0f %9.0f", name, spread_of(p50).median, spread_of(p99).median,
                spread_of(p999).median);
    if (failures > 0)
      std::printf("   %u of the runs did not keep up", failures);
    else
      std::printf("   generator late by %.0f at worst", late_max);
  }
};

void print_latency(const Options& options) {
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
      Latencies ours, twin;
      for (std::uint64_t i = 0; i < options.runs; ++i) {
        ours.add(run(Server::ours, plan));
        if (options.twin) twin.add(run(Server::twin, plan));
      }
      std::printf("%6llu %6llu", static_cast<unsigned long long>(subscribers),
                  static_cast<unsigned long long>(rate));
      ours.print("ours");
      if (options.twin) {
        std::printf("\n             ");
        twin.print("Beast");
      }
      std::puts("");
      std::fflush(stdout);
    }
  }
}

std::vector<std::uint64_t> numbers_of(const std::string& text) {
  std::vector<std::uint64_t> out;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, ',');) out.push_back(std::stoull(one));
  return out;
}

int usage() {
  std::puts(
      "usage: bourse_fanout_bench [--subscribers 1,10,100,1000] [--batch 32,1] [--runs 5]\n"
      "                           [--latency-subscribers 1,10,100] [--rates 1000,10000]\n"
      "                           [--seconds 2] [--no-twin] [--only throughput|latency]");
  return 2;
}

}  // namespace
}  // namespace bourse

int main(int count, char** arguments) {
  using namespace bourse;
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view key = arguments[i];
    if (key == "--no-twin") {
      options.twin = false;
      continue;
    }
    if (i + 1 == count) return usage();
    const std::string value = arguments[++i];
    if (key == "--subscribers")
      options.subscribers = numbers_of(value);
    else if (key == "--latency-subscribers")
      options.latency_subscribers = numbers_of(value);
    else if (key == "--batch")
      options.batches = numbers_of(value);
    else if (key == "--rates")
      options.rates = numbers_of(value);
    else if (key == "--runs")
      options.runs = std::stoull(value);
    else if (key == "--seconds")
      options.seconds = std::stoull(value);
    else if (key == "--only" && (value == "throughput" || value == "latency"))
      (value == "throughput" ? options.latency : options.throughput) = false;
    else
      return usage();
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::fputs(describe_machine().c_str(), stdout);
  std::puts("server on core 0, client in a process of its own on core 1; TLS 1.3, AES-128-GCM");
  if (options.throughput) print_throughput(options);
  if (options.latency) print_latency(options);
  return 0;
}
