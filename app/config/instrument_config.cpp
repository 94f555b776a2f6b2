#include "app/config/instrument_config.h"

#include <fmt/format.h>

namespace bourse {

Result<InstrumentBody> instrument_of(const SymbolConfig& symbol) {
  auto body = read_instrument(symbol);
  if (body) return *body;
  const InstrumentFault& fault = body.error();
  return fail(
      ExitCode::bad_config,
      fmt::format("symbols.{}.{}: \"{}\": {}", symbol.symbol, fault.field, fault.value, fault.why),
      symbol.line == 0 ? "" : fmt::format("line {}", symbol.line),
      "decimals are written in quotes, for example tick_size = \"0.01\"");
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
