#include "bench/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bench/report/hgrm.h"          // hgrm_text
#include "bench/report/report_html.h"   // report_html
#include "bench/report/report_json.h"   // report_json, parse_report
#include "bench/report/report_table.h"  // section_table
#include "bench/report/svg_plot.h"      // svg_lines

namespace bourse {
namespace {

// 1, 2, ... count microseconds, in any order.
std::vector<std::int64_t> microseconds(std::int64_t count) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = count; i > 0; --i) out.push_back(i * 1000);
  return out;
}

BenchReport small_report() {
  BenchReport report;
  report.started = "2026-01-02 03:04:05 UTC";
  report.command = "bourse bench book --out \"a <b>\"";
  report.seconds = 12.5;
  report.machine.facts = {{"cpu", "a cpu"}, {"cores", "2"}};
  report.machine.warnings = {"not quiet & slow"};
  Section& section = report.sections.emplace_back();
  section.name = "book";
  section.what = "from here to there";
  section.mix = "50 % new, seed 23";
  section.left_out = "the wire";
  LatencyRowBuilder ours("engine 1,000/s", 1000);
  for (int run = 0; run < 3; ++run)
    ours.add({.latency_ns = microseconds(1000), .reached = 990, .late_percent = 0.5, .slip_ns = 7});
  section.rows.push_back(ours.finish());
  LatencyRowBuilder twin("std::map", 1000, true);
  twin.add({.latency_ns = microseconds(10), .reached = 1000});
  section.rows.push_back(twin.finish());
  DistributionBuilder stage;
  stage.add({5, 6, 7});
  section.stages.push_back({.name = "engine", .stages = {{"matched", stage.finish()}}});
  section.figures.push_back({.name = "rate",
                             .unit = "M/s",
                             .higher_is_better = true,
                             .runs = {6, 4, 5},
                             .twin = "std::map",
                             .twin_runs = {2, 2, 2.5}});
  section.curves.push_back(
      {.name = "cost", .x = "orders", .y = "ns", .series = {{"ours", {{10, 1.5}, {100, 2.5}}}}});
  section.warnings = {"something"};
  report.expects = {{"p99<1ms", true, "book: 990 us"}};
  return report;
}

TEST(Report, PercentilesAreTheSamplesOwn) {
  DistributionBuilder builder;
  builder.add(microseconds(10'000));
  const Distribution found = builder.finish();
  ASSERT_EQ(found.runs.size(), 1u);
  EXPECT_EQ(found.runs[0].count, 10'000u);
  const double expected[] = {5'000e3, 9'000e3, 9'900e3, 9'990e3, 9'999e3, 10'000e3};
  for (std::size_t i = 0; i < shown_count; ++i) EXPECT_EQ(found.runs[0].ns[i], expected[i]) << i;
}

TEST(Report, TheDrawnCurveEndsWithTheGreatestSampleAndClaimsNoNineWithoutSamples) {
  DistributionBuilder builder;
  builder.add(microseconds(500));
  builder.add(microseconds(500));
  const Distribution found = builder.finish();
  EXPECT_EQ(found.count, 1000u);
  EXPECT_EQ(found.quantiles.back().x, 100);
  EXPECT_EQ(found.quantiles.back().y, 500e3);
  EXPECT_LE(found.quantiles[found.quantiles.size() - 2].x, 99.9 + 1e-9);
  EXPECT_TRUE(std::ranges::is_sorted(found.quantiles, {}, &CurvePoint::x));
  EXPECT_TRUE(std::ranges::is_sorted(found.quantiles, {}, &CurvePoint::y));
}

TEST(Report, AMedianOfRunsIsOfEachPercentileAlone) {
  DistributionBuilder builder;
  builder.add({10, 900});
  builder.add({30, 500});
  builder.add({20, 700});
  const Distribution found = builder.finish();
  EXPECT_EQ(found.median_of(0), 20);
  EXPECT_EQ(found.median_of(shown_count - 1), 700);
}

TEST(Report, ARatioIsTakenRunByRunAndTellsHowMuchBetter) {
  const Figure rate{.higher_is_better = true, .runs = {6, 4}, .twin_runs = {2, 4}};
  EXPECT_EQ(rate.ratios(), (std::vector<double>{3, 1}));
  const Figure time{.runs = {5, 10}, .twin_runs = {10, 10}};
  EXPECT_EQ(time.ratios(), (std::vector<double>{2, 1}));
  const Figure floor{.runs = {50, 10}, .twin_runs = {10, 10}, .twin_is_floor = true};
  EXPECT_EQ(floor.ratios(), (std::vector<double>{5, 1}));
}

TEST(Report, SaysWhenTheRateWasNotReachedOrTheGeneratorLate) {
  Section section;
  LatencyRowBuilder slow("slow", 1000);
  slow.add({.latency_ns = {1, 2}, .reached = 900, .late_percent = 40, .slip_ns = 5e6});
  section.rows.push_back(slow.finish());
  LatencyRowBuilder good("good", 1000);
  good.add({.latency_ns = {1, 2}, .reached = 1000, .late_percent = 0, .slip_ns = 5});
  section.rows.push_back(good.finish());
  add_warnings(section);
  ASSERT_EQ(section.warnings.size(), 2u);
  EXPECT_NE(section.warnings[0].find("asked 1,000/s, reached 900/s"), std::string::npos);
  EXPECT_NE(section.warnings[1].find("late for 40.0 %"), std::string::npos);
}

TEST(Report, SaysWhenTheRunsAreSoFarApartThatTheMachineWasNotQuiet) {
  Section section;
  for (const std::int64_t odd : {100, 150}) {
    LatencyRowBuilder row(odd == 100 ? "quiet" : "noisy", 0);
    // One odd run of five is no reason; two are.
    for (const std::int64_t ns :
         {std::int64_t{100}, std::int64_t{100}, std::int64_t{100}, odd, std::int64_t{300}})
      row.add({.latency_ns = {ns}});
    section.rows.push_back(row.finish());
  }
  add_warnings(section);
  ASSERT_EQ(section.warnings.size(), 1u);
  EXPECT_TRUE(section.warnings[0].starts_with("noisy"));
  EXPECT_NE(section.warnings[0].find("not quiet"), std::string::npos);
}

TEST(Report, ComesBackFromItsJsonAsItWas) {
  const BenchReport report = small_report();
  const std::string json = report_json(report);
  const auto read = parse_report(json, "test");
  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(report_json(*read), json);
  EXPECT_EQ(read->command, report.command);
  EXPECT_EQ(read->sections[0].rows[0].latency.runs[2].ns[1], 900e3);
  EXPECT_TRUE(read->sections[0].rows[1].is_twin);
}

TEST(Report, WhatIsNoReportIsRefusedByItsName) {
  for (const char* text : {"", "{", "[]", "{\"format\":\"other\"}", "\xff"}) {
    const auto read = parse_report(text, "x.json");
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, ExitCode::data_damaged);
    EXPECT_TRUE(read.error().text().starts_with("x.json: "));
  }
  EXPECT_EQ(read_report("/nowhere/report.json").error().code, ExitCode::file_missing);
}

TEST(Report, TheTableHasEveryRowFigureStageAndWarning) {
  const std::string table = section_table(small_report().sections[0]);
  for (const char* part :
       {"engine 1,000/s", "std::map", "matched", "rate, M/s", "times better 2.00", "cost",
        "! something", "500.0 us", "990.0 us", "99.0 %"})
    EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
}

TEST(Report, ThePageIsOneFileThatAsksForNothing) {
  const std::string page = report_html(small_report());
  for (const char* part : {"<svg", "engine 1,000/s", "stages: engine", "a cpu", "a &lt;b&gt;",
                           "not quiet &amp; slow", "p99&lt;1ms"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  for (const char* part : {"src=", "<link", "<script", "@import", "url("})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
}

TEST(Report, AnHgrmLineHasValueShareCountAndNines) {
  DistributionBuilder builder;
  builder.add(microseconds(10));
  const std::string text = hgrm_text(builder.finish());
  EXPECT_TRUE(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
  EXPECT_NE(text.find("      10.000 1.000000000000         10\n"), std::string::npos) << text;
  EXPECT_NE(text.find("#[Max     =       10.000, Total count    =           10]"),
            std::string::npos)
      << text;
}

TEST(SvgPlot, NinesLieAtEvenDistances) {
  const std::string plot = svg_lines("p", {.title = "", .scale = Scale::nines},
                                     {.title = "", .scale = Scale::log, .is_time = true},
                                     {{"a", {{90, 10}, {99, 100}, {99.9, 1000}}}});
  // Left edge 74, 670 wide, three nines.
  for (const char* part : {"297.3,", "520.7,", "744.0,34.0", "99.9 %", "1 us"})
    EXPECT_NE(plot.find(part), std::string::npos) << part << "\n" << plot;
}

TEST(SvgPlot, IsDrawnOfNothingToo) {
  EXPECT_TRUE(svg_lines("p", {}, {.scale = Scale::log}, {}).ends_with("</svg>\n"));
  EXPECT_TRUE(
      svg_lines("p", {.scale = Scale::nines}, {}, {{"a", {{100, 0}}}}).ends_with("</svg>\n"));
  EXPECT_TRUE(svg_bars("p", {{"none", 0, 0}}).ends_with("</svg>\n"));
}

}  // namespace
}  // namespace bourse
