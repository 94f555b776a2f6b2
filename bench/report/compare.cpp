#include "bench/report/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bourse {
namespace {

// The facts that two reports must share to be compared.
constexpr const char* same_facts[] = {"cpu",      "cores",    "memory", "kernel",
                                      "governor", "compiler", "flags"};
constexpr std::size_t judged_count = 4;  // p50 to p99.9

Verdict judge(const Difference& difference, const std::vector<double>& before,
              const std::vector<double>& after, bool higher_is_better) {
  // So few runs cannot differ enough, however far apart they are.
  const double best =
      rank_chance(std::vector<double>(before.size(), 0), std::vector<double>(after.size(), 1));
  if (best >= chance_most) return Verdict::undecided;
  if (difference.chance >= chance_most ||
      std::abs(difference.change) < std::max(differs_least, difference.drift))
    return Verdict::same;
  return (difference.change > 0) == higher_is_better ? Verdict::better : Verdict::worse;
}

struct Pair {
  const std::vector<double>& before;
  const std::vector<double>& after;
  bool higher_is_better = false;
  double drift = 0;
  bool decides = true;
};

void add(Comparison& out, std::string name, const Pair& pair) {
  if (pair.before.empty() || pair.after.empty()) return;
  Difference& one = out.differences.emplace_back();
  one.name = std::move(name);
  one.before = median(pair.before);
  one.after = median(pair.after);
  one.change = one.before == 0 ? 0 : one.after / one.before - 1;
  one.chance = rank_chance(pair.before, pair.after);
  one.drift = pair.drift;
  one.decides = pair.decides;
  one.verdict = judge(one, pair.before, pair.after, pair.higher_is_better);
}

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::same:
      return "same";
    case Verdict::better:
      return "better";
    case Verdict::worse:
      return "WORSE";
    case Verdict::undecided:
      return "too few runs";
  }
  return "";
}

double change_of(const std::vector<double>& before, const std::vector<double>& after) {
  if (before.empty() || after.empty() || median(before) == 0) return 0;
  return std::abs(median(after) / median(before) - 1);
}

// The most that a twin has moved.
double drift_of(const Section& before, const Section& after) {
  double drift = 0;
  for (const LatencyRow& row : after.rows) {
    const auto old = std::ranges::find(before.rows, row.name, &LatencyRow::name);
    if (old == before.rows.end() || !row.is_twin) continue;
    drift = std::max(drift, change_of(old->latency.of_runs(0), row.latency.of_runs(0)));
  }
  for (const Figure& figure : after.figures) {
    const auto old = std::ranges::find(before.figures, figure.name, &Figure::name);
    if (old == before.figures.end()) continue;
    drift = std::max(drift, change_of(old->twin_runs, figure.twin_runs));
  }
  return drift;
}

void compare_sections(Comparison& out, const Section& before, const Section& after) {
  const double drift = drift_of(before, after);
  if (drift > differs_least)
    out.warnings.push_back(
        fmt::format("{}: the twins, whose code is not ours, moved by up to {:.0f} %: only larger "
                    "differences count",
                    after.name, 100 * drift));
  for (const LatencyRow& row : after.rows) {
    const auto old = std::ranges::find(before.rows, row.name, &LatencyRow::name);
    if (old == before.rows.end()) continue;
    for (std::size_t i = 0; i < shown_count; ++i)
      add(out, fmt::format("{} {} {}", after.name, row.name, shown_name(i)),
          {.before = old->latency.of_runs(i),
           .after = row.latency.of_runs(i),
           .drift = drift,
           .decides = !row.is_twin && i < judged_count});
  }
  for (const Figure& figure : after.figures) {
    const auto old = std::ranges::find(before.figures, figure.name, &Figure::name);
    if (old == before.figures.end()) continue;
    const std::string name = fmt::format("{} {}", after.name, figure.name);
    add(out, name,
        {.before = old->runs,
         .after = figure.runs,
         .higher_is_better = figure.higher_is_better,
         .drift = drift});
    if (figure.twin.empty()) continue;
    add(out, name + ", times the twin",
        {.before = old->ratios(),
         .after = figure.ratios(),
         .higher_is_better = !figure.twin_is_floor});
  }
}

}  // namespace

double rank_chance(const std::vector<double>& a, const std::vector<double>& b) {
  const std::size_t n = a.size(), m = b.size();
  if (n == 0 || m == 0) return 1;
  double u = 0;  // pairs in which a is greater; ties count half
  for (const double x : a)
    for (const double y : b) u += x > y ? 1 : x == y ? 0.5 : 0;
  // ways[i][j][k]: orders of i of a and j of b with k such pairs; the last one is of a or of b.
  std::vector<std::vector<std::vector<double>>> ways(
      n + 1, std::vector<std::vector<double>>(m + 1, std::vector<double>(n * m + 1, 0)));
  for (std::size_t i = 0; i <= n; ++i)
    for (std::size_t j = 0; j <= m; ++j)
      for (std::size_t k = 0; k <= n * m; ++k) {
        if (i == 0 || j == 0)
          ways[i][j][k] = k == 0 ? 1 : 0;
        else
          ways[i][j][k] = ways[i][j - 1][k] + (k >= j ? ways[i - 1][j][k - j] : 0);
      }
  const double far = std::abs(u - static_cast<double>(n * m) / 2);
  double all = 0, beyond = 0;
  for (std::size_t k = 0; k <= n * m; ++k) {
    all += ways[n][m][k];
    if (std::abs(static_cast<double>(k) - static_cast<double>(n * m) / 2) >= far - 1e-9)
      beyond += ways[n][m][k];
  }
  return beyond / all;
}

Comparison compare(const BenchReport& before, const BenchReport& after) {
  Comparison out;
  for (const char* name : same_facts) {
    const std::string& a = before.machine.fact(name);
    const std::string& b = after.machine.fact(name);
    if (a != b)
      out.warnings.push_back(fmt::format(
          "not the same {}: '{}' and '{}': the difference may be the machine's", name, a, b));
  }
  for (const BenchReport* report : {&before, &after})
    for (const std::string& warning : report->machine.warnings)
      if (warning.find("not quiet") != std::string::npos ||
          warning.find("debug") != std::string::npos)
        out.warnings.push_back(
            fmt::format("{}: {}", report == &before ? "before" : "after", warning));
  for (const Section& section : after.sections) {
    const auto old = std::ranges::find(before.sections, section.name, &Section::name);
    if (old != before.sections.end()) compare_sections(out, *old, section);
  }
  const auto has = [&](Verdict verdict) {
    return std::ranges::any_of(out.differences, [&](const Difference& one) {
      return one.decides && one.verdict == verdict;
    });
  };
  if (has(Verdict::worse))
    out.verdict = Verdict::worse;
  else if (has(Verdict::better))
    out.verdict = Verdict::better;
  else if (has(Verdict::undecided) || out.differences.empty())
    out.verdict = Verdict::undecided;
  return out;
}

std::string comparison_text(const Comparison& comparison) {
  std::string out = fmt::format("{:<56}{:>12}{:>12}{:>9}  {:>6}  {}\n", "", "before", "after",
                                "change", "chance", "verdict");
  for (const Difference& one : comparison.differences)
    out += fmt::format("{:<56}{:>12}{:>12}{:>+8.1f}%  {:>6.3f}  {}{}\n", one.name,
                       figure_text(one.before), figure_text(one.after), 100 * one.change,
                       one.chance, word(one.verdict), one.decides ? "" : " (not judged)");
  for (const std::string& warning : comparison.warnings) out += "! " + warning + "\n";
  switch (comparison.verdict) {
    case Verdict::same:
      out += "no difference beyond noise\n";
      break;
    case Verdict::better:
      out += "better, and nothing is worse\n";
      break;
    case Verdict::worse:
      out += "worse\n";
      break;
    case Verdict::undecided:
      out += comparison.differences.empty() ? "the two reports have nothing in common\n"
                                            : "too few runs to tell a difference from noise: five "
                                              "or more of each are needed\n";
      break;
  }
  return out;
}

}  // namespace bourse
