// The phase of a symbol: how it changes, and when it will change next.
//   Shape:  O(1), a timer O(log symbols).
//   Units:  nanoseconds since the Unix epoch.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matching/engine_state.h"  // EngineState

namespace bourse {

inline bool indicates(const Trading& trading) {
  return trading.rules.indicative_ns != 0 && collects(trading.phase) &&
         trading.phase != Phase::pre_open;
}

// Sets the timer of the symbol to whatever comes first.
inline void schedule(EngineState& state, const Book& book) {
  const Trading& trading = book.trading;
  TimeNs first = trading.change_at;
  if (trading.indicative_at && (!first || trading.indicative_at < first)) {
    first = trading.indicative_at;
  }
  if (first) {
    state.symbols_due.set(book.symbol().value(), first, book.symbol().value());
  } else {
    state.symbols_due.remove(book.symbol().value());
  }
}

// Puts the symbol at the end of those with unfinished work.
inline void pend(EngineState& state, Book& book) {
  if (book.trading.is_pending) return;
  book.trading.is_pending = true;
  book.trading.next_pending = SymbolId{0};
  (state.last_pending ? state.book_of(state.last_pending).trading.next_pending
                      : state.first_pending) = book.symbol();
  state.last_pending = book.symbol();
}

template <class Reports>
void enter_phase(EngineState& state, Reports& reports, Book& book, Phase phase, TimeNs change_at,
                 Phase next_phase) {
  Trading& trading = book.trading;
  trading.phase = phase;
  trading.note_rules();
  trading.pegs_stand = false;
  trading.change_at = change_at;
  trading.next_phase = change_at ? next_phase : Phase::none;
  trading.told_price = no_price;
  trading.told_quantity = trading.told_surplus = QuantityLots{0};
  trading.told_side = Side::none;
  trading.indicative_at = indicates(trading) ? state.time : TimeNs{0};
  schedule(state, book);
  state.note_change(book.symbol().value(), static_cast<std::uint64_t>(phase) << 56 ^
                                               static_cast<std::uint64_t>(change_at.value()));
  reports.status_changed(book);
}

// A price left its band: the market collects orders for a while.
template <class Reports>
void interrupt(EngineState& state, Reports& reports, Book& book) {
  const std::int64_t lasts = book.trading.rules.volatility_ns;
  const TimeNs end{lasts == 0 ? 0 : state.time.value() + lasts};
  book.trading.resume_change_at = book.trading.change_at;
  book.trading.resume_next_phase = book.trading.next_phase;
  enter_phase(state, reports, book, Phase::volatility_auction, end, Phase::continuous);
}

}  // namespace bourse
