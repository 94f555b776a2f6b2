#include "feed/trade/order_entry.h"

#include <utility>

#include "feed/control/control_error.h"  // ControlError

namespace bourse {
namespace {

std::unexpected<Refusal> refuse(RejectReason reason, std::string message) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(reason), std::move(message)});
}

}  // namespace

OrderEntry::OrderEntry(Gate gate, const InstrumentTable& instruments, LostSessions& lost,
                       EngineLink* remote)
    : gate_(std::move(gate)), instruments_(instruments), lost_(lost), remote_(remote) {}

OrderEntry::Outcome OrderEntry::submit(const Command& command) {
  if (draining_)
    return refuse(RejectReason::draining, "the exchange is shutting down; nothing was sequenced");
  if (gate_.state() == GateState::closed) {
    ++closed_count_;
    return std::unexpected(Refusal{static_cast<std::uint16_t>(ControlError::engine_unreachable),
                                   "the engine cannot be reached; nothing was sequenced"});
  }
  if (gate_.is_closed_to(command.type)) {
    ++closed_count_;
    return std::unexpected(
        Refusal{static_cast<std::uint16_t>(ControlError::journal_full),
                "the journal's disk is full, or its stream out of reach: cancels only; nothing was "
                "sequenced"});
  }
  if (!gate_.try_push(command)) {
    ++busy_count_;
    return refuse(RejectReason::busy, "the gate to the engine is full; nothing was sequenced");
  }
  ++sent_count_;
  return {};
}

void OrderEntry::note_session(const Holder& holder) {
  lost_.note(holder.account, holder.session, holder.connection, holder.scope);
  // Orders that asked for it tell the engine so themselves; the rest it has to be told.
  if (remote_ != nullptr && holder.scope.kind != DisconnectScope::Kind::orders)
    remote_->leave_will(end_of(holder.account, holder.session, holder.scope));
}

std::optional<LostSessions::Session> OrderEntry::resume_session(AccountId account, SessionId named,
                                                                SessionId connection) {
  const auto resumed = lost_.take_over(account, named, connection);
  if (resumed) ++resumed_count_;
  return resumed;
}

void OrderEntry::end_session(const Holder& holder, TimeNs now) {
  if (lost_.end(holder.session, holder.connection, now, draining_))
    cancel_session(holder.account, holder.session, holder.scope);
}

Command OrderEntry::end_of(AccountId account, SessionId session, DisconnectScope scope) {
  Command command{};
  command.type = CommandType::mass_cancel;
  command.account = account;
  command.session = session;
  if (scope.kind == DisconnectScope::Kind::group)
    command.mass_cancel.group = scope.group;
  else
    command.mass_cancel.session = session;
  command.mass_cancel.cause = MassCancelCause::disconnect;
  command.mass_cancel.on_disconnect_only = scope.kind == DisconnectScope::Kind::orders;
  return command;
}

void OrderEntry::cancel_session(AccountId account, SessionId session, DisconnectScope scope) {
  ++canceled_count_;
  const Command command = end_of(account, session, scope);
  // Also while draining: these take risk off, and the gate is open until the engine stops.
  if (!waiting_.empty() || !gate_.try_push(command)) waiting_.push_back(command);
}

void OrderEntry::look_after(TimeNs now) {
  constexpr std::int64_t between_looks_ns = 10'000'000;
  while (!waiting_.empty() && gate_.try_push(waiting_.back())) waiting_.pop_back();
  if (now < next_look_) return;
  next_look_ = TimeNs{now.value() + between_looks_ns};
  for (const LostSessions::Session& session : lost_.take_due(now))
    cancel_session(session.account, session.id, session.scope);
}

}  // namespace bourse
