#include "bench/report/expect.h"

#include <fmt/format.h>

#include <charconv>

namespace bourse {
namespace {

constexpr const char* example = "for example --expect 'p99<250us' or 'wire:p99.9<=2ms'";

Result<double> wrong(std::string_view text, const char* why) {
  return fail(ExitCode::usage, fmt::format("'{}' {}", text, why), {}, example);
}

}  // namespace

Result<double> parse_time(std::string_view text, double default_unit_ns) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || !(value > 0)) return wrong(text, "is no time above 0");
  const std::string_view unit(stop, end);
  if (unit.empty() && default_unit_ns > 0) return value * default_unit_ns;
  if (unit == "ns") return value;
  if (unit == "us") return value * 1e3;
  if (unit == "ms") return value * 1e6;
  if (unit == "s") return value * 1e9;
  if (unit == "min") return value * 60e9;
  return wrong(text, "needs a unit: ns, us, ms, s or min");
}

Result<Expect> parse_expect(std::string_view text) {
  Expect expect{};
  expect.text = text;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    expect.suite = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos)
    return fail(ExitCode::usage, fmt::format("'{}' compares nothing: no < or >", text), {},
                example);
  const std::string_view name = text.substr(0, sign);
  expect.is_upper = text[sign] == '<';
  std::string_view bound = text.substr(sign + 1);
  if (bound.starts_with('=')) {
    expect.takes_equal = true;
    bound.remove_prefix(1);
  }
  if (name == "reached") {
    expect.percentile = shown_count;
    if (bound.ends_with('%')) bound.remove_suffix(1);
    const auto [stop, error] =
        std::from_chars(bound.data(), bound.data() + bound.size(), expect.bound);
    if (error != std::errc() || stop != bound.data() + bound.size())
      return fail(ExitCode::usage, fmt::format("'{}' is no percentage", bound), {},
                  "for example --expect 'reached>=99%'");
    return expect;
  }
  while (expect.percentile < shown_count && shown_name(expect.percentile) != name)
    ++expect.percentile;
  if (expect.percentile == shown_count)
    return fail(ExitCode::usage,
                fmt::format("'{}' is none of p50, p90, p99, p99.9, p99.99, max, reached", name), {},
                example);
  const auto ns = parse_time(bound, 0);
  if (!ns) return std::unexpected(ns.error());
  expect.bound = *ns;
  return expect;
}

ExpectResult check(const Expect& expect, const BenchReport& report) {
  ExpectResult result{.text = expect.text, .is_met = true, .found = "no row"};
  double worst = 0;
  bool is_first = true;
  for (const Section& section : report.sections) {
    if (!expect.suite.empty() && section.name != expect.suite) continue;
    for (const LatencyRow& row : section.rows) {
      const bool of_rate = expect.percentile == shown_count;
      if (row.is_twin || row.latency.runs.empty() || (of_rate && row.rate_reached.empty()))
        continue;
      if (of_rate && row.rate_asked == 0) continue;
      const double value = of_rate ? 100 * median(row.rate_reached) / row.rate_asked
                                   : row.latency.median_of(expect.percentile);
      const double margin = expect.is_upper ? expect.bound - value : value - expect.bound;
      result.is_met = result.is_met && (margin > 0 || (margin == 0 && expect.takes_equal));
      if (!is_first && margin >= worst) continue;
      worst = margin;
      is_first = false;
      result.found = fmt::format("{} {}: {}", section.name, row.name,
                                 of_rate ? figure_text(value) + " %" : ns_text(value));
    }
  }
  if (is_first) result.is_met = false;
  return result;
}

}  // namespace bourse
