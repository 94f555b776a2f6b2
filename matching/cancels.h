// Cancels: of one order by its owner, and of many at once.
//   Shape:  one: O(1). Many: O(orders looked at), at most cancels_per_command_max in one
//           transaction; what is left is unfinished work of the account or of the book.
//   Owner:  the thread of the engine.
//   Errors: a RejectReason to the account.
#pragma once

#include <cstdint>

#include "matching/open_orders.h"   // cancel_order, CancelWords
#include "matching/phase_change.h"  // pend
#include "matching/plain.h"         // cancel_plain
#include "matching/settle.h"        // settle

namespace bourse {

// The target of a cancel or an amend; no_handle unless it is open and the account's own.
[[gnu::always_inline]] inline Handle find_target(EngineState& state, const Command& command) {
  const BookMemory& memory = state.book_memory;
  const Handle handle = memory.find_order(command.order.order_id);
  if (handle == no_handle) return no_handle;
  const Order& order = memory.orders[handle];
  if (order.account != command.account) return no_handle;
  if (command.symbol == SymbolId{0}) return handle;
  const SymbolId symbol = order.level == no_handle ? memory.orders.details(handle).symbol
                                                   : memory.level_of(handle).symbol();
  return command.symbol == symbol ? handle : no_handle;
}

template <class Reports>
[[gnu::always_inline]] inline void apply_cancel(EngineState& state, Reports& reports,
                                                const Command& command) {
  const Handle handle = find_target(state, command);
  if (handle == no_handle) return reports.rejected(command, RejectReason::unknown_order);
  if (cancel_plain(state, reports, handle)) [[likely]]
    return;
  Book& book = state.book_of(handle);
  cancel_order(state, reports, book, handle, {});
  settle(state, reports, book);
}

constexpr CancelWords words_of(MassCancelCause cause) {
  switch (cause) {
    case MassCancelCause::disconnect:
      return {CancelReason::disconnect, event_flags::cancel_on_disconnect,
              exec_flags::cancel_on_disconnect, RejectReason::none};
    case MassCancelCause::dead_man:
      return {CancelReason::dead_man, 0, exec_flags::dead_man, RejectReason::none};
    case MassCancelCause::kill_switch:
      return {CancelReason::kill_switch, 0, exec_flags::kill_switch,
              RejectReason::account_disabled};
    case MassCancelCause::administrator:
      return {CancelReason::mass_cancel, 0, exec_flags::administrator, RejectReason::none};
    case MassCancelCause::requested:
      break;
  }
  return {CancelReason::mass_cancel, 0, exec_flags::mass_cancel, RejectReason::none};
}

// Puts the account at the end of those whose mass cancel is not finished.
inline void pend_sweep(EngineState& state, AccountId number) {
  Account& account = state.accounts[number];
  if (account.is_sweeping) return;
  account.is_sweeping = true;
  account.next_sweeping = AccountId{0};
  (state.last_sweeping ? state.accounts[state.last_sweeping].next_sweeping : state.first_sweeping) =
      number;
  state.last_sweeping = number;
}

// Cancels orders of the account that fit its sweep, oldest first. The books they leave are settled
// by the clock: the sweep may have been in all of them.
template <class Reports>
[[gnu::noinline]] void sweep_account(EngineState& state, Reports& reports, AccountId number) {
  BookMemory& memory = state.book_memory;
  const Account& account = state.accounts[number];
  const CancelWords words = words_of(account.sweep_cause);
  std::uint32_t canceled = 0;
  QueuePlace place = account.open.begin(memory.lines);
  while (place != no_place) {
    const Handle at = order_at(memory.lines, place);
    const Order& order = memory.orders[at];
    const OrderDetails& details = memory.orders.details(at);
    place = OrderQueue::next(memory.lines, place);
    const bool fits = (!account.sweep_symbol || details.symbol == account.sweep_symbol) &&
                      (account.sweep_side == Side::none || order.side == account.sweep_side) &&
                      (!account.sweep_group || order.group == account.sweep_group) &&
                      (!account.sweep_session || details.session == account.sweep_session) &&
                      (!account.sweep_on_disconnect_only ||
                       (order.flags & order_flags::cancel_on_disconnect) != 0);
    if (fits) {
      if (canceled == cancels_per_command_max) return pend_sweep(state, number);
      Book& book = state.book_of(details.symbol);
      cancel_order(state, reports, book, at, words);
      ++state.match_count;  // what follows the market must leave room for these reports
      ++canceled;
      if (book.trading.followers != 0) {
        book.trading.is_settling = true;
        pend(state, book);
      }
    }
  }
}

// Cancels orders of the book that fit its sweep: bids, asks, then stops and what follows.
template <class Reports>
[[gnu::noinline]] void sweep_book(EngineState& state, Reports& reports, Book& book) {
  BookMemory& memory = state.book_memory;
  Trading& trading = book.trading;
  const bool day_only = trading.sweep == Trading::Sweep::day_orders;
  CancelWords words = words_of(trading.sweep_cause);
  if (day_only) words = {CancelReason::expired, event_flags::expired, 0, RejectReason::none};
  if (trading.is_delisted) {
    words = {CancelReason::delisted, 0, exec_flags::administrator, RejectReason::delisted};
  }
  std::uint32_t canceled = 0;
  // False when the budget is used up.
  const auto cancel = [&](Handle at) {
    const Order& order = memory.orders[at];
    if (day_only && order.time_in_force != TimeInForce::day) return true;
    if (trading.sweep_side != Side::none && order.side != trading.sweep_side) return true;
    if (canceled == cancels_per_command_max) return false;
    cancel_order(state, reports, book, at, words);
    ++state.match_count;
    ++canceled;
    return true;
  };
  const auto sweep_ladder = [&](Ladder& ladder) {
    for (Handle level = ladder.best(); level != no_handle;) {
      const Handle worse = ladder.next_worse(memory.ladders, level);
      const Level& l = memory.ladders.levels[level];
      const QueuePlace fronts[] = {l.displayed.begin(memory.lines), l.hidden.begin(memory.lines)};
      for (QueuePlace place : fronts) {
        while (place != no_place) {
          const Handle at = order_at(memory.lines, place);
          place = OrderQueue::next(memory.lines, place);
          if (!cancel(at)) return false;
        }
      }
      level = worse;
    }
    return true;
  };
  const bool done = sweep_ladder(book.ladder(Side::buy)) && sweep_ladder(book.ladder(Side::sell)) &&
                    sweep_ladder(book.stops(Side::buy)) && sweep_ladder(book.stops(Side::sell)) &&
                    [&] {  // those that wait for a price to follow are in no ladder
                      for (Handle at = trading.oldest_follower; at != no_handle;) {
                        const Handle younger = memory.orders.following(at).next;
                        if (memory.orders[at].level == no_handle && !cancel(at)) return false;
                        at = younger;
                      }
                      return true;
                    }();
  if (!done) return pend(state, book);
  trading.sweep = Trading::Sweep::none;
}

template <class Reports>
[[gnu::noinline]] void apply_mass_cancel(EngineState& state, Reports& reports,
                                         const Command& command) {
  const MassCancelBody& body = command.mass_cancel;
  const auto reject = [&](RejectReason reason) { reports.rejected(command, reason); };
  Book* const book = state.book(command.symbol);
  if (command.symbol && book == nullptr) return reject(RejectReason::unknown_instrument);
  if (body.side > Side::sell || body.cause > MassCancelCause::administrator) {
    return reject(RejectReason::bad_field);
  }
  if (!command.account) {
    if (book == nullptr) return reject(RejectReason::bad_field);
    book->trading.sweep = Trading::Sweep::all_orders;
    book->trading.sweep_side = body.side;
    book->trading.sweep_cause = body.cause;
    sweep_book(state, reports, *book);
    return settle(state, reports, *book);
  }
  reports.acknowledged(command);
  Account& account = state.accounts[command.account];
  account.sweep_symbol = command.symbol;
  account.sweep_side = body.side;
  account.sweep_group = body.group;
  account.sweep_session = body.session;
  account.sweep_cause = body.cause;
  account.sweep_on_disconnect_only = body.on_disconnect_only;
  sweep_account(state, reports, command.account);
}

// Arms or disarms the dead-man timer of the account.
template <class Reports>
[[gnu::noinline]] void apply_cancel_after(EngineState& state, Reports& reports,
                                          const Command& command) {
  const CancelAfterBody& body = command.cancel_after;
  constexpr std::int64_t most = std::int64_t{1} << 62;
  if (body.after_ns < 0 || body.after_ns >= most)
    return reports.rejected(command, RejectReason::bad_field);
  Account& account = state.accounts[command.account];
  account.dead_man_group = body.group;
  account.dead_man_session = body.session;
  const std::uint32_t number = command.account.value();
  if (body.after_ns == 0) {
    state.accounts_due.remove(number);
  } else {
    state.accounts_due.set(number, TimeNs{command.time.value() + body.after_ns}, number);
  }
  state.note_change(number, static_cast<std::uint64_t>(state.accounts_due.time_of(number).value()));
  reports.acknowledged(command);
}

}  // namespace bourse
