#include "replay/text/decimal.h"  // parse_price, format_decimal, ...

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace bourse {
namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t int64_min = std::numeric_limits<std::int64_t>::min();

InstrumentBody instrument(std::int64_t tick_size_e9, std::uint64_t lot_size, int exponent) {
  InstrumentBody body{};
  body.tick_size_e9 = tick_size_e9;
  body.lot_size = lot_size;
  body.quantity_exponent = static_cast<std::int8_t>(exponent);
  return body;
}

// A tick of 0.01 and a lot of 0.0001.
const InstrumentBody btc = instrument(10'000'000, 10'000, -8);

DecimalError why(std::string_view text, int decimals) {
  const auto value = parse_decimal(text, decimals);
  return value ? DecimalError::none : value.error();
}

TEST(Decimal, TextBecomesAnExactCountOfUnits) {
  EXPECT_EQ(parse_decimal("50000.01", 9), 50'000'010'000'000);
  EXPECT_EQ(parse_decimal("0.1", 9), 100'000'000);
  EXPECT_EQ(parse_decimal(".5", 1), 5);
  EXPECT_EQ(parse_decimal("5.", 1), 50);
  EXPECT_EQ(parse_decimal("-0.000000001", 9), -1);
  EXPECT_EQ(parse_decimal("+7", 0), 7);
  EXPECT_EQ(parse_decimal("0", 9), 0);
  EXPECT_EQ(parse_decimal("-0", 9), 0);
  EXPECT_EQ(parse_decimal("000.100", 1), 1);
  EXPECT_EQ(parse_decimal("1200", -2), 12);
}

TEST(Decimal, ExponentsAreTakenAsFarAsTheyAreExact) {
  EXPECT_EQ(parse_decimal("1e-4", 8), 10'000);
  EXPECT_EQ(parse_decimal("1.5E3", 0), 1'500);
  EXPECT_EQ(parse_decimal("1e+2", 0), 100);
  EXPECT_EQ(why("1e-10", 9), DecimalError::too_many_digits);
  EXPECT_EQ(why("1e400", 0), DecimalError::out_of_range);
  EXPECT_EQ(parse_decimal("0e400", 0), 0);
}

TEST(Decimal, WhatIsNoNumberIsRefused) {
  for (const char* text : {"", "-", ".", "abc", "1.2.3", "1,5", " 1", "1 ", "0x10", "1e", "1e+",
                           "nan", "inf", "--1", "1_000", "1e2.5"})
    EXPECT_EQ(why(text, 9), DecimalError::not_a_number) << '\'' << text << '\'';
}

TEST(Decimal, ADigitTooManyIsRefusedNotRounded) {
  EXPECT_EQ(why("0.0000000001", 9), DecimalError::too_many_digits);
  EXPECT_EQ(why("1.23", 1), DecimalError::too_many_digits);
  EXPECT_EQ(parse_decimal("1.2000000000000000", 1), 12) << "zeros say nothing";
  EXPECT_EQ(why("150", -2), DecimalError::too_many_digits);
}

TEST(Decimal, TheWholeRangeFitsAndNothingBeyond) {
  EXPECT_EQ(parse_decimal("9223372036.854775807", 9), int64_max);
  EXPECT_EQ(parse_decimal("-9223372036.854775808", 9), int64_min);
  EXPECT_EQ(why("9223372036.854775808", 9), DecimalError::out_of_range);
  EXPECT_EQ(why("-9223372036.854775809", 9), DecimalError::out_of_range);
  EXPECT_EQ(why("99999999999999999999", 0), DecimalError::out_of_range);
}

TEST(Decimal, UnitsBecomeTextWithoutATailOfZeros) {
  EXPECT_EQ(format_decimal(50'000'010'000'000, 9), "50000.01");
  EXPECT_EQ(format_decimal(500'000, 4), "50");
  EXPECT_EQ(format_decimal(1, 9), "0.000000001");
  EXPECT_EQ(format_decimal(-1, 9), "-0.000000001");
  EXPECT_EQ(format_decimal(0, 9), "0");
  EXPECT_EQ(format_decimal(12, -2), "1200");
  EXPECT_EQ(format_decimal(int64_min, 9), "-9223372036.854775808");
}

TEST(Decimal, TextOfAnyValueReadsBackAsThatValue) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (int i = 0; i < 100'000; ++i) {
    const auto value = static_cast<std::int64_t>(random()) >> (random() % 64);
    const int decimals = static_cast<int>(random() % 19);
    const std::string text = format_decimal(value, decimals);
    ASSERT_EQ(parse_decimal(text, decimals), value) << text << " with " << decimals;
  }
}

TEST(Decimal, PricesAndQuantitiesOfAnInstrumentReadBackAsThemselves) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (int i = 0; i < 20'000; ++i) {
    const InstrumentBody body =
        instrument(static_cast<std::int64_t>(1 + random() % 1'000'000'000), 1 + random() % 100'000,
                   static_cast<int>(random() % 10) - 8);
    const PriceTicks price{static_cast<std::int64_t>(random() % 8'000'000'000)};
    const QuantityLots quantity{random() % 1'000'000'000};
    ASSERT_EQ(parse_price(price_text(price, body), body), price);
    ASSERT_EQ(parse_quantity(quantity_text(quantity, body), body), quantity);
    ASSERT_EQ(ticks_of(price_e9(price, body), body), price);
    ASSERT_EQ(lots_of(units_of(quantity, body), body), quantity);
  }
}

TEST(Decimal, OffTickAndOffLotAreRefusedByName) {
  EXPECT_EQ(parse_price("50000.01", btc), PriceTicks{5'000'001});
  EXPECT_EQ(parse_price("50000.015", btc).error(), DecimalError::off_tick);
  EXPECT_EQ(parse_price("0.0000000001", btc).error(), DecimalError::too_many_digits);
  EXPECT_EQ(parse_quantity("0.5", btc), QuantityLots{5'000});
  EXPECT_EQ(parse_quantity("0.00015", btc).error(), DecimalError::off_lot);
  EXPECT_EQ(parse_quantity("-1", btc).error(), DecimalError::negative);
  EXPECT_EQ(ticks_of(15'000'000, btc).error(), DecimalError::off_tick);
  EXPECT_EQ(lots_of(10'001, btc).error(), DecimalError::off_lot);
}

TEST(Decimal, NoPriceStaysNoPriceOnTheWire) {
  EXPECT_EQ(price_e9(no_price, btc), int64_max);
  EXPECT_EQ(price_text(no_price, btc), "");
  // A price that is too large must not look like none.
  EXPECT_LT(price_e9(PriceTicks{int64_max - 1}, btc), int64_max);
}

TEST(Decimal, EveryRefusalHasItsWords) {
  for (int error = 0; error <= static_cast<int>(DecimalError::off_lot); ++error)
    EXPECT_FALSE(reason(static_cast<DecimalError>(error)).empty());
}

}  // namespace
}  // namespace bourse
