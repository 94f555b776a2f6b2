// The matcher: an order meets the orders of the other side.
//   Shape:  one loop for both sides; O(orders matched). At most matches_per_command_max matches,
//   the
//           rest of the order then expires.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: none; whoever comes here has been checked and accepted.
#pragma once

#include <cstdint>

#include "matching/book.h"          // Book
#include "matching/engine_state.h"  // EngineState
#include "matching/event.h"         // EventBuffer, ExecEvent

namespace bourse {

// An order that is being matched.
struct Taker {
  // The report that tells its acceptance or its amendment; its later reports begin as copies.
  // Valid until the EventBuffer is cleared.
  const ExecEvent& first_report;
  std::uint64_t key_min;  // worst key of the other side that it takes
  QuantityLots leaves = first_report.leaves;
  QuantityLots filled = first_report.filled;
  std::uint32_t match_count = 0;
};

void match(EngineState& state, Book& book, Taker& taker, EventBuffer& out);

// Reports that the rest of the order is gone because it may not rest.
void expire(EngineState& state, const Taker& taker, EventBuffer& out);

}  // namespace bourse
