// Phases: a symbol passes from one to the next by command or by timer; what it collected is matched
// on the way.
//   Shape:  uncrossing is bounded per transaction; the phase changes when it is done.
//   Owner:  the thread of the engine.
//   Errors: a RejectReason.
#pragma once

#include "matching/auction.h"       // find_auction_price, uncross
#include "matching/cancels.h"       // sweep_book
#include "matching/phase_change.h"  // enter_phase, pend
#include "matching/settle.h"        // settle

namespace bourse {

// Goes on with what a book has not finished; asks for more time if that is not enough.
template <class Reports>
void continue_book(EngineState& state, Reports& reports, Book& book) {
  Trading& trading = book.trading;
  if (trading.is_uncrossing) {
    if (!uncross(state, reports, book, trading.uncross_price)) return pend(state, book);
    trading.is_uncrossing = false;
    enter_phase(state, reports, book, trading.phase_after_uncross, trading.change_at,
                trading.next_phase);
    if (trading.phase == Phase::closed) trading.sweep = Trading::Sweep::day_orders;
  }
  if (trading.sweep != Trading::Sweep::none) {
    sweep_book(state, reports, book);
    if (trading.sweep != Trading::Sweep::none) return;
  }
  settle(state, reports, book);
}

template <class Reports>
void change_phase(EngineState& state, Reports& reports, Book& book, const PhaseBody& body) {
  Trading& trading = book.trading;
  const bool matches_first =
      body.phase == Phase::continuous || (body.phase == Phase::closed && collects(trading.phase));
  if (matches_first && trading.phase != Phase::continuous) {
    const AuctionPrice found = find_auction_price(state.book_memory, book);
    if (found.price != no_price) {
      trading.is_uncrossing = true;
      trading.uncross_price = found.price;
    }
  }
  if (!trading.is_uncrossing) {
    enter_phase(state, reports, book, body.phase, body.change_at, body.next_phase);
    if (trading.phase == Phase::closed) {
      trading.sweep = Trading::Sweep::day_orders;
      trading.sweep_side = Side::none;
    }
    return continue_book(state, reports, book);
  }
  trading.phase_after_uncross = body.phase;
  trading.change_at = body.change_at;
  trading.next_phase = body.next_phase;
  trading.sweep_side = Side::none;
  trading.indicative_at = TimeNs{0};
  continue_book(state, reports, book);
}

template <class Reports>
void apply_set_phase(EngineState& state, Reports& reports, const Command& command) {
  const PhaseBody& body = command.phase;
  Book* const book = state.book(command.symbol);
  if (book == nullptr) return reports.rejected(command, RejectReason::unknown_instrument);
  if (book->trading.is_delisted) return reports.rejected(command, RejectReason::delisted);
  const bool has_next = body.change_at != TimeNs{0};
  const bool good = body.phase >= Phase::pre_open && body.phase <= Phase::closed &&
                    body.next_phase <= Phase::closed &&
                    has_next == (body.next_phase != Phase::none) &&
                    (!has_next || body.change_at > command.time);
  if (!good) return reports.rejected(command, RejectReason::bad_field);
  if (book->trading.is_uncrossing) return reports.rejected(command, RejectReason::wrong_phase);
  book->trading.resume_change_at = TimeNs{0};
  book->trading.resume_next_phase = Phase::none;
  change_phase(state, reports, *book, body);
}

// The timer of a symbol: its phase changes, or its auction tells the indicative price.
template <class Reports>
void symbol_is_due(EngineState& state, Reports& reports, Book& book) {
  Trading& trading = book.trading;
  if (trading.change_at && trading.change_at <= state.time) {
    // What was due in the phase that a volatility auction interrupted is due again after it.
    const PhaseBody body{.change_at = trading.resume_change_at,
                         .phase = trading.next_phase,
                         .next_phase = trading.resume_next_phase,
                         .reserved_ = {}};
    trading.resume_change_at = TimeNs{0};
    trading.resume_next_phase = Phase::none;
    state.symbols_due.remove(book.symbol().value());
    return change_phase(state, reports, book, body);
  }
  const AuctionPrice found = find_auction_price(state.book_memory, book);
  if (found.price != trading.told_price || found.paired != trading.told_quantity ||
      found.surplus != trading.told_surplus || found.side != trading.told_side) {
    trading.told_price = found.price;
    trading.told_quantity = found.paired;
    trading.told_surplus = found.surplus;
    trading.told_side = found.side;
    reports.indicated(book, found.price, found.paired, found.side, found.surplus);
  }
  trading.indicative_at = TimeNs{state.time.value() + trading.rules.indicative_ns};
  schedule(state, book);
}

}  // namespace bourse
