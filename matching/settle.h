// Settling: what a change of a market causes among the orders that follow it. The last step of
// every command that may have traded or moved a best price.
//   Shape:  a loop, not a recursion: a triggered stop trades, which triggers others. It stops at
//           cascade_matches_max matches of one transaction; the rest is unfinished work.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include "matching/pegs.h"   // move_pegs
#include "matching/stops.h"  // trigger, next_triggered, move_trailing_stops

namespace bourse {

template <class Reports>
[[gnu::noinline]] void settle_followers(EngineState& state, Reports& reports, Book& book) {
  Trading& trading = book.trading;
  trading.is_settling = false;
  while (trading.followers != 0) {
    // In any phase: a stop that comes later must not follow trades from before.
    move_trailing_stops(state, reports, book);
    if (trading.phase != Phase::continuous) return;
    const Handle stop = next_triggered(state.book_memory, book);
    const bool has_room = state.match_count < cascade_matches_max;
    if (stop != no_handle && has_room) {
      trigger(state, reports, book, stop);
      continue;
    }
    const std::uint32_t before = state.match_count;
    if (stop != no_handle || !move_pegs(state, reports, book)) {
      trading.is_settling = true;
      return pend(state, book);
    }
    if (state.match_count == before) return;
  }
}

template <class Reports>
void settle(EngineState& state, Reports& reports, Book& book) {
  if (book.trading.followers != 0) [[unlikely]]
    settle_followers(state, reports, book);
}

}  // namespace bourse
