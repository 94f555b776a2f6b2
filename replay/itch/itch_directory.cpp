#include "replay/itch/itch_directory.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "matching/check.h"  // CHECK

namespace bourse {

InstrumentBody itch_instrument(std::string_view stock) {
  InstrumentBody body{};
  CHECK(stock.size() <= sizeof(itch::Stock));
  std::memcpy(body.symbol, stock.data(), stock.size());
  std::memcpy(body.base, stock.data(), stock.size());
  std::memcpy(body.quote, "USD", 3);
  body.tick_size_e9 = 100'000;
  body.lot_size = 1;
  body.quantity_exponent = 0;
  // All that a Price4 and a count of shares can say.
  body.quantity_min = QuantityLots{1};
  body.quantity_max = QuantityLots{std::numeric_limits<std::uint32_t>::max()};
  body.price_min = PriceTicks{1};
  body.price_max = PriceTicks{std::numeric_limits<std::uint32_t>::max()};
  return body;
}
static_assert(sizeof(itch::Stock) < sizeof(InstrumentBody::base));

ItchDirectory::ItchDirectory(std::vector<std::string> wanted)
    : wanted_(std::move(wanted)), symbols_(1 << 16, unlisted) {}

ItchDirectory::Listing ItchDirectory::list(std::uint16_t locate, const itch::Stock& stock) {
  if (is_listed(locate)) return {symbol(locate), false};
  const std::string name(stock.view());
  const bool is_wanted = wanted_.empty() || std::ranges::find(wanted_, name) != wanted_.end();
  if (!is_wanted || name.empty()) {
    symbols_[locate] = unwanted;
    return {SymbolId{0}, true};
  }
  names_.push_back(name);
  symbols_[locate] = symbol_count();
  return {SymbolId{symbol_count()}, true};
}

std::vector<std::string> ItchDirectory::missing() const {
  std::vector<std::string> names;
  for (const std::string& name : wanted_) {
    if (std::ranges::find(names_, name) == names_.end()) names.push_back(name);
  }
  return names;
}

}  // namespace bourse
