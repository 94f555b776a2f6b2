// An exchange with several channels has an engine and a log for each. They share one numbering of
// instruments: channel k of N defines the ids k + 1, k + 1 + N, k + 1 + 2N, ... So an id is of one
// instrument in the whole exchange, and tells the log.
//   Shape:  log numbers from 0; with one channel everything is log 0 and ids are dense.
//   Owner:  free functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "matching/types.h"  // SymbolId

namespace bourse {

inline constexpr std::uint32_t channels_most = 64;

constexpr std::uint32_t log_of(SymbolId symbol, std::uint32_t logs) {
  return symbol ? (symbol.value() - 1) % logs : 0;
}

// The lowest id of this log that is above all that it has defined.
constexpr SymbolId next_symbol_id(std::uint32_t highest, std::uint32_t log, std::uint32_t logs) {
  const std::uint32_t lowest = highest + 1;
  return SymbolId{lowest + (log + logs - (lowest - 1) % logs) % logs};
}

// Where a symbol goes that nobody has placed: the same in every version on every machine.
std::uint32_t log_by_name(std::string_view symbol, std::uint32_t logs);

}  // namespace bourse
