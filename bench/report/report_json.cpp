#include "bench/report/report_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "feed/control/json_writer.h"  // JsonWriter

namespace bourse {
namespace {

constexpr std::string_view format_name = "bourse-bench-1";

class Writer {
 public:
  Writer& text(std::string_view name, std::string_view value) {
    json_.key(name).text(value);
    return *this;
  }
  Writer& number(std::string_view name, double value) {
    json_.key(name).raw(number_text(value));
    return *this;
  }
  Writer& flag(std::string_view name, bool value) {
    json_.key(name).boolean(value);
    return *this;
  }
  Writer& numbers(std::string_view name, const auto& values) {
    json_.key(name).open('[');
    for (const double value : values) json_.raw(number_text(value));
    json_.close(']');
    return *this;
  }
  Writer& points(std::string_view name, const std::vector<CurvePoint>& values) {
    json_.key(name).open('[');
    for (const CurvePoint& point : values)
      json_.open('[').raw(number_text(point.x)).raw(number_text(point.y)).close(']');
    json_.close(']');
    return *this;
  }
  Writer& texts(std::string_view name, const std::vector<std::string>& values) {
    json_.key(name).open('[');
    for (const std::string& value : values) json_.text(value);
    json_.close(']');
    return *this;
  }
  // Each of `values` as an object that `one` fills.
  Writer& list(std::string_view name, const auto& values, const auto& one) {
    json_.key(name).open('[');
    for (const auto& value : values) {
      json_.open('{');
      one(value);
      json_.close('}');
    }
    json_.close(']');
    return *this;
  }
  JsonWriter& raw() { return json_; }

 private:
  static std::string number_text(double value) {
    return std::isfinite(value) ? fmt::format("{}", value) : "null";
  }
  JsonWriter json_;
};

void write(Writer& out, const Distribution& distribution) {
  out.number("count", static_cast<double>(distribution.count));
  out.list("runs", distribution.runs, [&](const RunPercentiles& run) {
    out.number("count", static_cast<double>(run.count)).numbers("ns", run.ns);
  });
  out.points("quantiles", distribution.quantiles);
}

void write(Writer& out, const Section& section) {
  out.text("name", section.name).text("what", section.what).text("mix", section.mix);
  out.text("left_out", section.left_out);
  out.list("rows", section.rows, [&](const LatencyRow& row) {
    out.text("name", row.name).number("rate_asked", row.rate_asked);
    out.numbers("rate_reached", row.rate_reached).numbers("slip_ns_max", row.slip_ns_max);
    out.numbers("late_percent", row.late_percent).flag("is_twin", row.is_twin);
    write(out, row.latency);
  });
  out.list("stages", section.stages, [&](const StageSet& set) {
    out.text("name", set.name);
    out.list("stages", set.stages, [&](const auto& stage) {
      out.text("name", stage.first);
      write(out, stage.second);
    });
  });
  out.list("figures", section.figures, [&](const Figure& figure) {
    out.text("name", figure.name).text("unit", figure.unit);
    out.flag("higher_is_better", figure.higher_is_better).numbers("runs", figure.runs);
    out.text("twin", figure.twin).numbers("twin_runs", figure.twin_runs);
    out.flag("twin_is_floor", figure.twin_is_floor);
  });
  out.list("curves", section.curves, [&](const CostCurve& curve) {
    out.text("name", curve.name).text("x", curve.x).text("y", curve.y).flag("log_y", curve.log_y);
    out.list("series", curve.series, [&](const auto& series) {
      out.text("name", series.first).points("points", series.second);
    });
  });
  out.texts("warnings", section.warnings);
}

// Reading: what is missing is empty, so that a report of an older version can be compared.
using Element = simdjson::dom::element;

std::string text_of(const Element& from, const char* key) {
  std::string_view value;
  return from[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}
double number_of(const Element& from, const char* key) {
  double value = 0;
  return from[key].get(value) == simdjson::SUCCESS ? value : 0;
}
bool flag_of(const Element& from, const char* key) {
  bool value = false;
  return from[key].get(value) == simdjson::SUCCESS && value;
}
void each(const Element& from, const char* key, const auto& one) {
  simdjson::dom::array array;
  if (from[key].get(array) != simdjson::SUCCESS) return;
  for (const Element element : array) one(element);
}
std::vector<double> numbers_of(const Element& from, const char* key) {
  std::vector<double> out;
  each(from, key, [&](const Element& element) {
    double value = 0;
    if (element.get(value) == simdjson::SUCCESS) out.push_back(value);
  });
  return out;
}
std::vector<std::string> texts_of(const Element& from, const char* key) {
  std::vector<std::string> out;
  each(from, key, [&](const Element& element) {
    std::string_view value;
    if (element.get(value) == simdjson::SUCCESS) out.emplace_back(value);
  });
  return out;
}
std::vector<CurvePoint> points_of(const Element& from, const char* key) {
  std::vector<CurvePoint> out;
  each(from, key, [&](const Element& element) {
    CurvePoint point{};
    if (element.at(0).get(point.x) == simdjson::SUCCESS &&
        element.at(1).get(point.y) == simdjson::SUCCESS)
      out.push_back(point);
  });
  return out;
}

Distribution distribution_of(const Element& from) {
  Distribution out;
  out.count = static_cast<std::uint64_t>(number_of(from, "count"));
  out.quantiles = points_of(from, "quantiles");
  each(from, "runs", [&](const Element& element) {
    RunPercentiles& run = out.runs.emplace_back();
    run.count = static_cast<std::uint64_t>(number_of(element, "count"));
    const std::vector<double> ns = numbers_of(element, "ns");
    std::copy_n(ns.begin(), std::min(ns.size(), run.ns.size()), run.ns.begin());
  });
  return out;
}

Section section_of(const Element& from) {
  Section out;
  out.name = text_of(from, "name");
  out.what = text_of(from, "what");
  out.mix = text_of(from, "mix");
  out.left_out = text_of(from, "left_out");
  out.warnings = texts_of(from, "warnings");
  each(from, "rows", [&](const Element& element) {
    out.rows.push_back({.name = text_of(element, "name"),
                        .rate_asked = number_of(element, "rate_asked"),
                        .rate_reached = numbers_of(element, "rate_reached"),
                        .slip_ns_max = numbers_of(element, "slip_ns_max"),
                        .late_percent = numbers_of(element, "late_percent"),
                        .is_twin = flag_of(element, "is_twin"),
                        .latency = distribution_of(element)});
  });
  each(from, "stages", [&](const Element& element) {
    StageSet& set = out.stages.emplace_back();
    set.name = text_of(element, "name");
    each(element, "stages", [&](const Element& stage) {
      set.stages.emplace_back(text_of(stage, "name"), distribution_of(stage));
    });
  });
  each(from, "figures", [&](const Element& element) {
    out.figures.push_back({.name = text_of(element, "name"),
                           .unit = text_of(element, "unit"),
                           .higher_is_better = flag_of(element, "higher_is_better"),
                           .runs = numbers_of(element, "runs"),
                           .twin = text_of(element, "twin"),
                           .twin_runs = numbers_of(element, "twin_runs"),
                           .twin_is_floor = flag_of(element, "twin_is_floor")});
  });
  each(from, "curves", [&](const Element& element) {
    CostCurve& curve = out.curves.emplace_back();
    curve.name = text_of(element, "name");
    curve.x = text_of(element, "x");
    curve.y = text_of(element, "y");
    curve.log_y = flag_of(element, "log_y");
    each(element, "series", [&](const Element& series) {
      curve.series.emplace_back(text_of(series, "name"), points_of(series, "points"));
    });
  });
  return out;
}

}  // namespace

std::string report_json(const BenchReport& report) {
  Writer out;
  out.raw().open('{');
  out.text("format", format_name).text("started", report.started).text("command", report.command);
  out.number("seconds", report.seconds);
  out.list("machine", report.machine.facts,
           [&](const auto& fact) { out.text("name", fact.first).text("value", fact.second); });
  out.texts("warnings", report.machine.warnings);
  out.list("sections", report.sections, [&](const Section& section) { write(out, section); });
  out.list("expects", report.expects, [&](const ExpectResult& expect) {
    out.text("text", expect.text).flag("is_met", expect.is_met).text("found", expect.found);
  });
  out.raw().close('}');
  return std::string(out.raw().view()) + "\n";
}

Result<BenchReport> parse_report(std::string_view json, const std::string& where) {
  simdjson::dom::parser parser;
  Element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root))
    return fail(ExitCode::data_damaged, simdjson::error_message(error), where,
                "give a report.json that `bourse bench` has written");
  if (text_of(root, "format") != format_name)
    return fail(ExitCode::data_damaged,
                fmt::format("this is no report: its format is not {}", format_name), where,
                "give a report.json that `bourse bench` has written");
  BenchReport report;
  report.started = text_of(root, "started");
  report.command = text_of(root, "command");
  report.seconds = number_of(root, "seconds");
  each(root, "machine", [&](const Element& fact) {
    report.machine.facts.emplace_back(text_of(fact, "name"), text_of(fact, "value"));
  });
  report.machine.warnings = texts_of(root, "warnings");
  each(root, "sections",
       [&](const Element& section) { report.sections.push_back(section_of(section)); });
  each(root, "expects", [&](const Element& expect) {
    report.expects.push_back(
        {text_of(expect, "text"), flag_of(expect, "is_met"), text_of(expect, "found")});
  });
  return report;
}

Result<BenchReport> read_report(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ExitCode::file_missing, "cannot be read", file.string(), "is it there?");
  std::ostringstream text;
  text << in.rdbuf();
  return parse_report(text.str(), file.string());
}

}  // namespace bourse
