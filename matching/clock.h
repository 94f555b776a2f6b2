// The clock command: time as the log tells it. It does one unit of whatever is due: unfinished work
// first, then GTD orders, dead-man timers, and the timers of symbols.
//   Shape:  bounded like every command; Engine::due() says whether there is more.
//   Units:  nanoseconds since the Unix epoch.
//   Owner:  the thread of the engine.
//   Errors: none; a clock with nothing to do changes nothing.
#pragma once

#include "matching/cancels.h"  // sweep_account
#include "matching/phases.h"   // continue_book, symbol_is_due

namespace bourse {

template <class Reports>
bool expire_orders(EngineState& state, Reports& reports) {
  constexpr CancelWords words{CancelReason::expired, event_flags::expired, 0, RejectReason::none};
  std::uint32_t expired = 0;
  while (!state.orders_due.is_empty() && state.orders_due.first_time() <= state.time &&
         expired < cancels_per_command_max) {
    const Handle handle = state.orders_due.first_item();
    Book& book = state.book_of(state.book_memory.orders.details(handle).symbol);
    cancel_order(state, reports, book, handle, words);
    ++expired;
    if (book.trading.followers == 0) continue;
    book.trading.is_settling = true;
    pend(state, book);
  }
  return expired != 0;
}

template <class Reports>
void apply_clock(EngineState& state, Reports& reports) {
  if (state.first_sweeping) {
    const AccountId number = state.first_sweeping;
    Account& account = state.accounts[number];
    state.first_sweeping = account.next_sweeping;
    if (!state.first_sweeping) state.last_sweeping = AccountId{0};
    account.is_sweeping = false;
    return sweep_account(state, reports, number);
  }
  if (state.first_pending) {
    Book& book = state.book_of(state.first_pending);
    state.first_pending = book.trading.next_pending;
    if (!state.first_pending) state.last_pending = SymbolId{0};
    book.trading.is_pending = false;
    return continue_book(state, reports, book);
  }
  if (expire_orders(state, reports)) return;
  if (!state.accounts_due.is_empty() && state.accounts_due.first_time() <= state.time) {
    const AccountId number{state.accounts_due.first_item()};
    state.accounts_due.remove(number.value());
    state.note_change(number.value(), 0);
    Account& account = state.accounts[number];
    account.sweep_symbol = SymbolId{0};
    account.sweep_side = Side::none;
    account.sweep_group = account.dead_man_group;
    account.sweep_session = account.dead_man_session;
    account.sweep_cause = MassCancelCause::dead_man;
    account.sweep_on_disconnect_only = false;
    return sweep_account(state, reports, number);
  }
  if (!state.symbols_due.is_empty() && state.symbols_due.first_time() <= state.time) {
    symbol_is_due(state, reports, state.book_of(SymbolId{state.symbols_due.first_item()}));
  }
}

}  // namespace bourse
