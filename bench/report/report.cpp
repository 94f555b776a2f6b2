#include "bench/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bourse {
namespace {

// Of the distribution that is drawn: even steps on the scale of nines.
constexpr double quantile_steps_per_nine = 12;
constexpr double reached_least = 0.99;
constexpr double runs_apart_most = 0.10;  // of the median, between the middle runs
constexpr double late_percent_most = 1;

}  // namespace

std::string shown_name(std::size_t index) {
  return index < Percentiles::shown.size() ? fmt::format("p{:g}", Percentiles::shown[index])
                                           : "max";
}

std::vector<double> Distribution::of_runs(std::size_t index) const {
  std::vector<double> values;
  for (const RunPercentiles& run : runs) values.push_back(run.ns[index]);
  return values;
}

void DistributionBuilder::add(std::vector<std::int64_t> samples_ns) {
  if (samples_ns.empty()) return;
  all_.insert(all_.end(), samples_ns.begin(), samples_ns.end());
  const Percentiles percentiles(std::move(samples_ns));
  RunPercentiles& run = built_.runs.emplace_back();
  run.count = percentiles.count();
  for (std::size_t i = 0; i < Percentiles::shown.size(); ++i)
    run.ns[i] = static_cast<double>(percentiles.at(Percentiles::shown[i]));
  run.ns.back() = static_cast<double>(percentiles.max());
}

Distribution DistributionBuilder::finish() {
  built_.count = all_.size();
  if (all_.empty()) return std::move(built_);
  const Percentiles percentiles(std::move(all_));
  for (double nines = 0;; nines += 1 / quantile_steps_per_nine) {
    const double percent = 100 * (1 - std::pow(10, -nines));
    // Beyond this there is no sample left.
    if (std::pow(10, nines) > static_cast<double>(percentiles.count())) break;
    const double ns = static_cast<double>(percentiles.at(std::max(percent, 1e-9)));
    built_.quantiles.push_back({percent, ns});
  }
  built_.quantiles.push_back({100, static_cast<double>(percentiles.max())});
  return std::move(built_);
}

LatencyRowBuilder::LatencyRowBuilder(std::string name, double rate_asked, bool is_twin) {
  row_.name = std::move(name);
  row_.rate_asked = rate_asked;
  row_.is_twin = is_twin;
}

void LatencyRowBuilder::add(OpenRun run) {
  row_.rate_reached.push_back(run.reached);
  if (run.slip_ns >= 0) {
    row_.late_percent.push_back(run.late_percent);
    row_.slip_ns_max.push_back(run.slip_ns);
  }
  runs_.add(std::move(run.latency_ns));
}

LatencyRow LatencyRowBuilder::finish() {
  row_.latency = runs_.finish();
  return std::move(row_);
}

std::vector<double> Figure::ratios() const {
  std::vector<double> out;
  for (std::size_t i = 0; i < std::min(runs.size(), twin_runs.size()); ++i)
    if (runs[i] > 0 && twin_runs[i] > 0)
      out.push_back(higher_is_better != twin_is_floor ? runs[i] / twin_runs[i]
                                                      : twin_runs[i] / runs[i]);
  return out;
}

void add_warnings(Section& section) {
  for (const LatencyRow& row : section.rows) {
    if (row.latency.runs.empty()) {
      section.warnings.push_back(row.name + ": no run gave a sample");
      continue;
    }
    if (row.rate_asked > 0 && !row.rate_reached.empty() &&
        median(row.rate_reached) < reached_least * row.rate_asked)
      section.warnings.push_back(
          fmt::format("{}: asked {}, reached {}: the latencies are those of a queue", row.name,
                      rate_text(row.rate_asked), rate_text(median(row.rate_reached))));
    if (!row.late_percent.empty() && median(row.late_percent) > late_percent_most)
      section.warnings.push_back(
          fmt::format("{}: the generator was late for {} % of what it sent, by {} at worst",
                      row.name, figure_text(median(row.late_percent)),
                      ns_text(row.slip_ns_max.empty() ? 0 : median(row.slip_ns_max))));
    std::vector<double> p50 = row.latency.of_runs(0);
    if (p50.size() < 3) continue;
    std::ranges::sort(p50);
    const double apart = (p50[p50.size() - 2] - p50[1]) / p50[p50.size() / 2];
    if (apart > runs_apart_most || (p50.size() == 3 && (p50[2] - p50[0]) > 0.2 * p50[1]))
      section.warnings.push_back(
          fmt::format("{}: the runs are far apart (p50 from {} to {}): this machine was not quiet",
                      row.name, ns_text(p50.front()), ns_text(p50.back())));
  }
}

void add_highest_rate(Section& section, double bound_ns, double rate, const char* unit) {
  Figure highest{.name = fmt::format("highest rate with p99.9 below {}", ns_text(bound_ns)),
                 .unit = unit,
                 .higher_is_better = true};
  highest.runs.push_back(rate);
  section.figures.push_back(std::move(highest));
  if (rate == 0)
    section.warnings.push_back(
        fmt::format("no rate that was tried kept p99.9 below {}", ns_text(bound_ns)));
}

double time_unit_ns(std::string_view unit) {
  const std::string_view first = unit.substr(0, unit.find(' '));
  return first == "ns" ? 1 : first == "us" ? 1e3 : first == "ms" ? 1e6 : 0;
}

std::string figure_text(double value) {
  const double size = std::abs(value);
  if (size >= 100 || value == 0) return fmt::format("{:.0f}", value);
  if (size >= 10) return fmt::format("{:.1f}", value);
  if (size >= 1) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

std::string ns_text(double ns) {
  if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
  if (ns < 1e6) return fmt::format("{:.1f} us", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.1f} ms", ns / 1e6);
  return fmt::format("{:.2f} s", ns / 1e9);
}

std::string rate_text(double rate) {
  std::string digits = fmt::format("{:.0f}", rate);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits + "/s";
}

}  // namespace bourse
