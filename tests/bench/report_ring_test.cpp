#include "bench/challenge_adapter/report_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace bourse {
namespace {

constexpr std::uint8_t trade = 1;

// Report number n, with every field told by n. Some are trades, some have ids of more than 32 bits.
me_report_t report_of(std::uint64_t n) {
  const std::uint64_t id = n % 7 == 0 ? n << 33 : n;
  const bool is_trade = n % 3 == 0;
  return {.type = is_trade ? trade : std::uint8_t{2},
          .side = static_cast<std::uint8_t>(n & 1),
          .reserved = {},
          .sequence_number = n * 5,
          .order_id = is_trade ? id + 9 : id,
          .price_ticks = -static_cast<std::int64_t>(n),
          .quantity = static_cast<std::uint32_t>(n + 1),
          .reserved2 = 0,
          .maker_order_id = is_trade ? id : 0,
          .taker_order_id = is_trade ? id + 9 : 0,
          .reserved3 = 0};
}

bool push(ReportRing& ring, std::uint64_t n) {
  const me_report_t r = report_of(n);
  const bool is_trade = r.type == trade;
  return ring.push(r.type, r.side, r.sequence_number, is_trade ? r.maker_order_id : r.order_id,
                   is_trade ? r.taker_order_id : 0, r.price_ticks, r.quantity);
}

bool is_report(const me_report_t& r, std::uint64_t n) {
  const me_report_t e = report_of(n);
  return r.type == e.type && r.side == e.side && r.sequence_number == e.sequence_number &&
         r.order_id == e.order_id && r.price_ticks == e.price_ticks && r.quantity == e.quantity &&
         r.maker_order_id == e.maker_order_id && r.taker_order_id == e.taker_order_id;
}

// Takes at most `most` reports and counts those that are not what is expected next.
std::uint64_t drain(ReportRing& ring, std::uint32_t most, std::uint64_t& next) {
  std::vector<me_report_t> reports(most);
  std::uint64_t wrong = 0;
  const std::uint32_t count = ring.drain(reports.data(), most);
  for (std::uint32_t i = 0; i < count; ++i) wrong += !is_report(reports[i], next++);
  return wrong;
}

TEST(ReportRing, WhatIsNotPublishedIsNotRead) {
  ReportRing ring(1000);
  std::uint64_t next = 0;
  ASSERT_TRUE(push(ring, 0));
  EXPECT_EQ(drain(ring, 10, next), 0u);
  EXPECT_EQ(next, 0u);
  ring.publish();
  EXPECT_EQ(drain(ring, 10, next), 0u);
  EXPECT_EQ(next, 1u);
}

TEST(ReportRing, AFullRingRefusesAndTakesAgainWhatFitsWhenSomeWereRead) {
  for (const std::uint32_t capacity : {1u, 100u, 5'000u, 20'000u}) {
    ReportRing ring(capacity);
    std::uint64_t pushed = 0;
    std::uint64_t next = 0;
    for (int round = 0; round < 5; ++round) {
      while (push(ring, pushed)) ++pushed;
      // As many records as were asked for are in flight, and every seventh report takes two.
      ASSERT_GE(pushed - next, capacity * 7 / 8);
      ASSERT_FALSE(push(ring, pushed));
      while (next < pushed - pushed / 3) ASSERT_EQ(drain(ring, 77, next), 0u);
    }
    ring.publish();
    while (next < pushed) ASSERT_EQ(drain(ring, 256, next), 0u);
    EXPECT_EQ(next, pushed);
  }
}

TEST(ReportRing, AReaderWhoIsFastOrSlowGetsEveryReportInOrder) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  ReportRing ring(3'000);
  std::uint64_t pushed = 0;
  std::uint64_t next = 0;
  while (pushed < 200'000) {
    for (auto count = random() % 4'000; count > 0 && push(ring, pushed); --count) ++pushed;
    if (random() % 2 == 0) ring.publish();
    for (auto count = random() % 40; count > 0; --count) {
      ASSERT_EQ(drain(ring, static_cast<std::uint32_t>(1 + random() % 300), next), 0u);
    }
  }
  ring.publish();
  while (next < pushed) ASSERT_EQ(drain(ring, 256, next), 0u);
}

TEST(ReportRing, AnotherThreadGetsEveryReportInOrder) {
  constexpr std::uint64_t count = BOURSE_SANITIZED ? 100'000 : 2'000'000;
  ReportRing ring(10'000);
  std::jthread writer([&ring] {
    for (std::uint64_t n = 0; n < count; ++n) {
      while (!push(ring, n)) std::this_thread::yield();
    }
    ring.publish();
  });
  std::uint64_t wrong = 0;
  std::uint64_t next = 0;
  while (next < count) {
    const std::uint64_t before = next;
    wrong += drain(ring, 256, next);
    if (next == before) std::this_thread::yield();
  }
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace bourse
