// From an instrument in words to one as the engine takes it, exactly.
//   Shape:  decimals become ticks and lots; what is not a multiple is refused, never rounded.
//   Owner:  free function.
//   Errors: the first field that does not fit, its text, and why.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "matching/command.h"  // InstrumentBody

namespace bourse {

struct InstrumentText {
  std::string symbol;
  std::string base;
  std::string quote;
  std::string tick_size = "0.01";  // in the quote currency
  std::string lot_size = "1";      // in the base
  std::string quantity_min;        // in the base; empty = one lot
  std::string quantity_max = "1000000";
  std::string price_min;  // in the quote currency; empty = one tick
  std::string price_max = "10000000";
  std::int64_t quantity_exponent = -8;
};

struct InstrumentFault {
  std::string field;  // by its name of above
  std::string value;
  std::string why;  // "must be more than 0"
};

std::expected<InstrumentBody, InstrumentFault> read_instrument(const InstrumentText& text);
// The same in words again.
InstrumentText instrument_text(const InstrumentBody& body);

}  // namespace bourse
