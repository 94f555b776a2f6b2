#include "bench/report/report_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/report/svg_plot.h"  // svg_lines, svg_bars, markup_text

namespace bourse {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --line: #d0d0d0; --pale: #f4f6f8; --warn: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --pale: #22262b; --warn: #ffb454; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 82rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; }
th, td { border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
td small { opacity: .75; display: block; }
tr.twin td { font-style: italic; }
td.wide { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.warn { color: var(--warn); } .no { color: #c00; font-weight: 600; }
svg { max-width: 100%; height: auto; margin: .6rem 0; border: 1px solid var(--line); }
nav a { margin-right: 1rem; }
)";

std::string row(const std::vector<std::string>& cells, const char* tag, const char* kind = "") {
  std::string out = *kind == 0 ? "<tr>" : fmt::format("<tr class=\"{}\">", kind);
  for (const std::string& cell : cells) out += fmt::format("<{}>{}</{}>", tag, cell, tag);
  return out + "</tr>\n";
}

std::vector<std::string> with_percentiles(std::string first) {
  std::vector<std::string> names{std::move(first)};
  for (std::size_t i = 0; i < shown_count; ++i) names.push_back(shown_name(i));
  return names;
}

// Median, and from least to most below it.
void add_percentiles(std::vector<std::string>& cells, const Distribution& distribution) {
  for (std::size_t i = 0; i < shown_count; ++i) {
    const std::vector<double> runs = distribution.of_runs(i);
    cells.push_back(runs.empty() ? "-"
                                 : fmt::format("{}<small>{} to {}</small>", ns_text(median(runs)),
                                               ns_text(std::ranges::min(runs)),
                                               ns_text(std::ranges::max(runs))));
  }
}

std::string latency_table(const Section& section) {
  if (section.rows.empty()) return {};
  std::vector<std::string> head = with_percentiles("latency");
  head.insert(head.end(), {"asked", "reached", "generator late", "samples"});
  std::string out = "<div class=\"table\"><table>\n" + row(head, "th");
  for (const LatencyRow& one : section.rows) {
    std::vector<std::string> cells{markup_text(one.name)};
    add_percentiles(cells, one.latency);
    cells.push_back(one.rate_asked > 0 ? rate_text(one.rate_asked) : "-");
    cells.push_back(one.rate_reached.empty() ? "-" : rate_text(median(one.rate_reached)));
    std::string late = "-";
    if (!one.slip_ns_max.empty()) late = "at worst " + ns_text(median(one.slip_ns_max));
    if (!one.late_percent.empty())
      late += fmt::format("<small>{} %</small>", figure_text(median(one.late_percent)));
    cells.push_back(late);
    cells.push_back(
        fmt::format("{}<small>{} runs</small>", one.latency.count, one.latency.runs.size()));
    out += row(cells, "td", one.is_twin ? "twin" : "");
  }
  return out +
         "</table></div>\n<p>Median of the runs, least to most below it; rows in italics are "
         "baseline twins, not this product.</p>\n";
}

std::string stages_part(const Section& section) {
  std::string out;
  for (const StageSet& set : section.stages) {
    std::vector<PlotBar> bars;
    std::string rows;
    for (const auto& [name, stage] : set.stages) {
      if (stage.runs.empty()) continue;
      bars.push_back({name, stage.median_of(0), stage.median_of(2)});
      std::vector<std::string> cells{markup_text(name)};
      add_percentiles(cells, stage);
      cells.push_back(std::to_string(stage.count));
      rows += row(cells, "td");
    }
    if (bars.empty()) continue;
    out += svg_bars("stages: " + set.name, bars);
    std::vector<std::string> head = with_percentiles("stage");
    head.emplace_back("samples");
    out += "<div class=\"table\"><table>\n" + row(head, "th") + rows + "</table></div>\n";
  }
  return out;
}

std::string range(const std::vector<double>& values) {
  return fmt::format("{}<small>{} to {}</small>", figure_text(median(values)),
                     figure_text(std::ranges::min(values)), figure_text(std::ranges::max(values)));
}

std::string figures_part(const Section& section) {
  std::string rows;
  for (const Figure& figure : section.figures) {
    if (figure.runs.empty()) continue;
    const std::vector<double> ratios = figure.ratios();
    rows += row({markup_text(figure.name), markup_text(figure.unit), range(figure.runs),
                 markup_text(figure.twin), figure.twin_runs.empty() ? "-" : range(figure.twin_runs),
                 ratios.empty() ? "-" : range(ratios),
                 figure.twin_is_floor ? "times the floor"
                 : ratios.empty()     ? ""
                                      : "times better"},
                "td");
  }
  if (rows.empty()) return {};
  return "<div class=\"table\"><table>\n" +
         row({"figure", "unit", "ours", "baseline twin", "twin", "ratio", "which is"}, "th") +
         rows + "</table></div>\n";
}

std::string curves_part(const Section& section) {
  std::string out;
  for (const CostCurve& curve : section.curves) {
    std::vector<PlotLine> lines;
    const double unit = time_unit_ns(curve.y);
    for (const auto& [name, points] : curve.series) {
      PlotLine& line = lines.emplace_back(name, points, name.find("twin") != std::string::npos);
      if (unit > 0)
        for (CurvePoint& point : line.points) point.y *= unit;
    }
    out += svg_lines(
        curve.name, {.title = curve.x, .scale = Scale::log},
        {.title = curve.y, .scale = curve.log_y ? Scale::log : Scale::plain, .is_time = unit > 0},
        lines);
  }
  return out;
}

std::string warnings_part(const std::vector<std::string>& warnings) {
  if (warnings.empty()) return {};
  std::string out = "<ul class=\"warn\">\n";
  for (const std::string& warning : warnings)
    out += fmt::format("<li>{}</li>\n", markup_text(warning));
  return out + "</ul>\n";
}

std::string section_part(const Section& section) {
  std::string out = fmt::format("<h2 id=\"{}\">{}</h2>\n<p>{}</p>\n", markup_text(section.name),
                                markup_text(section.name), markup_text(section.what));
  if (!section.mix.empty()) out += fmt::format("<p>Flow: {}</p>\n", markup_text(section.mix));
  if (!section.left_out.empty())
    out += fmt::format("<p>Left out: {}</p>\n", markup_text(section.left_out));
  out += warnings_part(section.warnings);
  if (!section.rows.empty()) out += percentile_plot(section);
  return out + latency_table(section) + stages_part(section) + figures_part(section) +
         curves_part(section);
}

std::string machine_part(const BenchReport& report) {
  std::string out = "<h2 id=\"environment\">environment</h2>\n<div class=\"table\"><table>\n";
  for (const auto& [name, value] : report.machine.facts)
    out += fmt::format("<tr><td>{}</td><td class=\"wide\">{}</td></tr>\n", markup_text(name),
                       markup_text(value));
  return out + "</table></div>\n";
}

std::string expects_part(const BenchReport& report) {
  if (report.expects.empty()) return {};
  std::string out = "<h2>expected</h2>\n<div class=\"table\"><table>\n";
  for (const ExpectResult& expect : report.expects)
    out +=
        row({markup_text(expect.text), expect.is_met ? "met" : "<span class=\"no\">not met</span>",
             markup_text(expect.found)},
            "td");
  return out + "</table></div>\n";
}

}  // namespace

std::string percentile_plot(const Section& section) {
  std::vector<PlotLine> lines;
  for (const LatencyRow& one : section.rows)
    lines.push_back({one.name, one.latency.quantiles, one.is_twin});
  return svg_lines(fmt::format("{}: latency by percentile", section.name),
                   {.title = "percentile of all samples of all runs", .scale = Scale::nines},
                   {.title = "from the intended time", .scale = Scale::log, .is_time = true},
                   lines);
}

std::string report_html(const BenchReport& report) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Bourse bench, {}</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<h1>Bourse bench, {}</h1>\n<p><code>{}</code>, {:.0f} s, commit {}, {}, {} cores</p>\n",
      markup_text(report.started), style, markup_text(report.started), markup_text(report.command),
      report.seconds, markup_text(report.machine.fact("commit")),
      markup_text(report.machine.fact("cpu")), markup_text(report.machine.fact("cores")));
  out += "<nav>";
  for (const Section& section : report.sections)
    out +=
        fmt::format("<a href=\"#{}\">{}</a>", markup_text(section.name), markup_text(section.name));
  out += "<a href=\"#environment\">environment</a></nav>\n";
  out +=
      "<p>Open loop: a schedule decides when something is sent, and latency counts from that "
      "intended time, so that waiting counts too. Percentiles are exact, from raw samples. Judge "
      "the ratios to the baseline twins, which were measured in the same run: they move with the "
      "machine as the product does.</p>\n";
  out += warnings_part(report.machine.warnings);
  out += expects_part(report);
  for (const Section& section : report.sections) out += section_part(section);
  return out + machine_part(report) + "</body>\n</html>\n";
}

}  // namespace bourse
