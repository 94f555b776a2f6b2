// `bourse bench log`: a transaction into the log until it is released.
//   way       appended to the memory tail by one thread, written and synced in groups by the
//             journal's; a transaction is released when it is as durable as was promised
//   schedule  open loop; latency counts from the intended time
//   twins     one write and fdatasync for each record into a growing file; one raw flush of 4 KiB
//             into zeros that are there already, in the same run
//   Left out: the engine, readers, other load on the disk, power loss (tests/replay has it).

#include <fmt/format.h>
#include <x86intrin.h>

#include <algorithm>

#include "bench/journal/journal_cases.h"   // make_record, new_log, run_burst
#include "bench/journal/journal_thread.h"  // JournalThread
#include "bench/measure/cycles.h"          // CycleClock
#include "bench/measure/open_loop.h"       // Pace, wall_ns
#include "bench/suites/suite.h"            // SuiteOptions
#include "bench/twins/raw_flush.h"         // measure_raw_flush

namespace bourse {
namespace {

constexpr double own_rates[] = {10'000, 200'000};
constexpr double curve_rates[] = {1'000, 10'000, 50'000, 200'000, 500'000, 1'000'000};
constexpr double curve_seconds = 0.3;
constexpr double bound_ns = 20e6;
constexpr double low_rate = 12'500, high_rate = 12'800'000;
constexpr std::size_t growing_flushes = 200;

struct LogRun {
  OpenRun durable;
  std::vector<std::int64_t> append_ns;  // the call alone, without what the clock costs
};

class LogSuite {
 public:
  LogSuite(const SuiteOptions& options, BenchProgress& progress)
      : options_(options), progress_(progress) {
    if (options_.rates.empty()) options_.rates.assign(std::begin(own_rates), std::end(own_rates));
    settings_.directory = options_.directory;
    out_.name = "log";
    out_.what = "a transaction of 344 bytes appended until it is released";
    out_.mix = "one record after the other, all alike: an order that rests, its event and report";
    out_.left_out = "engine, readers of the log, other load on the disk";
  }

  Result<Section> run() {
    for (const Durability durability : options_.durabilities)
      for (const double rate : options_.rates)
        if (auto done = measure_rate(durability, rate); !done) return std::unexpected(done.error());
    if (auto done = measure_flushes(); !done) return std::unexpected(done.error());
    measure_burst();
    if (options_.curves && progress_.has_time()) measure_curve();
    add_warnings(out_);
    return std::move(out_);
  }

 private:
  static const char* name(Durability durability) {
    return durability == Durability::disk ? "disk" : "memory";
  }

  LogRun run_open(Durability durability, double rate, double seconds, double warm_seconds) {
    const auto warm_up = static_cast<std::uint64_t>(rate * warm_seconds);
    const std::uint64_t count = warm_up + static_cast<std::uint64_t>(rate * seconds);
    const auto log = new_log(settings_, durability);
    BroadcastRing::Writer writer = log->tail().writer();
    std::vector<std::byte> record = make_record(order_bytes);
    LogRun out;
    out.append_ns.reserve(count);
    out.durable.latency_ns.reserve(count);
    Pace pace(1e9 / rate, wall_ns() + 5'000'000, 1'000);
    std::uint64_t released = 0;
    std::int64_t first_ns = 0, last_ns = 0;  // of the releases that count
    const auto note = [&] {
      const std::uint64_t now = wall_ns();
      const std::uint64_t upto = log->released_sequence().value();
      for (; released < upto; ++released)
        if (released >= warm_up)
          out.durable.latency_ns.push_back(
              static_cast<std::int64_t>(now - pace.intended(released)));
      last_ns = static_cast<std::int64_t>(now);
      if (first_ns == 0 && released > warm_up) first_ns = last_ns;
    };
    JournalThread journal(*log, note);
    for (std::uint64_t i = 0; i < count; ++i) {
      pace.wait(i, warm_up, wall_ns, sleep_most);
      set_sequence(record, i + 1);
      const std::uint64_t begun = CycleClock::begin();
      bool done = writer.append(record);
      const std::uint64_t ended = CycleClock::end();
      while (!done) {
        std::this_thread::yield();
        done = writer.append(record);
      }
      log->tail().arrivals().wake();
      if (i >= warm_up) out.append_ns.push_back(clock_.net_ns(ended - begun));
    }
    if (const auto failure = journal.end()) give_up(failure->text());
    out.durable.reached = rate_between(count - warm_up, first_ns, last_ns);
    out.durable.late_percent = pace.late_percent();
    out.durable.slip_ns = static_cast<double>(pace.slip_most());
    return out;
  }

  Result<void> measure_rate(Durability durability, double rate) {
    const std::string what = fmt::format("{} {}", name(durability), rate_text(rate));
    LatencyRowBuilder row(what, rate);
    DistributionBuilder append;
    Figure beside{.name = fmt::format("p50 of {}", what),
                  .unit = "us",
                  .twin = "raw flush of 4 KiB",
                  .twin_is_floor = true};
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("log {}, run {}", what, i + 1),
                     options_.seconds + options_.warm_up);
      if (durability == Durability::disk) {
        auto flushes = measure_raw_flush(options_.directory, {});
        if (!flushes) return std::unexpected(flushes.error());
        const Percentiles raw(std::move(*flushes));
        beside.twin_runs.push_back(static_cast<double>(raw.at(50)) / 1e3);
      }
      LogRun one = run_open(durability, rate, options_.seconds, options_.warm_up);
      beside.runs.push_back(static_cast<double>(Percentiles(one.durable.latency_ns).at(50)) / 1e3);
      row.add(std::move(one.durable));
      append.add(std::move(one.append_ns));
    }
    out_.rows.push_back(row.finish());
    out_.stages.push_back(
        {.name = what,
         .stages = {{"append, the call alone", append.finish()},
                    {"released, from the intended time", out_.rows.back().latency}}});
    if (durability == Durability::disk) out_.figures.push_back(std::move(beside));
    return {};
  }

  // One durable write at a time, as twins that need no schedule: they could not keep one.
  Result<void> measure_flushes() {
    const std::pair<const char*, RawFlush> cases[] = {
        {"raw flush of 4 KiB into zeros", {}},
        {"write + fdatasync for each record",
         {.is_prepared = false, .bytes = order_bytes, .count = growing_flushes}}};
    for (const auto& [what, flush] : cases) {
      LatencyRowBuilder row(what, 0, true);
      for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
        progress_.next(fmt::format("log, {}", what), 0.5);
        auto samples = measure_raw_flush(options_.directory, flush);
        if (!samples) return std::unexpected(samples.error());
        row.add({.latency_ns = std::move(*samples)});
      }
      out_.rows.push_back(row.finish());
    }
    return {};
  }

  void measure_burst() {
    Figure figure{.name = "durable records of 344 bytes, as fast as it goes",
                  .unit = "records/s",
                  .higher_is_better = true,
                  .twin = "write + fdatasync for each"};
    const Distribution& each = out_.rows.back().latency;
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("log, burst, run {}", i + 1), 0.5);
      figure.runs.push_back(1e6 * run_burst(settings_, order_bytes, burst_bytes));
      if (i < each.runs.size()) figure.twin_runs.push_back(1e9 / each.runs[i].ns[0]);
    }
    out_.figures.push_back(std::move(figure));
  }

  void measure_curve() {
    CostCurve curve{
        .name = "log: until released against rate", .x = "transactions per second", .y = "us"};
    const auto attempt = [&](Durability durability, double rate) {
      progress_.next(fmt::format("log, {} at {}", name(durability), rate_text(rate)), 0.5);
      LogRun one = run_open(durability, rate, curve_seconds, curve_seconds / 3);
      return std::pair(one.durable.reached, Percentiles(std::move(one.durable.latency_ns)));
    };
    for (const Durability durability : options_.durabilities) {
      std::vector<CurvePoint> p50, p99;
      for (const double rate : curve_rates) {
        if (!progress_.has_time()) break;
        const Percentiles found = attempt(durability, rate).second;
        p50.push_back({rate, static_cast<double>(found.at(50)) / 1e3});
        p99.push_back({rate, static_cast<double>(found.at(99)) / 1e3});
      }
      curve.series.emplace_back(fmt::format("{} p50", name(durability)), std::move(p50));
      curve.series.emplace_back(fmt::format("{} p99", name(durability)), std::move(p99));
    }
    out_.curves.push_back(std::move(curve));
    if (!progress_.has_time()) return;
    const Durability durability = options_.durabilities.back();
    const double bound = options_.bound_ns > 0 ? options_.bound_ns : bound_ns;
    add_highest_rate(out_, bound,
                     highest_rate(low_rate, high_rate, bound,
                                  [&](double rate) {
                                    const auto [reached, found] = attempt(durability, rate);
                                    return Tried{reached, static_cast<double>(found.at(99.9))};
                                  }),
                     fmt::format("{} transactions/s", name(durability)).c_str());
  }

  SuiteOptions options_;
  BenchProgress& progress_;
  Settings settings_;
  CycleClock clock_;
  Section out_;
};

}  // namespace

double log_suite_seconds(const SuiteOptions& options) {
  const double rates =
      static_cast<double>(options.rates.empty() ? std::size(own_rates) : options.rates.size());
  const double levels = static_cast<double>(options.durabilities.size());
  const double runs = static_cast<double>(options.runs);
  return levels * rates * runs * (options.seconds + options.warm_up + 0.2) + 2.0 * runs +
         (options.curves ? 15.0 : 0.0);
}

Result<Section> run_log_suite(const SuiteOptions& options, BenchProgress& progress) {
  return LogSuite(options, progress).run();
}

}  // namespace bourse
