#include "app/instrument_config.h"

#include <fmt/format.h>

#include <cstring>

#include "replay/decimal.h"  // parse_decimal, price_decimals, reason

namespace bourse {
namespace {

// Reads the decimals of one symbol and remembers the first that does not fit.
class Reader {
 public:
  explicit Reader(const SymbolConfig& symbol) : symbol_(symbol) {}

  std::int64_t positive(const char* key, const std::string& text, int decimals) {
    const auto value = parse_decimal(text, decimals);
    if (!value) {
      refuse(key, text, std::string(reason(value.error())));
      return 1;
    }
    if (*value <= 0) {
      refuse(key, text, "must be more than 0");
      return 1;
    }
    return *value;
  }

  // `text` in units; empty takes `otherwise` units. The result counts units of `step`.
  std::int64_t multiple(const char* key, const std::string& text, int decimals, std::int64_t step,
                        std::int64_t otherwise) {
    std::int64_t value = otherwise;
    if (!text.empty()) {
      const auto parsed = parse_decimal(text, decimals);
      if (!parsed) {
        refuse(key, text, std::string(reason(parsed.error())));
        return 1;
      }
      value = *parsed;
    }
    if (value % step != 0)
      refuse(key, text, fmt::format("is no multiple of {}", format_decimal(step, decimals)));
    return value / step;
  }

  void refuse(const char* key, const std::string& text, const std::string& why) {
    if (error_) return;
    error_ = Error{ExitCode::bad_config,
                   fmt::format("symbols.{}.{}: \"{}\": {}", symbol_.symbol, key, text, why),
                   symbol_.line == 0 ? "" : fmt::format("line {}", symbol_.line),
                   "decimals are written in quotes, for example tick_size = \"0.01\""};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const SymbolConfig& symbol_;
  std::optional<Error> error_;
};

template <std::size_t Size>
bool copy_text(char (&to)[Size], const std::string& from) {
  if (from.size() >= Size) return false;
  std::memset(to, 0, Size);
  std::memcpy(to, from.data(), from.size());
  return true;
}

}  // namespace

Result<InstrumentBody> instrument_of(const SymbolConfig& symbol) {
  Reader read(symbol);
  InstrumentBody body{};
  if (symbol.symbol.empty() || !copy_text(body.symbol, symbol.symbol))
    read.refuse("symbol", symbol.symbol, "must have 1 to 23 characters");
  for (char c : symbol.symbol)
    if (c <= 0x20 || c > 0x7e || c == '*')
      read.refuse("symbol", symbol.symbol, "takes printable ASCII without spaces and *");
  if (!copy_text(body.base, symbol.base)) read.refuse("base", symbol.base, "at most 11 characters");
  if (!copy_text(body.quote, symbol.quote))
    read.refuse("quote", symbol.quote, "at most 11 characters");
  if (symbol.quantity_exponent < -12 || symbol.quantity_exponent > 6)
    read.refuse("quantity_exponent", std::to_string(symbol.quantity_exponent), "takes -12 to 6");
  if (read.error()) return std::unexpected(*read.error());

  const int quantity_decimals = static_cast<int>(-symbol.quantity_exponent);
  body.quantity_exponent = static_cast<std::int8_t>(symbol.quantity_exponent);
  body.tick_size_e9 = read.positive("tick_size", symbol.tick_size, price_decimals);
  const std::int64_t lot = read.positive("lot_size", symbol.lot_size, quantity_decimals);
  body.lot_size = static_cast<std::uint64_t>(lot);
  const std::int64_t quantity_min =
      read.multiple("quantity_min", symbol.quantity_min, quantity_decimals, lot, lot);
  const std::int64_t quantity_max =
      read.multiple("quantity_max", symbol.quantity_max, quantity_decimals, lot, lot);
  if (quantity_min <= 0 || quantity_max < quantity_min)
    read.refuse("quantity_max", symbol.quantity_max, "must be at least quantity_min, both above 0");
  body.quantity_min = QuantityLots{static_cast<std::uint64_t>(quantity_min)};
  body.quantity_max = QuantityLots{static_cast<std::uint64_t>(quantity_max)};
  body.price_min = PriceTicks{read.multiple("price_min", symbol.price_min, price_decimals,
                                            body.tick_size_e9, body.tick_size_e9)};
  body.price_max = PriceTicks{read.multiple("price_max", symbol.price_max, price_decimals,
                                            body.tick_size_e9, body.tick_size_e9)};
  if (body.price_max < body.price_min)
    read.refuse("price_max", symbol.price_max, "must be at least price_min");
  if (read.error()) return std::unexpected(*read.error());
  return body;
}

std::vector<SymbolConfig> demo_symbols() {
  std::vector<SymbolConfig> symbols(2);
  symbols[0].symbol = "BTC-USD";
  symbols[0].base = "BTC";
  symbols[0].lot_size = "0.0001";
  symbols[0].quantity_max = "1000";
  symbols[1].symbol = "ETH-USD";
  symbols[1].base = "ETH";
  symbols[1].lot_size = "0.001";
  symbols[1].quantity_max = "10000";
  for (SymbolConfig& symbol : symbols) {
    symbol.quote = "USD";
    symbol.price_max = "1000000";
  }
  return symbols;
}

}  // namespace bourse
