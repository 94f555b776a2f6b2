// The made-up day: what is in it, that it fits, and that it is the same each time.

#include "replay/itch/itch_generator.h"

#include <gtest/gtest.h>

#include <vector>

#include "replay/itch/itch_feed.h"    // ItchFeed
#include "replay/itch/itch_reader.h"  // ItchReader
#include "replay/log/crc32c.h"        // crc32c

namespace bourse {
namespace {

std::vector<std::byte> day(const ItchDayOptions& options) {
  ItchGenerator generator(options);
  std::vector<std::byte> bytes;
  while (generator.more(bytes)) {
  }
  EXPECT_EQ(generator.messages(), options.messages);
  return bytes;
}

TEST(ItchGenerator, ADayFitsIsNeverCrossedAndHasTheMixOfARealOne) {
  const std::vector<std::byte> bytes = day({.symbols = 50, .messages = 200'000, .seed = 3});
  auto reader = ItchReader::over(bytes, "day");
  ItchFeed feed;
  EventBuffer events;
  std::uint64_t clock = 0;
  while (reader.next() == ItchReader::Next::message) {
    itch::MessageHeader header;
    itch::FieldReader read(reader.message().data() + 1);
    itch::MessageHeader::fields(header, read);
    ASSERT_GE(header.timestamp.ns, clock) << "message " << reader.messages();
    clock = header.timestamp.ns;
    ASSERT_NE(feed.apply(reader.message(), events), ItchOutcome::refused)
        << "message " << reader.messages();
  }
  EXPECT_EQ(reader.messages(), 200'000u);
  EXPECT_EQ(reader.unknown_messages(), 0u);
  EXPECT_EQ(feed.counts().broken_unknown, 0u);
  EXPECT_EQ(feed.counts().crossed + feed.counts().crossed_halted, 0u);
  const auto count = [&](char type) { return reader.counts()[static_cast<unsigned char>(type)]; };
  EXPECT_EQ(count('S'), 6u);
  EXPECT_EQ(count('R'), 50u);
  EXPECT_EQ(count('Q'), 100u) << "opening and closing";
  for (const char type : {'H', 'Y', 'F', 'C', 'P', 'I', 'B'}) EXPECT_GT(count(type), 0u) << type;
  // Without the directory, the crosses and the system's own: 5,000 orders gather before the open.
  const auto share = [&](std::uint64_t messages) {
    return static_cast<double>(messages) / 199'644.0;
  };
  EXPECT_NEAR(share(count('A') + count('F')), 0.46, 0.01);
  EXPECT_NEAR(share(count('D')), 0.43, 0.01);
  EXPECT_NEAR(share(count('E') + count('C')), 0.04, 0.01);
  EXPECT_NEAR(share(count('U')), 0.03, 0.01);
  EXPECT_NEAR(share(count('X')), 0.02, 0.01);
}

TEST(ItchGenerator, TheSameSeedMakesTheSameBytesAndAnotherOnesOthers) {
  const ItchDayOptions options{.symbols = 20, .messages = 30'000, .seed = 7};
  EXPECT_EQ(day(options), day(options));
  EXPECT_NE(day(options), day({.symbols = 20, .messages = 30'000, .seed = 8}));
}

TEST(ItchGenerator, ThinDaysHaveTheMixOfARealOneToo) {
  const std::vector<std::byte> bytes = day({.symbols = 8000, .messages = 300'000, .seed = 2});
  auto reader = ItchReader::over(bytes, "day");
  while (reader.next() == ItchReader::Next::message) {
  }
  const auto count = [&](char type) {
    return static_cast<double>(reader.counts()[static_cast<unsigned char>(type)]);
  };
  const double all = 300'000.0 - 3.0 * 8000;
  EXPECT_NEAR((count('A') + count('F')) / all, 0.46, 0.03);
  EXPECT_NEAR(count('D') / all, 0.43, 0.03);
}

// Whoever names a seed means these bytes, on every machine and from one release to the next.
TEST(ItchGenerator, ASeedMeansTheseBytes) {
  EXPECT_EQ(crc32c(0, day({.symbols = 20, .messages = 30'000, .seed = 7})), 1'103'394'265u);
  EXPECT_EQ(crc32c(0, day({.symbols = 300, .messages = 20'000, .seed = 1})), 718'483'614u);
}

TEST(ItchGenerator, AFewStocksHaveMostOfTheMessages) {
  const std::vector<std::byte> bytes = day({.symbols = 500, .messages = 100'000, .seed = 1});
  auto reader = ItchReader::over(bytes, "day");
  std::uint64_t of_the_busiest = 0;
  while (reader.next() == ItchReader::Next::message) {
    const auto low = static_cast<std::uint8_t>(reader.message()[2]);
    const auto high = static_cast<std::uint8_t>(reader.message()[1]);
    of_the_busiest += high == 0 && low >= 1 && low <= 50;
  }
  EXPECT_GT(of_the_busiest, reader.messages() * 4 / 10);
}

TEST(ItchGenerator, EveryNumberOfMessagesThatIsTakenIsMetExactly) {
  for (const std::uint32_t symbols : {1u, 3u, 100u}) {
    ItchDayOptions options{.symbols = symbols, .messages = 1, .seed = 1};
    while (!ItchGenerator::check(options)) ++options.messages;
    for (const std::uint64_t more : {0u, 1u, 999u, 5000u}) {
      static_cast<void>(day({symbols, options.messages + more, 1}));
    }
  }
}

TEST(ItchGenerator, WhatCannotBeMadeIsRefusedWithAHint) {
  for (const ItchDayOptions options :
       {ItchDayOptions{0, 1000, 1}, ItchDayOptions{65'536, 1'000'000, 1},
        ItchDayOptions{100, 100, 1}}) {
    const auto checked = ItchGenerator::check(options);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ExitCode::usage);
    EXPECT_FALSE(checked.error().next.empty());
  }
  EXPECT_TRUE(ItchGenerator::check({65'535, 1'000'000, 1}));
}

}  // namespace
}  // namespace bourse
