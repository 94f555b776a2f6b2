// The heart of the engine: one stamped command in, decisions out.
//   Shape:  a template over what the decisions are told to (EventReports, or another listener with
//           the same functions), so that it costs nothing to change. O(1) and the orders met.
//   Units:  ticks, lots, nanoseconds.
//   Owner:  the thread of the engine.
//   Errors: every trader's command gets exactly one decision, accepted or rejected.
#pragma once

#include <algorithm>

#include "matching/administration.h"  // apply_define_instrument, ...
#include "matching/amend.h"           // apply_amend
#include "matching/cancels.h"         // apply_cancel, apply_mass_cancel, apply_cancel_after
#include "matching/clock.h"           // apply_clock
#include "matching/new_order.h"       // apply_new_order
#include "matching/phases.h"          // apply_set_phase

namespace bourse {

template <class Reports>
void apply_open_epoch(EngineState& state, Reports& reports, const Command& command) {
  const EpochBody& body = command.epoch;
  const EngineLimits& room = state.memory_limits;
  if (body.symbols_max > room.symbols_max || body.accounts_max > room.accounts_max ||
      body.orders_max > room.orders_max) {
    return reports.rejected(command, RejectReason::book_full);
  }
  state.limits = {body.symbols_max, body.accounts_max, body.orders_max};
  // An account that was counted once goes on to be counted, although it may send no more.
  state.accounts_counted =
      state.has_epoch ? std::max(state.accounts_counted, body.accounts_max) : body.accounts_max;
  state.has_epoch = true;
  std::uint64_t& epochs = state.book_memory.hash.epochs;
  for (const std::uint32_t word :
       {body.epoch.value(), body.symbols_max, body.accounts_max, body.orders_max}) {
    epochs = mix64(epochs + word + hash_weights[0]);
  }
}

// The checks that every trader's command meets first, whatever it asks.
[[gnu::always_inline]] inline RejectReason check_trader(EngineState& state, const Command& command,
                                                        bool is_order) {
  if (!state.takes(command.account)) return RejectReason::unknown_account;
  Account& account = state.accounts[command.account];
  if (command.client_sequence) {
    if (command.client_sequence <= account.client_sequence) {
      return RejectReason::duplicate_client_sequence;
    }
    // Used up whatever the answer is: a repetition of a refused command is a repetition too.
    state.accounts.use_client_sequence(command.account, command.client_sequence,
                                       state.book_memory.hash);
  }
  if (!is_order) return RejectReason::none;
  const TimeNs until = command.order.valid_until;
  if (until && command.time > until) return RejectReason::expired_valid_until;
  if (account.is_bound && command.type != CommandType::cancel) [[unlikely]] {
    return check_account(state, account);
  }
  return RejectReason::none;
}

// False: rejected, and told.
template <class Reports>
[[gnu::always_inline]] inline bool admit_trader(EngineState& state, Reports& reports,
                                                const Command& command, bool is_order = true) {
  const RejectReason reason = check_trader(state, command, is_order);
  if (reason == RejectReason::none) [[likely]]
    return true;
  const bool duplicate = reason == RejectReason::duplicate_client_sequence;
  reports.rejected(command, reason, duplicate ? exec_flags::duplicate : 0);
  return false;
}

// Whatever is not about one order.
template <class Reports>
[[gnu::noinline]] void decide_other(EngineState& state, const Command& command, Reports& reports) {
  switch (command.type) {
    case CommandType::mass_cancel:
      if (!command.account || admit_trader(state, reports, command, false)) {
        apply_mass_cancel(state, reports, command);
      }
      return;
    case CommandType::cancel_after:
      if (admit_trader(state, reports, command, false)) apply_cancel_after(state, reports, command);
      return;
    case CommandType::clock:
      return apply_clock(state, reports);
    case CommandType::define_instrument:
      return apply_define_instrument(state, reports, command);
    case CommandType::change_instrument:
      return apply_change_instrument(state, reports, command);
    case CommandType::delist_instrument:
      return apply_delist_instrument(state, reports, command);
    case CommandType::set_phase:
      return apply_set_phase(state, reports, command);
    case CommandType::set_rules:
      return apply_set_rules(state, reports, command);
    case CommandType::set_account:
      return apply_set_account(state, reports, command);
    case CommandType::bust_trade:
      return apply_bust_trade(state, reports, command);
    case CommandType::open_epoch:
      return apply_open_epoch(state, reports, command);
    default:
      return reports.rejected(command, RejectReason::bad_field);
  }
}

inline void begin(EngineState& state, const Command& command) {
  state.sequence = command.sequence;
  state.time = command.time;
  state.placed_count = 0;
  state.match_count = 0;
}

// For a caller that knows what the command is.
template <class Reports>
[[gnu::always_inline]] inline void decide_new_order(EngineState& state, const Command& command,
                                                    Reports& reports) {
  begin(state, command);
  if (admit_trader(state, reports, command)) apply_new_order(state, reports, command);
}
template <class Reports>
[[gnu::always_inline]] inline void decide_cancel(EngineState& state, const Command& command,
                                                 Reports& reports) {
  begin(state, command);
  if (admit_trader(state, reports, command)) apply_cancel(state, reports, command);
}
template <class Reports>
[[gnu::always_inline]] inline void decide_amend(EngineState& state, const Command& command,
                                                Reports& reports) {
  begin(state, command);
  if (admit_trader(state, reports, command)) apply_amend(state, reports, command);
}

template <class Reports>
void decide(EngineState& state, const Command& command, Reports& reports) {
  if (command.type == CommandType::new_order) {
    decide_new_order(state, command, reports);
  } else if (command.type == CommandType::cancel) {
    decide_cancel(state, command, reports);
  } else if (command.type == CommandType::amend) {
    decide_amend(state, command, reports);
  } else {
    begin(state, command);
    decide_other(state, command, reports);
  }
}

}  // namespace bourse
