#include "bench/suites/wire_crowd.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bench/load/handshake_storm.h"  // HandshakeStorm
#include "bench/suites/wire_run.h"       // run_wire

namespace bourse {
namespace {

constexpr std::uint32_t subscriber_counts[] = {1, 10, 100, 1'000, 5'000};
constexpr double deliveries_per_second = 20'000;
constexpr double seconds = 2;
constexpr double connects_per_second = 300;  // at least
constexpr std::uint32_t storm_subscribers = 10;
constexpr double storm_rate = 1'000;
constexpr std::uint32_t handshakes = 1'000;
constexpr std::uint32_t laggards_among = 5'000;
constexpr double laggards_rate = 10, laggards_seconds = 10;

std::optional<WireRun> attempt(const ExchangeProcess& exchange, const WireLoad& load,
                               BenchProgress& progress, Section& out) {
  const std::string what =
      fmt::format("{} to {} subscribers", rate_text(load.rate), load.subscribers);
  progress.next("wire, " + what,
                load.seconds + load.warm_up + 0.5 + load.subscribers / connects_per_second);
  auto one = run_wire(exchange, load);
  if (one) return std::move(*one);
  out.warnings.push_back(fmt::format("{}: {}", what, one.error().text()));
  return std::nullopt;
}

double kilobytes(std::uint64_t before, std::uint64_t after) {
  return static_cast<double>(after - std::min(before, after)) / 1e3;
}

// Of the server, over what it does anyhow; nullopt: a connection was refused.
std::optional<double> cpu_us_per_handshake(const ExchangeProcess& exchange, bool is_resumed) {
  const std::int64_t before = exchange.cpu_ns();
  HandshakeStorm storm(exchange.port(), handshakes, is_resumed);
  if (!storm.finish()) return std::nullopt;
  return static_cast<double>(exchange.cpu_ns() - before) / 1e3 / handshakes;
}

}  // namespace

void measure_subscribers(const ExchangeProcess& exchange, const SuiteOptions&,
                         BenchProgress& progress, Section& out) {
  CostCurve latency{.name = "wire: latency against subscribers, at most 20,000 deliveries/s",
                    .x = "subscribers",
                    .y = "us"};
  latency.series = {{"p50", {}}, {"p99", {}}, {"p99.9", {}}};
  CostCurve cpu{.name = "wire: server CPU against subscribers, at most 20,000 deliveries/s",
                .x = "subscribers",
                .y = "us of CPU per delivery"};
  cpu.series = {{"server", {}}};
  for (const std::uint32_t count : subscriber_counts) {
    auto one = attempt(exchange,
                       {.subscribers = count,
                        .rate = std::min(1'000.0, deliveries_per_second / count),
                        .seconds = seconds,
                        .warm_up = seconds / 2},
                       progress, out);
    if (!one) continue;
    const double x = count;
    const Percentiles found(std::move(one->latency.latency_ns));
    const double shown[] = {50, 99, 99.9};
    for (std::size_t i = 0; i < std::size(shown); ++i)
      latency.series[i].second.push_back({x, static_cast<double>(found.at(shown[i])) / 1e3});
    cpu.series[0].second.push_back(
        {x, static_cast<double>(one->server_cpu_ns) / 1e3 / static_cast<double>(one->deliveries)});
    if (count < 1'000) continue;
    out.figures.push_back(
        {.name = fmt::format("server memory per subscriber, {} of them", count),
         .unit = "KB",
         .runs = {kilobytes(one->server_bytes_before, one->server_bytes_with) / count}});
  }
  out.curves.push_back(std::move(latency));
  out.curves.push_back(std::move(cpu));
}

void measure_storm(const ExchangeProcess& exchange, const SuiteOptions& options,
                   BenchProgress& progress, Section& out) {
  Figure full{.name = "server CPU per TLS 1.3 handshake and upgrade, full", .unit = "us"};
  Figure resumed{.name = "server CPU per TLS 1.3 handshake and upgrade, resumed", .unit = "us"};
  LatencyRowBuilder quiet(
      fmt::format("{} to {} subscribers, no storm", rate_text(storm_rate), storm_subscribers),
      storm_rate);
  LatencyRowBuilder stormy(fmt::format("{} to {} subscribers, {} handshakes meanwhile",
                                       rate_text(storm_rate), storm_subscribers, handshakes),
                           storm_rate);
  Figure took{.name = fmt::format("{} handshakes beside that", handshakes), .unit = "s"};
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    progress.next("wire, handshakes", 2.0 * handshakes / connects_per_second);
    if (const auto us = cpu_us_per_handshake(exchange, false)) full.runs.push_back(*us);
    if (const auto us = cpu_us_per_handshake(exchange, true)) resumed.runs.push_back(*us);
    WireLoad load{.subscribers = storm_subscribers, .rate = storm_rate, .seconds = seconds};
    if (auto one = attempt(exchange, load, progress, out)) quiet.add(std::move(one->latency));
    load.handshakes = handshakes;
    if (auto one = attempt(exchange, load, progress, out)) {
      took.runs.push_back(one->storm_seconds);
      stormy.add(std::move(one->latency));
    }
  }
  out.rows.push_back(quiet.finish());
  out.rows.push_back(stormy.finish());
  for (Figure* figure : {&full, &resumed, &took})
    if (!figure->runs.empty()) out.figures.push_back(std::move(*figure));
}

void measure_laggards(const ExchangeProcess& exchange, const SuiteOptions&, BenchProgress& progress,
                      Section& out) {
  LatencyRowBuilder row(
      fmt::format("{} to {} subscribers, beside one that is slow and one that is stuck",
                  rate_text(laggards_rate), laggards_among - 2),
      laggards_rate);
  auto one = attempt(exchange,
                     {.subscribers = laggards_among,
                      .rate = laggards_rate,
                      .seconds = laggards_seconds,
                      .warm_up = 1,
                      .with_laggards = true},
                     progress, out);
  if (!one) return;
  row.add(std::move(one->latency));
  out.rows.push_back(row.finish());
  out.figures.push_back({.name = "growth of server memory while one was slow and one stuck",
                         .unit = "KB",
                         .runs = {kilobytes(one->server_bytes_with, one->server_bytes_end)}});
}

}  // namespace bourse
