#include "replay/text/instrument_text.h"

#include <cstring>
#include <optional>
#include <string_view>

#include "replay/text/decimal.h"  // parse_decimal, format_decimal, price_decimals, reason

namespace bourse {
namespace {

// Reads the decimals of one instrument and remembers the first that does not fit.
class Reader {
 public:
  std::int64_t positive(const char* field, const std::string& text, int decimals) {
    const auto value = parse_decimal(text, decimals);
    if (!value) {
      refuse(field, text, std::string(reason(value.error())));
      return 1;
    }
    if (*value <= 0) {
      refuse(field, text, "must be more than 0");
      return 1;
    }
    return *value;
  }

  // `text` in units; empty takes `otherwise` units. The result counts units of `step`.
  std::int64_t multiple(const char* field, const std::string& text, int decimals, std::int64_t step,
                        std::int64_t otherwise) {
    std::int64_t value = otherwise;
    if (!text.empty()) {
      const auto parsed = parse_decimal(text, decimals);
      if (!parsed) {
        refuse(field, text, std::string(reason(parsed.error())));
        return 1;
      }
      value = *parsed;
    }
    if (value % step != 0)
      refuse(field, text, "is no multiple of " + format_decimal(step, decimals));
    return value / step;
  }

  void refuse(const char* field, const std::string& text, std::string why) {
    if (!fault_) fault_ = InstrumentFault{field, text, std::move(why)};
  }
  const std::optional<InstrumentFault>& fault() const { return fault_; }

 private:
  std::optional<InstrumentFault> fault_;
};

template <std::size_t Size>
bool copy_text(char (&to)[Size], const std::string& from) {
  if (from.size() >= Size) return false;
  std::memset(to, 0, Size);
  std::memcpy(to, from.data(), from.size());
  return true;
}

template <std::size_t Size>
std::string text_of(const char (&from)[Size]) {
  return {from, ::strnlen(from, Size)};
}

}  // namespace

std::expected<InstrumentBody, InstrumentFault> read_instrument(const InstrumentText& text) {
  Reader read;
  InstrumentBody body{};
  if (text.symbol.empty() || !copy_text(body.symbol, text.symbol))
    read.refuse("symbol", text.symbol, "must have 1 to 23 characters");
  for (const char c : text.symbol)
    if (c <= 0x20 || c > 0x7e || c == '*')
      read.refuse("symbol", text.symbol, "takes printable ASCII without spaces and *");
  if (!copy_text(body.base, text.base)) read.refuse("base", text.base, "at most 11 characters");
  if (!copy_text(body.quote, text.quote)) read.refuse("quote", text.quote, "at most 11 characters");
  if (text.quantity_exponent < -12 || text.quantity_exponent > 6)
    read.refuse("quantity_exponent", std::to_string(text.quantity_exponent), "takes -12 to 6");
  if (read.fault()) return std::unexpected(*read.fault());

  const int quantity_decimals = static_cast<int>(-text.quantity_exponent);
  body.quantity_exponent = static_cast<std::int8_t>(text.quantity_exponent);
  body.tick_size_e9 = read.positive("tick_size", text.tick_size, price_decimals);
  const std::int64_t lot = read.positive("lot_size", text.lot_size, quantity_decimals);
  body.lot_size = static_cast<std::uint64_t>(lot);
  const std::int64_t quantity_min =
      read.multiple("quantity_min", text.quantity_min, quantity_decimals, lot, lot);
  const std::int64_t quantity_max =
      read.multiple("quantity_max", text.quantity_max, quantity_decimals, lot, lot);
  if (quantity_min <= 0 || quantity_max < quantity_min)
    read.refuse("quantity_max", text.quantity_max, "must be at least quantity_min, both above 0");
  body.quantity_min = QuantityLots{static_cast<std::uint64_t>(quantity_min)};
  body.quantity_max = QuantityLots{static_cast<std::uint64_t>(quantity_max)};
  body.price_min = PriceTicks{read.multiple("price_min", text.price_min, price_decimals,
                                            body.tick_size_e9, body.tick_size_e9)};
  body.price_max = PriceTicks{read.multiple("price_max", text.price_max, price_decimals,
                                            body.tick_size_e9, body.tick_size_e9)};
  if (body.price_max < body.price_min)
    read.refuse("price_max", text.price_max, "must be at least price_min");
  if (read.fault()) return std::unexpected(*read.fault());
  return body;
}

InstrumentText instrument_text(const InstrumentBody& body) {
  const int quantity_decimals = -body.quantity_exponent;
  return {.symbol = text_of(body.symbol),
          .base = text_of(body.base),
          .quote = text_of(body.quote),
          .tick_size = format_decimal(body.tick_size_e9, price_decimals),
          .lot_size = format_decimal(static_cast<std::int64_t>(body.lot_size), quantity_decimals),
          .quantity_min = quantity_text(body.quantity_min, body),
          .quantity_max = quantity_text(body.quantity_max, body),
          .price_min = price_text(body.price_min, body),
          .price_max = price_text(body.price_max, body),
          .quantity_exponent = body.quantity_exponent};
}

}  // namespace bourse
