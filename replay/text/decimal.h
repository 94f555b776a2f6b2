// Decimal text and integers, exactly: what would have to be rounded is refused with a reason.
//   Shape:  "-12.50", "0.0001", "1e-4"; a value is an integer count of 10^-decimals, so that price
//           texts become 1e-9 units and then ticks, quantity texts 10^quantity_exponent units and
//           then lots. Written without exponent and without a tail of zeros.
//   Units:  price_e9: 1e-9 of the quote currency; units: 10^quantity_exponent of the base.
//   Owner:  free functions; no floating point anywhere.
//   Errors: DecimalError says why a text is no such number; reason() puts it in words.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "matching/command.h"  // InstrumentBody
#include "matching/types.h"    // PriceTicks, QuantityLots

namespace bourse {

enum class DecimalError : std::uint8_t {
  none = 0,
  not_a_number = 1,     // empty, or a character that has no place in a number
  too_many_digits = 2,  // more decimals than the unit has: it would be rounded
  out_of_range = 3,     // does not fit 64 bits
  negative = 4,         // where only a quantity makes sense
  off_tick = 5,         // no multiple of the tick size
  off_lot = 6,          // no multiple of the lot size
};
std::string_view reason(DecimalError error);

template <class T>
using Exactly = std::expected<T, DecimalError>;

inline constexpr int price_decimals = 9;

// value * 10^decimals, if that is an integer. decimals may be negative (units of tens, thousands).
Exactly<std::int64_t> parse_decimal(std::string_view text, int decimals);
// value * 10^-decimals as text: format_decimal(500000, 4) = "50".
std::string format_decimal(std::int64_t value, int decimals);

Exactly<PriceTicks> ticks_of(std::int64_t price_e9, const InstrumentBody& instrument);
Exactly<QuantityLots> lots_of(std::uint64_t units, const InstrumentBody& instrument);
Exactly<PriceTicks> parse_price(std::string_view text, const InstrumentBody& instrument);
Exactly<QuantityLots> parse_quantity(std::string_view text, const InstrumentBody& instrument);

// Wire integers of what the engine decided. no_price stays INT64_MAX; what does not fit saturates.
std::int64_t price_e9(PriceTicks price, const InstrumentBody& instrument);
std::uint64_t units_of(QuantityLots quantity, const InstrumentBody& instrument);
std::string price_text(PriceTicks price, const InstrumentBody& instrument);  // "" for no_price
std::string quantity_text(QuantityLots quantity, const InstrumentBody& instrument);

}  // namespace bourse
