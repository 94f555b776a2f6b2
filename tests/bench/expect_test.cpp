#include "bench/report/expect.h"

#include <gtest/gtest.h>

namespace bourse {
namespace {

BenchReport report_of(double p50_ns, double p99_ns, double reached) {
  BenchReport report;
  Section& section = report.sections.emplace_back();
  section.name = "wire";
  for (const bool is_twin : {false, true}) {
    LatencyRow& row = section.rows.emplace_back();
    row.name = is_twin ? "twin" : "ours";
    row.is_twin = is_twin;
    row.rate_asked = 1000;
    row.rate_reached = {is_twin ? 1 : reached};
    RunPercentiles& run = row.latency.runs.emplace_back();
    run.count = 10;
    run.ns.fill(is_twin ? 1e12 : p99_ns);
    if (!is_twin) run.ns[0] = p50_ns;
  }
  return report;
}

ExpectResult checked(const char* text, const BenchReport& report) {
  const auto expect = parse_expect(text);
  EXPECT_TRUE(expect.has_value()) << text;
  return check(*expect, report);
}

TEST(Expect, KnowsPercentilesUnitsAndSuites) {
  const auto plain = parse_expect("p99<250us");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(shown_name(plain->percentile), "p99");
  EXPECT_EQ(plain->bound, 250e3);
  EXPECT_TRUE(plain->is_upper);
  EXPECT_FALSE(plain->takes_equal);
  EXPECT_TRUE(plain->suite.empty());
  const auto full = parse_expect("wire:p99.99<=1.5ms");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->suite, "wire");
  EXPECT_EQ(shown_name(full->percentile), "p99.99");
  EXPECT_EQ(full->bound, 1.5e6);
  EXPECT_TRUE(full->takes_equal);
  EXPECT_EQ(parse_expect("max<2s")->bound, 2e9);
  EXPECT_EQ(parse_expect("p50<90ns")->bound, 90);
  const auto rate = parse_expect("reached>=99%");
  ASSERT_TRUE(rate.has_value());
  EXPECT_EQ(rate->percentile, shown_count);
  EXPECT_FALSE(rate->is_upper);
  EXPECT_EQ(rate->bound, 99);
}

TEST(Expect, WhatItCannotUnderstandIsToldWithAnExample) {
  for (const char* text : {"", "p99", "p98<1ms", "p99<", "p99<5", "p99<5kg", "p99<-5us", "p99<us",
                           "reached>=x%", "reached>=9%%"}) {
    const auto expect = parse_expect(text);
    ASSERT_FALSE(expect.has_value()) << text;
    EXPECT_EQ(expect.error().code, ExitCode::usage);
    EXPECT_NE(expect.error().text().find("for example"), std::string::npos) << text;
  }
}

TEST(Expect, IsJudgedByTheMedianOfTheWorstRowThatIsOurs) {
  const BenchReport report = report_of(100e3, 400e3, 995);
  EXPECT_TRUE(checked("p50<101us", report).is_met);
  EXPECT_FALSE(checked("p50<100us", report).is_met);
  EXPECT_TRUE(checked("p50<=100us", report).is_met);
  EXPECT_FALSE(checked("wire:p99<400us", report).is_met);
  EXPECT_EQ(checked("wire:p99<400us", report).found, "wire ours: 400.0 us");
  EXPECT_TRUE(checked("reached>=99%", report).is_met);
  EXPECT_FALSE(checked("reached>99.5%", report).is_met);
}

TEST(Expect, WhatNothingWasMeasuredForIsNotMet) {
  const ExpectResult result = checked("book:p99<1s", report_of(1, 1, 1000));
  EXPECT_FALSE(result.is_met);
  EXPECT_EQ(result.found, "no row");
}

}  // namespace
}  // namespace bourse
