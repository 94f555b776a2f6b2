#include "replay/whatif/what_if.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bourse {
namespace {

// The first report of a command is its decision.
RejectReason refusal_in(const ExecEvent& decision) {
  const bool is_refused =
      decision.type == ExecType::rejected || decision.type == ExecType::cancel_rejected;
  return is_refused ? decision.reject_reason : RejectReason::none;
}

bool is_trade(const PublicEvent& event) {
  const bool matches = event.kind == EventKind::execute || event.kind == EventKind::trade;
  return matches && (event.flags & event_flags::auction_other_side) == 0;
}

}  // namespace

WhatIf::WhatIf(Engine& engine, Sequence last, TimeNs time, const Settings& settings,
               std::vector<WhatIfOrder> orders)
    : engine_(engine),
      settings_(settings),
      orders_(std::move(orders)),
      outcomes_(orders_.size()),
      sequence_(last),
      recorded_last_(last),
      time_(time) {
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const WhatIfOrder& order = orders_[i];
    if (order.after)
      waiting_.emplace(order.after, i);
    else
      arrivals_.emplace(TimeNs{order.time.value() + settings_.latency_ns}, i);
  }
}

void WhatIf::execute(Command command) {
  sequence_ = next(sequence_);
  time_ = std::max(time_, command.time);
  command.sequence = sequence_;
  command.time = time_;
  engine_.apply(command, events_);
  for (const ExecEvent& event : events_.exec_events()) {
    if (event.account == settings_.account) note_own(event);
  }
  queue_.follow(
      events_.public_events(), engine_, [this](OrderId id) { return is_own(id); },
      [this](OrderId id, PriceTicks price, QuantityLots ahead, std::uint32_t orders) {
        outcomes_[id.value() - first_own_id].queue.push_back({.after = recorded_last_,
                                                              .time = time_,
                                                              .price = price,
                                                              .ahead = ahead,
                                                              .orders = orders});
      });
  note_trades(events_.public_events(), 1, recorded_last_, time_);
}

// As the sequencer does it: what has become due comes before the next command.
void WhatIf::execute_due(TimeNs time) {
  while (engine_.due() <= time) {
    Command clock{};
    clock.type = CommandType::clock;
    clock.time = std::max(engine_.due(), time_);
    execute(clock);
  }
}

void WhatIf::arrive_until(TimeNs time) {
  while (!arrivals_.empty() && arrivals_.begin()->first < time) {
    const auto [at, index] = *arrivals_.begin();
    arrivals_.erase(arrivals_.begin());
    execute_due(at);
    arrive(index, std::max(at, time_));
  }
}

void WhatIf::arrive(std::size_t index, TimeNs time) {
  const WhatIfOrder& order = orders_[index];
  WhatIfOutcome& outcome = outcomes_[index];
  outcome.arrived = time;
  Command command = order.command;
  command.time = time;
  command.account = settings_.account;
  if (command.type == CommandType::new_order) {
    outcome.id = command.order.order_id = OrderId{first_own_id + index};
    by_name_[order.name] = index;
  } else {
    const auto found = by_name_.find(order.name);
    if (found == by_name_.end()) {
      outcome.status = OrderStatus::rejected;
      outcome.reject = RejectReason::unknown_order;
      return;
    }
    outcome.id = command.order.order_id = outcomes_[found->second].id;
    command.symbol = orders_[found->second].command.symbol;
  }
  execute(command);
  if (command.type == CommandType::new_order || events_.exec_count() == 0) return;
  outcome.reject = refusal_in(events_.exec_events()[0]);
  outcome.status = outcome.reject == RejectReason::none ? OrderStatus::none : OrderStatus::rejected;
}

void WhatIf::note_own(const ExecEvent& event) {
  if (!is_own(event.order_id)) return;
  const std::size_t index = event.order_id.value() - first_own_id;
  if (index >= outcomes_.size() || event.type == ExecType::cancel_rejected) return;
  WhatIfOutcome& outcome = outcomes_[index];
  outcome.status = event.status;
  outcome.filled = event.filled;
  if (event.type == ExecType::rejected) outcome.reject = event.reject_reason;
  if (event.type != ExecType::fill && event.type != ExecType::partial_fill) return;
  WhatIfFill fill{.order = index,
                  .after = recorded_last_,
                  .time = time_,
                  .price = event.last_price,
                  .quantity = event.last_quantity,
                  .leaves = event.leaves,
                  .liquidity = event.liquidity};
  for (const PublicEvent& match : events_.public_events()) {
    if (!is_trade(match) || match.aux != event.match_id.value()) continue;
    fill.other = match.order_id == event.order_id ? match.taker_order_id : match.order_id;
  }
  fills_.push_back(fill);
}

// By the reports: of a hidden order the public event does not say which it was.
bool WhatIf::is_own_match(std::uint64_t match_id) const {
  return std::ranges::any_of(events_.exec_events(), [&](const ExecEvent& event) {
    return event.account == settings_.account && event.match_id.value() == match_id;
  });
}

// A trade of the others is taken off where the record has it and put on where this history has it:
// what remains has changed.
void WhatIf::note_trades(std::span<const PublicEvent> events, std::int64_t sign, Sequence sequence,
                         TimeNs time) {
  for (const PublicEvent& event : events) {
    if (!is_trade(event)) continue;
    if (sign > 0 && is_own_match(event.aux)) continue;
    const TradeKey key{.maker = event.order_id.value(),
                       .taker = event.taker_order_id.value(),
                       .price = event.price.value()};
    const auto [at, is_new] = trades_.try_emplace(key, WhatIfTrade{.symbol = event.symbol,
                                                                   .maker = event.order_id,
                                                                   .taker = event.taker_order_id,
                                                                   .price = event.price,
                                                                   .quantity = 0,
                                                                   .sequence = sequence,
                                                                   .time = time});
    at->second.quantity += sign * static_cast<std::int64_t>(event.quantity.value());
    if (at->second.quantity == 0) trades_.erase(at);
  }
}

void WhatIf::note_decision(const TransactionView& recorded) {
  if (recorded.exec_count() == 0 || events_.exec_count() == 0) return;
  const RejectReason before = refusal_in(recorded.exec_event(0));
  const RejectReason now = refusal_in(events_.exec_events()[0]);
  if (before == now) return;
  decisions_.push_back({.sequence = recorded.sequence(),
                        .time = recorded.time(),
                        .type = recorded.command_type(),
                        .recorded = before,
                        .now = now});
}

Result<void> WhatIf::apply(const TransactionView& recorded) {
  if (recorded.command_type() == CommandType::imported) {
    return fail(ExitCode::bad_config,
                fmt::format("sequence {} was imported from a foreign feed: there is no command to "
                            "execute again",
                            recorded.sequence().value()),
                {}, "trade the feed into a journal first: bourse serve --flow itch:FILE");
  }
  Command command = recorded.command();
  if (command.account == settings_.account && command.type != CommandType::open_epoch) {
    return fail(ExitCode::usage,
                fmt::format("account {} is used by the record itself, at sequence {}",
                            settings_.account.value(), recorded.sequence().value()),
                {}, "choose another account for the strategy");
  }
  arrive_until(command.time);
  // A clock command of the record that has nothing to do here did what was done already.
  const bool is_clock = command.type == CommandType::clock;
  if (!is_clock) execute_due(command.time);
  recorded_last_ = recorded.sequence();
  ++commands_;
  for (const PublicEvent& event : recorded.public_events()) recorded_trades_ += is_trade(event);
  note_trades(recorded.public_events(), -1, recorded.sequence(), recorded.time());
  if (!is_clock || engine_.due() <= std::max(time_, command.time)) {
    execute(command);
    if (!is_clock) note_decision(recorded);
  }
  for (auto at = waiting_.begin(); at != waiting_.end() && at->first <= recorded_last_;) {
    arrivals_.emplace(TimeNs{recorded.time().value() + settings_.latency_ns}, at->second);
    at = waiting_.erase(at);
  }
  return {};
}

// Those whose time is that of the record's end still come.
void WhatIf::finish() { arrive_until(TimeNs{time_.value() + 1}); }

std::vector<WhatIfTrade> WhatIf::changed_trades() const {
  std::vector<WhatIfTrade> out;
  for (const auto& [key, trade] : trades_) out.push_back(trade);
  std::ranges::stable_sort(out, {}, &WhatIfTrade::sequence);
  return out;
}

std::int64_t WhatIf::position(SymbolId symbol) const {
  std::int64_t lots = 0;
  for (const WhatIfFill& fill : fills_) {
    const Command& command = orders_[fill.order].command;
    if (command.symbol != symbol) continue;
    const auto quantity = static_cast<std::int64_t>(fill.quantity.value());
    lots += command.order.side == Side::buy ? quantity : -quantity;
  }
  return lots;
}

}  // namespace bourse
