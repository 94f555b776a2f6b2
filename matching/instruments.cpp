#include "matching/instruments.h"

#include <algorithm>
#include <limits>

namespace bourse {
namespace {

bool is_name(const char* text, std::size_t size) {
  const char* const end = std::find(text, text + size, '\0');
  if (end == text || end == text + size) return false;
  if (std::any_of(text, end, [](char c) { return c <= 0x20 || c > 0x7e; })) return false;
  return std::all_of(end, text + size, [](char c) { return c == '\0'; });
}

// Does ticks x tick_size_e9 fit a wire price, whose largest value means "no price"?
bool fits_wire_price(PriceTicks price, std::int64_t tick_size_e9) {
  std::int64_t product = 0;
  return !__builtin_mul_overflow(price.value(), tick_size_e9, &product) &&
         product != std::numeric_limits<std::int64_t>::max();
}

bool fits_u64(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return !__builtin_mul_overflow(a, b, &product);
}

}  // namespace

RejectReason check_instrument(const InstrumentBody& i) {
  const bool good = is_name(i.symbol, sizeof i.symbol) && i.tick_size_e9 > 0 && i.lot_size > 0 &&
                    i.quantity_min > QuantityLots{0} && i.quantity_min <= i.quantity_max &&
                    i.price_min <= i.price_max && fits_wire_price(i.price_min, i.tick_size_e9) &&
                    fits_wire_price(i.price_max, i.tick_size_e9) &&
                    i.quantity_max <= quantity_most && fits_u64(i.quantity_max.value(), i.lot_size);
  return good ? RejectReason::none : RejectReason::bad_instrument;
}

SymbolId Instruments::find(std::string_view symbol) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (bodies_[i].symbol_view() == symbol) return SymbolId{i + 1};
  }
  return SymbolId{0};
}

void Instruments::add(SymbolId symbol, const InstrumentBody& instrument, StateHash& hash) {
  while (count_ < symbol.value() - 1) bodies_[count_++] = InstrumentBody{};
  bodies_[count_] = instrument;
  ++count_;
  const std::string_view bytes(reinterpret_cast<const char*>(&instrument), sizeof instrument);
  hash.instruments ^= mix64(hash_text(bytes) + count_);
}

}  // namespace bourse
