// The day of an ITCH file.

#include "replay/itch/itch_day.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace bourse {
namespace {

constexpr std::int64_t hour_ns = 3'600'000'000'000;

TEST(ItchDay, MidnightInNewYorkFollowsDaylightSaving) {
  EXPECT_EQ(new_york_midnight("2020-01-30")->value(), (18'291 * 24 + 5) * hour_ns);
  // 2020: clocks changed on March 8 and November 1, both Sundays.
  EXPECT_EQ(new_york_midnight("2020-03-07")->value(), (18'328 * 24 + 5) * hour_ns);
  EXPECT_EQ(new_york_midnight("2020-03-09")->value(), (18'330 * 24 + 4) * hour_ns);
  EXPECT_EQ(new_york_midnight("2020-10-30")->value(), (18'565 * 24 + 4) * hour_ns);
  EXPECT_EQ(new_york_midnight("2020-11-02")->value(), (18'568 * 24 + 5) * hour_ns);
}

TEST(ItchDay, WhatIsNoDateIsRefused) {
  for (const char* text : {"", "2020-02-30", "2020-13-01", "20200130", "2020-1-30", "tomorrow",
                           "2020-01-30x", "0020-01-01"}) {
    const auto answer = new_york_midnight(text);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, ExitCode::usage);
  }
}

TEST(ItchDay, TheDateStandsInTheNameOfTheFileOrOfItsFolder) {
  EXPECT_EQ(date_in_path("data/20200130.itch"), "2020-01-30");
  EXPECT_EQ(date_in_path("01302020.NASDAQ_ITCH50"), "2020-01-30");
  EXPECT_EQ(date_in_path("S013020-v50.txt"), "2020-01-30");
  EXPECT_EQ(date_in_path("aapl_2020-01-30.bin"), "2020-01-30");
  EXPECT_EQ(date_in_path("itch_aapl_20200130/locate-13-10k.bin"), "2020-01-30");
  EXPECT_EQ(date_in_path("20210101/S013020-v50.txt"), "2020-01-30") << "the file comes first";
  EXPECT_EQ(date_in_path("itch/sample.itch"), "");
  EXPECT_EQ(date_in_path("123456789/99999999.itch"), "");
}

TEST(ItchDay, WithoutAnyDateTheCommandIsRefusedWithAHint) {
  const auto answer = itch_midnight("", "itch/sample.itch");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().next.find("--date"), std::string::npos);
  EXPECT_EQ(*itch_midnight("2020-01-30", "20210101.itch"), *new_york_midnight("2020-01-30"));
}

}  // namespace
}  // namespace bourse
