#include "bench/report/compare.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bourse {
namespace {

struct Runs {
  std::vector<double> ours;
  std::vector<double> twin;
};

// One row of ours and one of the twin; every percentile of a run is the same.
BenchReport report_of(const Runs& runs) {
  BenchReport report;
  report.machine.facts = {{"cpu", "a"}, {"cores", "2"}};
  Section& section = report.sections.emplace_back();
  section.name = "book";
  for (const bool is_twin : {false, true}) {
    LatencyRow& row = section.rows.emplace_back();
    row.name = is_twin ? "twin" : "ours";
    row.is_twin = is_twin;
    for (const double ns : is_twin ? runs.twin : runs.ours) {
      RunPercentiles& run = row.latency.runs.emplace_back();
      run.count = 1;
      run.ns.fill(ns);
    }
  }
  return report;
}

const Runs before{{100, 101, 102, 103, 104}, {200, 201, 202, 203, 204}};

TEST(Compare, TheChanceOfRanksIsExact) {
  EXPECT_NEAR(rank_chance({1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}), 2.0 / 252, 1e-12);
  EXPECT_NEAR(rank_chance({6, 7, 8, 9, 10}, {1, 2, 3, 4, 5}), 2.0 / 252, 1e-12);
  EXPECT_NEAR(rank_chance({1, 2, 3}, {4, 5, 6}), 2.0 / 20, 1e-12);
  EXPECT_NEAR(rank_chance({1}, {2}), 1, 1e-12);
  EXPECT_NEAR(rank_chance({1, 1, 1}, {1, 1, 1}), 1, 1e-12);
  EXPECT_EQ(rank_chance({}, {1}), 1);
}

TEST(Compare, TheSameFiguresAreTheSame) {
  const Comparison found = compare(report_of(before), report_of(before));
  EXPECT_EQ(found.verdict, Verdict::same);
  EXPECT_TRUE(found.warnings.empty());
  EXPECT_EQ(found.differences.size(), 2 * shown_count);
}

TEST(Compare, RunsThatAllLieBeyondAreWorseOrBetter) {
  const Runs slower{{130, 131, 132, 133, 134}, before.twin};
  EXPECT_EQ(compare(report_of(before), report_of(slower)).verdict, Verdict::worse);
  EXPECT_EQ(compare(report_of(slower), report_of(before)).verdict, Verdict::better);
}

TEST(Compare, RunsThatMixAreNoise) {
  const Runs wide{{90, 150, 160, 170, 180}, before.twin};
  EXPECT_EQ(compare(report_of(before), report_of(wide)).verdict, Verdict::same);
}

TEST(Compare, AFewPercentAreNoDifference) {
  const Runs near{{104.1, 104.2, 104.3, 104.4, 104.5}, before.twin};
  EXPECT_EQ(compare(report_of(before), report_of(near)).verdict, Verdict::same);
}

TEST(Compare, WhatTheTwinDidTooIsTheMachines) {
  const Runs both{{130, 131, 132, 133, 134}, {260, 261, 262, 263, 264}};
  const Comparison drifted = compare(report_of(before), report_of(both));
  EXPECT_EQ(drifted.verdict, Verdict::same) << comparison_text(drifted);
  ASSERT_EQ(drifted.warnings.size(), 1u);
  EXPECT_NE(drifted.warnings[0].find("moved by up to 30 %"), std::string::npos);
  const Runs more{{150, 151, 152, 153, 154}, {260, 261, 262, 263, 264}};
  EXPECT_EQ(compare(report_of(before), report_of(more)).verdict, Verdict::worse);
}

TEST(Compare, FewRunsDecideNothing) {
  const Comparison found =
      compare(report_of({{100, 101}, {1, 1}}), report_of({{900, 901}, {1, 1}}));
  EXPECT_EQ(found.verdict, Verdict::undecided);
  EXPECT_NE(comparison_text(found).find("too few runs"), std::string::npos);
}

TEST(Compare, ARatioToTheTwinCountsWhereHigherIsBetter) {
  BenchReport old = report_of(before), now = report_of(before);
  const Figure figure{.name = "rate",
                      .unit = "M/s",
                      .higher_is_better = true,
                      .runs = {10, 11, 12, 13, 14},
                      .twin = "x",
                      .twin_runs = {5, 5, 5, 5, 5}};
  old.sections[0].figures = {figure};
  now.sections[0].figures = {figure};
  // The machine became twice as fast, and ours did not.
  now.sections[0].figures[0].twin_runs = {10, 10, 10, 10, 10};
  const Comparison found = compare(old, now);
  EXPECT_EQ(found.verdict, Verdict::worse);
  const auto ratio =
      std::ranges::find(found.differences, "book rate, times the twin", &Difference::name);
  ASSERT_NE(ratio, found.differences.end());
  EXPECT_EQ(ratio->verdict, Verdict::worse);
}

TEST(Compare, OtherMachinesAndNoisyOnesAreNamed) {
  BenchReport other = report_of(before);
  other.machine.facts[0].second = "b";
  other.machine.warnings = {"this machine was not quiet: its host took 9 % away"};
  const Comparison found = compare(report_of(before), other);
  ASSERT_EQ(found.warnings.size(), 2u);
  EXPECT_NE(found.warnings[0].find("not the same cpu"), std::string::npos);
  EXPECT_NE(found.warnings[1].find("after: this machine was not quiet"), std::string::npos);
}

TEST(Compare, ReportsOfDifferentSuitesHaveNothingInCommon) {
  BenchReport other = report_of(before);
  other.sections[0].name = "wire";
  const Comparison found = compare(report_of(before), other);
  EXPECT_EQ(found.verdict, Verdict::undecided);
  EXPECT_NE(comparison_text(found).find("nothing in common"), std::string::npos);
}

}  // namespace
}  // namespace bourse
