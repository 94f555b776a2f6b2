#include "feed/order_entry.h"

#include <utility>

namespace bourse {
namespace {

std::unexpected<Refusal> refuse(RejectReason reason, std::string message) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(reason), std::move(message)});
}

}  // namespace

OrderEntry::OrderEntry(Gate gate, const InstrumentTable& instruments)
    : gate_(std::move(gate)), instruments_(instruments) {}

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
  if (!gate_.try_push(command)) {
    ++busy_count_;
    return refuse(RejectReason::busy, "the gate to the engine is full; nothing was sequenced");
  }
  ++sent_count_;
  return {};
}

void OrderEntry::end_session(AccountId account, SessionId session) {
  Command command{};
  command.type = CommandType::mass_cancel;
  command.account = account;
  command.session = session;
  command.mass_cancel.session = session;
  command.mass_cancel.cause = MassCancelCause::disconnect;
  command.mass_cancel.on_disconnect_only = true;
  waiting_.push_back(command);
  try_again();
}

void OrderEntry::try_again() {
  // Also while draining: these take risk off, and the gate is open until the engine stops.
  while (!waiting_.empty() && gate_.try_push(waiting_.back())) waiting_.pop_back();
}

}  // namespace bourse
