#include "replay/text/decimal.h"

#include <limits>

namespace bourse {
namespace {

using Wide = __int128;

constexpr std::size_t text_bytes_max = 64;  // longer than any number that fits
constexpr int exponent_max = 40;            // beyond it nothing fits 64 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits of a number as one integer and the place of its point.
struct Digits {
  bool negative = false;
  std::string significant;  // no leading zeros
  int scale = 0;            // value = significant * 10^-scale
};

Exactly<Digits> read_digits(std::string_view text) {
  if (text.empty() || text.size() > text_bytes_max)
    return std::unexpected(DecimalError::not_a_number);
  Digits out;
  std::size_t at = 0;
  if (text[at] == '-' || text[at] == '+') out.negative = text[at++] == '-';
  bool any = false;
  bool fraction = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !fraction) {
      fraction = true;
    } else if (is_digit(c)) {
      any = true;
      if (fraction) ++out.scale;
      if (c != '0' || !out.significant.empty()) out.significant.push_back(c);
    } else {
      break;
    }
  }
  if (!any) return std::unexpected(DecimalError::not_a_number);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool down = false;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) down = text[at++] == '-';
    if (at == text.size()) return std::unexpected(DecimalError::not_a_number);
    int exponent = 0;
    for (; at < text.size() && is_digit(text[at]); ++at)
      if (exponent < 1000) exponent = exponent * 10 + (text[at] - '0');
    out.scale += down ? exponent : -exponent;
  }
  if (at != text.size()) return std::unexpected(DecimalError::not_a_number);
  while (!out.significant.empty() && out.significant.back() == '0') {
    out.significant.pop_back();
    --out.scale;
  }
  return out;
}

// `magnitude` with its point `decimals` places from the right.
std::string place_point(std::uint64_t magnitude, bool negative, int decimals) {
  std::string digits = std::to_string(magnitude);
  if (magnitude == 0) return digits;
  if (decimals <= 0) {
    digits.append(static_cast<std::size_t>(-decimals), '0');
  } else {
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
  }
  if (negative) digits.insert(0, 1, '-');
  return digits;
}

}  // namespace

std::string_view reason(DecimalError error) {
  switch (error) {
    case DecimalError::none:
      return "exact";
    case DecimalError::not_a_number:
      return "is not a decimal number";
    case DecimalError::too_many_digits:
      return "has more decimals than its unit";
    case DecimalError::out_of_range:
      return "is too large";
    case DecimalError::negative:
      return "is negative";
    case DecimalError::off_tick:
      return "is no multiple of the tick size";
    case DecimalError::off_lot:
      return "is no multiple of the lot size";
  }
  return "is not a decimal number";
}

Exactly<std::int64_t> parse_decimal(std::string_view text, int decimals) {
  const auto digits = read_digits(text);
  if (!digits) return std::unexpected(digits.error());
  if (digits->significant.empty()) return 0;
  // Trailing zeros are gone, so a scale above `decimals` means a digit that does not fit.
  const int shift = decimals - digits->scale;
  if (shift < 0) return std::unexpected(DecimalError::too_many_digits);
  if (shift > exponent_max || digits->significant.size() + static_cast<std::size_t>(shift) > 19)
    return std::unexpected(DecimalError::out_of_range);
  Wide value = 0;
  for (char c : digits->significant) value = value * 10 + (c - '0');
  for (int i = 0; i < shift; ++i) value *= 10;
  if (digits->negative) value = -value;
  if (value > std::numeric_limits<std::int64_t>::max() ||
      value < std::numeric_limits<std::int64_t>::min())
    return std::unexpected(DecimalError::out_of_range);
  return static_cast<std::int64_t>(value);
}

std::string format_decimal(std::int64_t value, int decimals) {
  const bool negative = value < 0;
  const auto bits = static_cast<std::uint64_t>(value);
  return place_point(negative ? 0 - bits : bits, negative, decimals);
}

Exactly<PriceTicks> ticks_of(std::int64_t price, const InstrumentBody& instrument) {
  if (price % instrument.tick_size_e9 != 0) return std::unexpected(DecimalError::off_tick);
  return PriceTicks{price / instrument.tick_size_e9};
}

Exactly<QuantityLots> lots_of(std::uint64_t units, const InstrumentBody& instrument) {
  if (units % instrument.lot_size != 0) return std::unexpected(DecimalError::off_lot);
  return QuantityLots{units / instrument.lot_size};
}

Exactly<PriceTicks> parse_price(std::string_view text, const InstrumentBody& instrument) {
  const auto price = parse_decimal(text, price_decimals);
  if (!price) return std::unexpected(price.error());
  return ticks_of(*price, instrument);
}

Exactly<QuantityLots> parse_quantity(std::string_view text, const InstrumentBody& instrument) {
  const auto units = parse_decimal(text, -instrument.quantity_exponent);
  if (!units) return std::unexpected(units.error());
  if (*units < 0) return std::unexpected(DecimalError::negative);
  return lots_of(static_cast<std::uint64_t>(*units), instrument);
}

std::int64_t price_e9(PriceTicks price, const InstrumentBody& instrument) {
  if (price == no_price) return price.value();
  const Wide wide = Wide{price.value()} * instrument.tick_size_e9;
  // INT64_MAX itself means "no price" on the wire.
  constexpr Wide highest = std::numeric_limits<std::int64_t>::max() - 1;
  constexpr Wide lowest = std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(wide > highest ? highest : wide < lowest ? lowest : wide);
}

std::uint64_t units_of(QuantityLots quantity, const InstrumentBody& instrument) {
  const auto wide = static_cast<unsigned __int128>(quantity.value()) * instrument.lot_size;
  constexpr auto highest = std::numeric_limits<std::uint64_t>::max();
  return wide > highest ? highest : static_cast<std::uint64_t>(wide);
}

std::string price_text(PriceTicks price, const InstrumentBody& instrument) {
  if (price == no_price) return {};
  return format_decimal(price_e9(price, instrument), price_decimals);
}

std::string quantity_text(QuantityLots quantity, const InstrumentBody& instrument) {
  return place_point(units_of(quantity, instrument), false, -instrument.quantity_exponent);
}

}  // namespace bourse
