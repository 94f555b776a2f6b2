// What a bench has found, before it is shown: the table, the JSON, the page and the comparison are
// made of this and of nothing else.
//   Shape:  plain values. A report has sections, one per suite; a section has latency rows, stages,
//           figures beside their baseline twins, and cost curves.
//   Units:  latencies in nanoseconds, rates per second; a figure names its own unit.
//   Owner:  values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/measure/machine.h"      // Machine
#include "bench/measure/percentiles.h"  // Percentiles
#include "bench/measure/spread.h"       // median

namespace bourse {

// Percentiles::shown, and the maximum behind them.
inline constexpr std::size_t shown_count = Percentiles::shown.size() + 1;
std::string shown_name(std::size_t index);  // "p50", "p99.99", "max"

// One run: exact, from its raw samples.
struct RunPercentiles {
  std::uint64_t count = 0;
  std::array<double, shown_count> ns{};
};

struct CurvePoint {
  double x;
  double y;
};

// Several runs of one thing: each run's percentiles for median and spread, and the distribution of
// all samples together for the plot.
struct Distribution {
  std::vector<RunPercentiles> runs;
  std::vector<CurvePoint> quantiles;  // x: percent, y: ns
  std::uint64_t count = 0;            // samples of all runs

  std::vector<double> of_runs(std::size_t index) const;  // one value per run
  double median_of(std::size_t index) const { return median(of_runs(index)); }
};

// Collects runs; their samples are kept until finish().
class DistributionBuilder {
 public:
  void add(std::vector<std::int64_t> samples_ns);  // one run; an empty one is left out
  bool empty() const { return built_.runs.empty(); }
  Distribution finish();

 private:
  Distribution built_;
  std::vector<std::int64_t> all_;
};

struct LatencyRow {
  std::string name = {};
  double rate_asked = 0;                  // per second; 0: not paced
  std::vector<double> rate_reached = {};  // of each run
  std::vector<double> slip_ns_max = {};   // of each run: how late the generator itself was at worst
  std::vector<double> late_percent = {};  // of each run: sent later than a microsecond (or as told)
  bool is_twin = false;                   // a baseline, not ours
  Distribution latency = {};
};

// One run of an open loop.
struct OpenRun {
  std::vector<std::int64_t> latency_ns = {};
  double reached = 0;       // per second
  double late_percent = 0;  // of what was sent
  double slip_ns = -1;      // of the generator at worst; below 0: it is the one that is measured
};

// Collects the runs of a row.
class LatencyRowBuilder {
 public:
  LatencyRowBuilder(std::string name, double rate_asked, bool is_twin = false);
  void add(OpenRun run);
  LatencyRow finish();

 private:
  LatencyRow row_;
  DistributionBuilder runs_;
};

struct StageSet {
  std::string name = {};  // of the row whose stages these are
  std::vector<std::pair<std::string, Distribution>> stages = {};  // in the order of the way
};

// A number per run, and the twin's in the same run where there is one.
struct Figure {
  std::string name = {};
  std::string unit = {};
  bool higher_is_better = false;
  std::vector<double> runs = {};
  std::string twin = {};
  std::vector<double> twin_runs = {};
  bool twin_is_floor = false;  // nothing can be better: the ratio says how many times it is ours

  // How many times better than the twin, or how many times the floor; run by run, empty without.
  std::vector<double> ratios() const;
};

struct CostCurve {
  std::string name = {};  // "latency against rate"
  std::string x = {};     // axis and its unit
  std::string y = {};
  bool log_y = true;
  std::vector<std::pair<std::string, std::vector<CurvePoint>>> series = {};
};

struct Section {
  std::string name = {};  // the suite
  std::string what = {};  // one line: from where to where
  std::string mix = {};   // the flow, with its seed
  std::string left_out = {};
  std::vector<LatencyRow> rows = {};
  std::vector<StageSet> stages = {};
  std::vector<Figure> figures = {};
  std::vector<CostCurve> curves = {};
  std::vector<std::string> warnings = {};
};

struct ExpectResult {
  std::string text = {};  // as it was asked
  bool is_met = false;
  std::string found = {};  // "worst: wire disk 10000/s, 312 us"
};

struct BenchReport {
  std::string started = {};  // UTC
  std::string command = {};
  double seconds = 0;
  Machine machine = {};
  std::vector<Section> sections = {};
  std::vector<ExpectResult> expects = {};
};

// What the figures themselves say of the run: rates not reached, runs far apart, late generators.
void add_warnings(Section& section);

// What a search found: the highest rate whose p99.9 stayed below the bound; 0: none that was tried.
void add_highest_rate(Section& section, double bound_ns, double rate, const char* unit);

// Nanoseconds in a unit that begins with ns, us or ms ("us of CPU per order"); 0: no time.
double time_unit_ns(std::string_view unit);

std::string ns_text(double ns);   // "312 ns", "42.1 us", "1.4 ms"
std::string figure_text(double);  // three digits that count: "0.123", "45.6", "12345"
std::string rate_text(double);    // "1,000,000/s"

}  // namespace bourse
