// The flow that the suites send: the shape `normal` of the challenge as commands, and the set-up of
// the symbols that take it.
//   Shape:  ready to be sent through one gate: the id of an order is known before, it is the
//           sequence that its command will have.
//   Units:  ticks and lots.
//   Owner:  values; the same seed gives the same stream.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matching/command.h"  // Command
#include "matching/engine.h"   // EngineLimits

namespace bourse {

inline constexpr EngineLimits stream_limits{
    .symbols_max = 8, .accounts_max = 16, .orders_max = 1u << 20};

struct OrderStream {
  std::vector<Command> commands;
  std::string mix;  // one line, with the seed
};

// REQUIRES: `first` is the sequence of the first command.
OrderStream make_order_stream(std::size_t count, Sequence first, std::uint64_t seed);

// Takes all prices and quantities of the stream. `number` makes its name.
Command define_stream_symbol(std::uint32_t number);

}  // namespace bourse
