#include "feed/order_entry.h"

#include <utility>

#include "feed/control_error.h"  // ControlError

namespace bourse {
namespace {

std::unexpected<Refusal> refuse(RejectReason reason, std::string message) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(reason), std::move(message)});
}

}  // namespace

OrderEntry::OrderEntry(Gate gate, const InstrumentTable& instruments, LostSessions& lost)
    : gate_(std::move(gate)), instruments_(instruments), lost_(lost) {}

OrderEntry::Outcome OrderEntry::submit(const OrderText& order, const Sender& sender) {
  const auto command = command_of(order, sender, instruments_);
  if (!command) return std::unexpected(command.error());
  return push(*command);
}

OrderEntry::Outcome OrderEntry::submit(const WireOrder& order, const Sender& sender) {
  const auto command = command_of(order, sender, instruments_);
  if (!command) return std::unexpected(command.error());
  return push(*command);
}

OrderEntry::Outcome OrderEntry::push(const Command& command) {
  if (draining_)
    return refuse(RejectReason::draining, "the exchange is shutting down; nothing was sequenced");
  if (gate_.is_closed_to(command.type)) {
    ++closed_count_;
    return std::unexpected(
        Refusal{static_cast<std::uint16_t>(ControlError::journal_full),
                "the journal's disk is full: cancels only; nothing was sequenced"});
  }
  if (!gate_.try_push(command)) {
    ++busy_count_;
    return refuse(RejectReason::busy, "the gate to the engine is full; nothing was sequenced");
  }
  ++sent_count_;
  return {};
}

void OrderEntry::note_session(const Holder& holder) {
  lost_.note(holder.account, holder.session, holder.connection);
}

std::optional<SessionId> OrderEntry::resume_session(AccountId account, SessionId named,
                                                    SessionId connection) {
  const auto resumed = lost_.take_over(account, named, connection);
  if (resumed) ++resumed_count_;
  return resumed;
}

void OrderEntry::end_session(const Holder& holder, TimeNs now) {
  if (lost_.end(holder.session, holder.connection, now, draining_))
    cancel_session(holder.account, holder.session);
}

void OrderEntry::cancel_session(AccountId account, SessionId session) {
  ++canceled_count_;
  Command command{};
  command.type = CommandType::mass_cancel;
  command.account = account;
  command.session = session;
  command.mass_cancel.session = session;
  command.mass_cancel.cause = MassCancelCause::disconnect;
  command.mass_cancel.on_disconnect_only = true;
  // Also while draining: these take risk off, and the gate is open until the engine stops.
  if (!waiting_.empty() || !gate_.try_push(command)) waiting_.push_back(command);
}

void OrderEntry::look_after(TimeNs now) {
  constexpr std::int64_t between_looks_ns = 10'000'000;
  while (!waiting_.empty() && gate_.try_push(waiting_.back())) waiting_.pop_back();
  if (now < next_look_) return;
  next_look_ = TimeNs{now.value() + between_looks_ns};
  for (const LostSessions::Session& session : lost_.take_due(now))
    cancel_session(session.account, session.id);
}

}  // namespace bourse
