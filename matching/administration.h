// Administration: instruments, rules, accounts and voided trades, changed while the market runs.
//   Shape:  commands like any other, journaled and replayed; O(1), except that a new account limit
//           on positions looks at the account's open orders.
//   Units:  ticks, lots.
//   Owner:  the thread of the engine.
//   Errors: a RejectReason; then nothing has changed.
#pragma once

#include <cstring>
#include <string_view>

#include "matching/cancels.h"  // sweep_account, sweep_book
#include "matching/phases.h"   // schedule

namespace bourse {

// A fingerprint of the body of a command, for EngineState::note_change.
template <class Body>
std::uint64_t body_hash(const Body& body) {
  return hash_text({reinterpret_cast<const char*>(&body), sizeof body});
}

template <class Reports>
void apply_define_instrument(EngineState& state, Reports& reports, const Command& command) {
  const auto reject = [&](RejectReason reason) { reports.rejected(command, reason); };
  const InstrumentBody& body = command.instrument;
  const RejectReason entry = check_instrument(body);
  if (entry != RejectReason::none) return reject(entry);
  if (const SymbolId known = state.instruments.find(body.symbol_view()); known) {
    // Said again at every start, so that saying the same twice is not an event.
    if (std::memcmp(state.instruments.find(known), &body, sizeof body) != 0) {
      reject(RejectReason::instrument_exists);
    }
    return;
  }
  const SymbolId lowest{state.instruments.count() + 1};
  const SymbolId symbol = command.symbol ? command.symbol : lowest;
  if (symbol < lowest) return reject(RejectReason::bad_instrument);
  if (symbol.value() > state.limits.symbols_max) return reject(RejectReason::book_full);
  state.instruments.add(symbol, body, state.book_memory.hash);
  Book& book = state.book_of(symbol);
  book.define(symbol, body);
  reports.defined(book);
}

// Tick, lot and currencies stay what they are: the open orders and the history mean them.
template <class Reports>
void apply_change_instrument(EngineState& state, Reports& reports, const Command& command) {
  const auto reject = [&](RejectReason reason) { reports.rejected(command, reason); };
  const InstrumentBody& body = command.instrument;
  Book* const book = state.book(command.symbol);
  if (book == nullptr) return reject(RejectReason::unknown_instrument);
  if (book->trading.is_delisted) return reject(RejectReason::delisted);
  const RejectReason entry = check_instrument(body);
  if (entry != RejectReason::none) return reject(entry);
  const InstrumentBody& old = *state.instruments.find(command.symbol);
  InstrumentBody same = body;
  same.quantity_min = old.quantity_min;
  same.quantity_max = old.quantity_max;
  same.price_min = old.price_min;
  same.price_max = old.price_max;
  if (std::memcmp(&same, &old, sizeof same) != 0) return reject(RejectReason::bad_instrument);
  if (body.price_min != old.price_min || body.price_max != old.price_max) {
    if (!book->is_empty() || book->trading.followers != 0) {
      return reject(RejectReason::bad_instrument);
    }
  }
  book->set_limits(body);
  state.instruments.change(command.symbol, body);
  state.note_change(command.symbol.value(), body_hash(body));
  reports.defined(*book);
}

template <class Reports>
void apply_delist_instrument(EngineState& state, Reports& reports, const Command& command) {
  Book* const book = state.book(command.symbol);
  if (book == nullptr) return reports.rejected(command, RejectReason::unknown_instrument);
  Trading& trading = book->trading;
  if (trading.is_delisted) return reports.rejected(command, RejectReason::delisted);
  trading.is_delisted = true;
  trading.is_uncrossing = false;
  trading.sweep = Trading::Sweep::all_orders;
  trading.sweep_side = Side::none;
  enter_phase(state, reports, *book, Phase::closed, TimeNs{0}, Phase::none);
  sweep_book(state, reports, *book);
}

template <class Reports>
void apply_set_rules(EngineState& state, Reports& reports, const Command& command) {
  const RulesBody& rules = command.rules;
  Book* const book = state.book(command.symbol);
  if (book == nullptr) return reports.rejected(command, RejectReason::unknown_instrument);
  constexpr TickDelta none{0};
  const bool in_range =
      rules.reference_price >= book->price_min() && rules.reference_price <= book->price_max();
  constexpr std::int64_t most = std::int64_t{1} << 62;
  const auto fits = [&](std::int64_t value) { return value >= 0 && value < most; };
  const bool good = (rules.reference_price == PriceTicks{0} || in_range) &&
                    rules.static_band >= none && rules.dynamic_band >= none &&
                    rules.market_protection >= none && fits(rules.static_band.value()) &&
                    fits(rules.dynamic_band.value()) && fits(rules.market_protection.value()) &&
                    fits(rules.volatility_ns) && fits(rules.indicative_ns) &&
                    (rules.notional_max == 0 || rules.notional_min <= rules.notional_max);
  if (!good) return reports.rejected(command, RejectReason::bad_field);
  book->trading.rules = rules;
  book->trading.note_rules();
  state.note_change(command.symbol.value(), body_hash(rules));
  if (!indicates(book->trading)) {
    book->trading.indicative_at = TimeNs{0};
  } else if (!book->trading.indicative_at) {
    book->trading.indicative_at = state.time;
  }
  schedule(state, *book);
  reports.acknowledged(command);
}

// Positions are counted from the moment that an account has a limit on them.
inline bool start_tracking(EngineState& state, AccountId number) {
  BookMemory& memory = state.book_memory;
  const Account& account = state.accounts[number];
  const QueueLines& lines = memory.lines;
  const QueuePlace oldest = account.open.begin(lines);
  for (QueuePlace at = oldest; at != no_place; at = OrderQueue::next(lines, at)) {
    const SymbolId symbol = memory.orders.details(order_at(lines, at)).symbol;
    if (state.positions.find_or_add(number, symbol) == nullptr) return false;
  }
  for (QueuePlace at = oldest; at != no_place; at = OrderQueue::next(lines, at)) {
    const Order& order = memory.orders[order_at(lines, at)];
    const SymbolId symbol = memory.orders.details(order_at(lines, at)).symbol;
    state.positions.find_or_add(number, symbol)->open(order.side) +=
        memory.orders.open(order_at(lines, at));
  }
  return true;
}

template <class Reports>
void apply_set_account(EngineState& state, Reports& reports, const Command& command) {
  const AccountBody& body = command.account_limits;
  const auto reject = [&](RejectReason reason) { reports.rejected(command, reason); };
  if (!state.takes(command.account)) return reject(RejectReason::unknown_account);
  Account& account = state.accounts[command.account];
  constexpr QuantityLots most{std::uint64_t{1} << 62};
  if (body.status > AccountStatus::killed || body.position_max > most ||
      (body.orders_burst != 0 && body.orders_per_second == 0)) {
    return reject(RejectReason::bad_account);
  }
  if (body.position_max != QuantityLots{0} && !account.tracks_positions) {
    if (!start_tracking(state, command.account)) return reject(RejectReason::book_full);
    account.tracks_positions = true;
  }
  account.status = body.status;
  account.open_orders_max = body.open_orders_max;
  account.quantity_max = body.quantity_max;
  account.notional_max = body.notional_max;
  account.position_max = body.position_max;
  const std::uint32_t burst = body.orders_burst == 0 ? body.orders_per_second : body.orders_burst;
  if (body.orders_per_second != account.orders_per_second || burst != account.orders_burst) {
    account.orders_per_second = body.orders_per_second;
    account.orders_burst = burst;
    account.tokens_e9 = std::uint64_t{account.orders_burst} * 1'000'000'000;
    account.tokens_at = state.time;
  }
  account.note_limits();
  state.note_change(command.account.value(), body_hash(body));
  reports.acknowledged(command);
  if (account.status != AccountStatus::killed) return;
  account.sweep_symbol = SymbolId{0};
  account.sweep_side = Side::none;
  account.sweep_group = GroupId{0};
  account.sweep_session = SessionId{0};
  account.sweep_cause = MassCancelCause::kill_switch;
  account.sweep_on_disconnect_only = false;
  sweep_account(state, reports, command.account);
}

template <class Reports>
void apply_bust_trade(EngineState& state, Reports& reports, const Command& command) {
  const BustBody& body = command.bust;
  const auto reject = [&](RejectReason reason) { reports.rejected(command, reason); };
  Book* const book = state.book(command.symbol);
  if (book == nullptr) return reject(RejectReason::unknown_instrument);
  if (body.match_id == MatchId{0} || body.match_id > state.match_id) {
    return reject(RejectReason::unknown_trade);
  }
  if (body.quantity == QuantityLots{0} || body.quantity > quantity_most) {
    return reject(RejectReason::bad_field);
  }
  if (state.busted_trades.knows(body.match_id)) return reject(RejectReason::already_busted);
  if (state.busted_trades.is_full()) return reject(RejectReason::book_full);
  state.busted_trades.add(body.match_id);
  const auto undo = [&](AccountId account, Side side) {
    if (!state.takes(account) || !state.accounts[account].tracks_positions) return;
    Position* const position = state.positions.find_or_add(account, command.symbol);
    if (position != nullptr) position->fill(opposite(side), body.quantity);
  };
  undo(body.buyer, Side::buy);
  undo(body.seller, Side::sell);
  state.note_change(command.symbol.value(), body_hash(body));
  reports.busted(*book, body);
}

}  // namespace bourse
