#include "bench/report/report_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace bourse {
namespace {

constexpr std::size_t name_width = 34;
constexpr std::size_t cell_width = 11;

std::string heading(const char* first) {
  std::string out = fmt::format("{:<{}}", first, name_width);
  for (std::size_t i = 0; i < shown_count; ++i)
    out += fmt::format("{:>{}}", shown_name(i), cell_width);
  return out;
}

std::string cells(const Distribution& distribution) {
  std::string out;
  for (std::size_t i = 0; i < shown_count; ++i)
    out += fmt::format("{:>{}}", ns_text(distribution.median_of(i)), cell_width);
  return out;
}

std::string rows_table(const Section& section) {
  if (section.rows.empty()) return {};
  std::string out = "\n" + heading("latency, median of the runs") +
                    fmt::format("{:>10}{:>10}  {}\n", "reached", "samples", "p50 from..to");
  for (const LatencyRow& row : section.rows) {
    if (row.latency.runs.empty()) {
      out += fmt::format("{:<{}}  no run gave a sample\n", row.name, name_width);
      continue;
    }
    out += fmt::format("{:<{}}{}", row.name, name_width, cells(row.latency));
    const bool is_paced = row.rate_asked > 0 && !row.rate_reached.empty();
    out += fmt::format(
        "{:>10}{:>10}",
        is_paced ? fmt::format("{:.1f} %", 100 * median(row.rate_reached) / row.rate_asked) : "-",
        row.latency.runs.front().count);
    const std::vector<double> p50 = row.latency.of_runs(0);
    out +=
        fmt::format("  {}..{}\n", ns_text(std::ranges::min(p50)), ns_text(std::ranges::max(p50)));
  }
  return out;
}

std::string stages_table(const Section& section) {
  std::string out;
  for (const StageSet& set : section.stages) {
    out += "\n" + heading(("stages: " + set.name).c_str()) + "\n";
    for (const auto& [name, stage] : set.stages)
      if (!stage.runs.empty())
        out += fmt::format("  {:<{}}{}\n", name, name_width - 2, cells(stage));
  }
  return out;
}

std::string range(const std::vector<double>& values) {
  return fmt::format("{} ({}..{})", figure_text(median(values)),
                     figure_text(std::ranges::min(values)), figure_text(std::ranges::max(values)));
}

std::string figures_table(const Section& section) {
  std::string out;
  for (const Figure& figure : section.figures) {
    if (figure.runs.empty()) continue;
    if (out.empty())
      out = fmt::format("\n{:<50}{:>28}   {}\n", "figure, median (least..most)", "",
                        "beside its baseline twin in the same run");
    out += fmt::format("{:<50}{:>28}", figure.name + ", " + figure.unit, range(figure.runs));
    const std::vector<double> ratios = figure.ratios();
    if (!ratios.empty())
      out += fmt::format("   {}: {}; {} {}", figure.twin, figure_text(median(figure.twin_runs)),
                         figure.twin_is_floor ? "times the floor" : "times better", range(ratios));
    out += "\n";
  }
  return out;
}

std::string curves_table(const Section& section) {
  std::string out;
  for (const CostCurve& curve : section.curves) {
    out += fmt::format("\n{}\n", curve.name);
    for (const auto& [name, points] : curve.series) {
      out += fmt::format("  {:<32}", fmt::format("{} ({})", name, curve.y));
      const double unit = time_unit_ns(curve.y);
      for (const CurvePoint& point : points)
        out += fmt::format("  {:g}: {}", point.x,
                           unit > 0 ? ns_text(point.y * unit) : figure_text(point.y));
      out += "\n";
    }
    if (!curve.series.empty()) out += fmt::format("  by {}\n", curve.x);
  }
  return out;
}

}  // namespace

std::string machine_table(const Machine& machine) {
  std::string out;
  for (const auto& [name, value] : machine.facts)
    if (value != "unknown" && !value.empty()) out += fmt::format("  {:<20}{}\n", name, value);
  for (const std::string& warning : machine.warnings) out += fmt::format("! {}\n", warning);
  return out;
}

std::string section_head(const Section& section) {
  std::string out = fmt::format("\n== {}: {}\n", section.name, section.what);
  if (!section.mix.empty()) out += fmt::format("   flow      {}\n", section.mix);
  if (!section.left_out.empty()) out += fmt::format("   left out  {}\n", section.left_out);
  return out;
}

std::string section_table(const Section& section) {
  std::string out =
      rows_table(section) + stages_table(section) + figures_table(section) + curves_table(section);
  if (!section.warnings.empty()) out += "\n";
  for (const std::string& warning : section.warnings) out += fmt::format("! {}\n", warning);
  return out;
}

std::string expects_table(const BenchReport& report) {
  std::string out;
  for (const ExpectResult& expect : report.expects)
    out += fmt::format("{} {:<24} {}\n", expect.is_met ? "met    " : "NOT MET", expect.text,
                       expect.found);
  return out.empty() ? out : "\n" + out;
}

}  // namespace bourse
