// What the readers of recordings have in common: numbers and times out of JSON texts, exactly.
//   Owner:  pure functions.
//   Errors: false where a text is no such number; nothing is rounded.
#pragma once

#include <simdjson.h>

#include <charconv>
#include <cstdint>
#include <string_view>

#include "replay/import/capture_reader.h"  // CapturedMessage
#include "replay/text/decimal.h"           // parse_decimal

namespace bourse {

inline bool read_price(std::string_view text, std::int64_t& out) {
  const auto value = parse_decimal(text, price_decimals);
  if (value) out = *value;
  return value.has_value();
}

inline bool read_size(std::string_view text, std::uint64_t& out) {
  const auto value = parse_decimal(text, capture_size_decimals);
  if (value && *value >= 0) out = static_cast<std::uint64_t>(*value);
  return value && *value >= 0;
}

// Seconds since 1970 with decimals: "1618678133.626511".
inline bool read_seconds(std::string_view text, TimeNs& out) {
  const auto value = parse_decimal(text, 9);
  if (value) out = TimeNs{*value};
  return value.has_value();
}

template <class Integer>
bool read_integer(std::string_view text, Integer& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

inline int decimals_of(std::string_view text) {
  const std::size_t point = text.find('.');
  return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

// Appends a level as its texts say. One whose price is beyond all that a journal can hold (more
// than nine thousand million) is counted instead; a venue's users do place such orders.
inline bool add_level(std::string_view price, std::string_view size, Side side,
                      CapturedMessage& message) {
  CapturedLevel level{side, 0, 0};
  const auto value = parse_decimal(price, price_decimals);
  const bool is_beyond =
      value ? *value == no_price.value() : value.error() == DecimalError::out_of_range;
  if (is_beyond) {
    ++message.beyond;
    return true;
  }
  if (!value || !read_size(size, level.size)) return false;
  level.price = *value;
  message.levels.push_back(level);
  return true;
}

// ["price", "size", ...]
inline bool read_pair(simdjson::dom::element pair, std::string_view& price,
                      std::string_view& size) {
  return pair.at(0).get(price) == simdjson::SUCCESS && pair.at(1).get(size) == simdjson::SUCCESS;
}

}  // namespace bourse
