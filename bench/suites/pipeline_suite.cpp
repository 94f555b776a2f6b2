// `bourse bench pipeline`: from a gate to a client over TLS in one process, stage by stage
// (bench/suites/pipeline_run.h).
//   schedule  open loop; latency counts from the intended time
//   twin      a deque behind a mutex and a condition, a std::map book, no log: until executed
//   Left out: sessions and subscriptions, many readers, other processes (the suite wire has them).

#include <fmt/format.h>

#include <algorithm>

#include "bench/load/order_stream.h"    // make_order_stream
#include "bench/measure/open_loop.h"    // highest_rate
#include "bench/suites/pipeline_run.h"  // run_pipeline
#include "bench/suites/suite.h"         // SuiteOptions

namespace bourse {
namespace {

constexpr double own_rates[] = {10'000, 50'000, 200'000};
constexpr double curve_rates[] = {2'000, 10'000, 50'000, 100'000, 200'000, 400'000};
constexpr double curve_seconds = 0.3;
constexpr double bound_ns = 20e6;
constexpr double low_rate = 12'500, high_rate = 800'000;

class PipelineSuite {
 public:
  PipelineSuite(const SuiteOptions& options, BenchProgress& progress)
      : options_(options), progress_(progress) {
    if (options_.rates.empty()) options_.rates.assign(std::begin(own_rates), std::end(own_rates));
    const double most = *std::ranges::max_element(options_.rates);
    const double wanted = std::max(most * (options_.seconds + options_.warm_up),
                                   options_.curves ? high_rate * curve_seconds : 0.0);
    stream_ = make_order_stream(static_cast<std::size_t>(wanted) + 1, Sequence{2}, options_.seed);
    out_.name = "pipeline";
    out_.what =
        "a command from the gate through engine, log, journal and encoder to one client over TLS "
        "1.3 on loopback; one process, five threads";
    out_.mix = stream_.mix;
    out_.left_out =
        "sessions, many readers, other processes; commands without a public event count as logged "
        "only";
  }

  Result<Section> run() {
    for (const Durability durability : options_.durabilities)
      for (const double rate : options_.rates)
        if (auto done = measure(durability, rate); !done) return std::unexpected(done.error());
    if (options_.curves && progress_.has_time())
      if (auto done = measure_curve(); !done) return std::unexpected(done.error());
    add_warnings(out_);
    return std::move(out_);
  }

 private:
  static const char* name(Durability durability) {
    return durability == Durability::disk ? "disk" : "memory";
  }

  Result<PipelineRun> run_once(Durability durability, double rate, double seconds, double warm_up) {
    PipelineLoad load{.durability = durability, .rate = rate};
    load.warm_up = static_cast<std::uint64_t>(rate * warm_up);
    load.count = std::min<std::uint64_t>(load.warm_up + static_cast<std::uint64_t>(rate * seconds),
                                         stream_.commands.size());
    load_ = load;
    return run_pipeline(options_.directory / "pipeline", stream_.commands, load);
  }

  Result<void> measure(Durability durability, double rate) {
    const std::string what = fmt::format("{} {}", name(durability), rate_text(rate));
    const bool is_first = durability == options_.durabilities.front();
    LatencyRowBuilder received(what, rate), logged(what + ", in the log's tail", rate);
    LatencyRowBuilder twin(fmt::format("mutex + deque + std::map {}", rate_text(rate)), rate, true);
    Figure beside{.name = "p50 in the log's tail, " + what,
                  .unit = "us",
                  .twin = "mutex + deque + std::map, executed"};
    std::vector<DistributionBuilder> stages;
    std::vector<std::string> names;
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("pipeline {}, run {}", what, i + 1),
                     options_.seconds + options_.warm_up + 0.2);
      auto one = run_once(durability, rate, options_.seconds, options_.warm_up);
      if (!one) return std::unexpected(one.error());
      stages.resize(one->stages.size());
      names.resize(one->stages.size());
      for (std::size_t s = 0; s < stages.size(); ++s) {
        names[s] = one->stages[s].first;
        stages[s].add(std::move(one->stages[s].second));
      }
      beside.runs.push_back(static_cast<double>(Percentiles(one->logged.latency_ns).at(50)) / 1e3);
      received.add(std::move(one->received));
      logged.add(std::move(one->logged));
      if (!is_first) continue;  // the twin has no log: once is enough
      OpenRun baseline = run_pipeline_twin(stream_.commands, load_);
      beside.twin_runs.push_back(static_cast<double>(Percentiles(baseline.latency_ns).at(50)) /
                                 1e3);
      twin.add(std::move(baseline));
    }
    out_.rows.push_back(received.finish());
    out_.rows.push_back(logged.finish());
    if (is_first) {
      out_.rows.push_back(twin.finish());
      out_.figures.push_back(std::move(beside));
    }
    StageSet& set = out_.stages.emplace_back();
    set.name = what;
    for (std::size_t s = 0; s < stages.size(); ++s)
      set.stages.emplace_back(names[s], stages[s].finish());
    return {};
  }

  Result<void> measure_curve() {
    const auto attempt = [&](Durability durability, double rate) {
      progress_.next(fmt::format("pipeline, {} at {}", name(durability), rate_text(rate)), 0.7);
      return run_once(durability, rate, curve_seconds * 2 / 3, curve_seconds / 3);
    };
    CostCurve curve{
        .name = "pipeline: until received against rate", .x = "commands per second", .y = "us"};
    for (const Durability durability : options_.durabilities) {
      std::vector<CurvePoint> p50, p99;
      for (const double rate : curve_rates) {
        if (!progress_.has_time()) break;
        auto one = attempt(durability, rate);
        if (!one) return std::unexpected(one.error());
        const Percentiles found(std::move(one->received.latency_ns));
        p50.push_back({rate, static_cast<double>(found.at(50)) / 1e3});
        p99.push_back({rate, static_cast<double>(found.at(99)) / 1e3});
      }
      curve.series.emplace_back(fmt::format("{} p50", name(durability)), std::move(p50));
      curve.series.emplace_back(fmt::format("{} p99", name(durability)), std::move(p99));
    }
    out_.curves.push_back(std::move(curve));
    if (!progress_.has_time()) return {};
    const double bound = options_.bound_ns > 0 ? options_.bound_ns : bound_ns;
    const Durability durability = options_.durabilities.front();
    const double found = highest_rate(low_rate, high_rate, bound, [&](double rate) {
      auto one = attempt(durability, rate);
      if (!one) return Tried{};
      const Percentiles percentiles(std::move(one->received.latency_ns));
      return Tried{one->received.reached, static_cast<double>(percentiles.at(99.9))};
    });
    add_highest_rate(out_, bound, found, fmt::format("{} commands/s", name(durability)).c_str());
    return {};
  }

  SuiteOptions options_;
  BenchProgress& progress_;
  OrderStream stream_;
  PipelineLoad load_;  // of the last run: the twin gets the same
  Section out_;
};

}  // namespace

double pipeline_suite_seconds(const SuiteOptions& options) {
  const double rates =
      static_cast<double>(options.rates.empty() ? std::size(own_rates) : options.rates.size());
  const double levels = static_cast<double>(options.durabilities.size());
  return (levels + 1) * rates * static_cast<double>(options.runs) *
             (options.seconds + options.warm_up + 0.2) +
         (options.curves ? 8.0 * levels + 10.0 : 0.0);
}

Result<Section> run_pipeline_suite(const SuiteOptions& options, BenchProgress& progress) {
  return PipelineSuite(options, progress).run();
}

}  // namespace bourse
