// One tick as a line of text or as a JSON object.
//   Shape:   lines: time, seq, channel, then the fields of the channel in fixed order; JSON: the
//            names of docs/PROTOCOL.md, 64-bit integers as text.
//   Units:   lines show decimals, JSON the integers of the wire and decimals beside them.
//   Owner:   any thread.
#pragma once

#include <string>
#include <string_view>

#include "app/terminal/market_follower.h"  // Tick

namespace bourse {

// How the symbol's numbers are written.
struct TickStyle {
  std::string_view symbol;
  int price_decimals;
  int quantity_decimals;
};

std::string tick_line(const Tick& tick, const TickStyle& style);
std::string tick_json(const Tick& tick, const TickStyle& style);

}  // namespace bourse
