#include "replay/stream/command_receiver.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace bourse {
namespace {

void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

CommandReceiver::CommandReceiver(Gate gate, Epoch epoch, LastSequence last_sequence,
                                 ReceiverOptions options)
    : gate_(std::move(gate)),
      epoch_(epoch),
      last_sequence_(std::move(last_sequence)),
      options_(options) {}

void CommandReceiver::take(std::span<const std::byte> bytes, std::string_view reply_to,
                           std::int64_t now_ns) {
  const auto received = parse_link(bytes);
  if (!received || received->message.gateway == 0) return count(counters_.damaged);
  const LinkMessage& m = received->message;
  const auto known = gateways_.find(m.gateway);
  if (m.kind == LinkKind::hello) {
    if (known == gateways_.end() && gateways_.size() >= options_.gateways_max) return;
    Gateway& gateway = gateways_[m.gateway];
    if (m.term < gateway.term) return;  // late
    if (m.term > gateway.term) {        // the same again resets nothing
      gateway.term = m.term;
      gateway.next = m.number;
      gateway.executed = m.number - 1;
      gateway.welcome_at = pushed_;
    }
    gateway.heard_ns = now_ns;
    gateway.reply_to = reply_to;
    gateway.owes_welcome = true;
    return look_after(now_ns);
  }
  // What was sent to the engine of another epoch is not for this one.
  const bool is_stranger = known == gateways_.end() || m.epoch != epoch_;
  if (is_stranger || known->second.term != m.term) {
    // Nothing of it is done: whoever sent it has to begin a new term.
    if (m.kind != LinkKind::bye && (is_stranger || m.term > known->second.term)) {
      Gateway stranger{.term = m.term, .reply_to = std::string(reply_to)};
      answer(stranger, LinkKind::receipt, LinkStatus::unknown_term, m.gateway);
    }
    return;
  }
  Gateway& gateway = known->second;
  gateway.heard_ns = now_ns;
  gateway.reply_to = reply_to;
  if (m.kind == LinkKind::commands) take_commands(gateway, *received);
  if (m.kind == LinkKind::will)
    for (const Command& command : received->commands)
      gateway.wills[command.session.value()] = command;
  if (m.kind == LinkKind::bye) give_up(m.gateway);
}

void CommandReceiver::take_commands(Gateway& from, const ReceivedLink& received) {
  const LinkMessage& m = received.message;
  see_executed();
  if (m.number > from.next) return answer(from, LinkKind::receipt, LinkStatus::gap, m.gateway);
  const std::uint64_t repeated =
      std::min<std::uint64_t>(from.next - m.number, received.commands.size());
  count(counters_.repeated, repeated);
  LinkStatus status = LinkStatus::taken;
  for (std::size_t i = repeated; i < received.commands.size(); ++i) {
    const Command& command = received.commands[i];
    // The orders of a session that has gone before come first.
    if (!waiting_.empty() || !gate_.try_push(command)) {
      status = LinkStatus::busy;
      count(counters_.busy);
      break;
    }
    ++pushed_;
    ++from.next;
    count(counters_.commands);
    note_will(from, command);
  }
  if (under_way_.empty() || under_way_.back().pushed_end != pushed_)
    under_way_.push_back({m.gateway, m.term, from.next - 1, pushed_});
  answer(from, LinkKind::receipt, status, m.gateway);
}

// An order that is cancelled with its session makes a will; what cancels a session's orders
// because it is gone ends it.
void CommandReceiver::note_will(Gateway& from, const Command& command) {
  if (command.type == CommandType::mass_cancel &&
      command.mass_cancel.cause == MassCancelCause::disconnect) {
    from.wills.erase(command.session.value());
    return;
  }
  if (command.type != CommandType::new_order ||
      (command.order_flags & order_flags::cancel_on_disconnect) == 0)
    return;
  const auto [will, is_new] = from.wills.try_emplace(command.session.value());
  if (!is_new) return;
  will->second.type = CommandType::mass_cancel;
  will->second.account = command.account;
  will->second.session = command.session;
  will->second.mass_cancel.session = command.session;
  will->second.mass_cancel.cause = MassCancelCause::disconnect;
  will->second.mass_cancel.on_disconnect_only = true;
}

void CommandReceiver::give_up(std::uint64_t id) {
  const auto found = gateways_.find(id);
  for (const auto& [session, command] : found->second.wills) waiting_.push_back(command);
  gateways_.erase(found);
}

void CommandReceiver::see_executed() {
  executed_ = pushed_ - gate_.size_approx();
  // Pairs with the release of the engine thread's pop(): what it has executed is in its sequence.
  std::atomic_thread_fence(std::memory_order_acquire);
  if (under_way_.empty() || under_way_.front().pushed_end > executed_) return;
  const Sequence at = last_sequence_();
  while (!under_way_.empty() && under_way_.front().pushed_end <= executed_) {
    const Batch& batch = under_way_.front();
    const auto found = gateways_.find(batch.gateway);
    if (found != gateways_.end() && found->second.term == batch.term) {
      found->second.executed = batch.number_end;
      found->second.executed_at = at;
      found->second.owes_receipt = true;
    }
    under_way_.pop_front();
  }
}

void CommandReceiver::look_after(std::int64_t now_ns) {
  while (!waiting_.empty() && gate_.try_push(waiting_.front())) {
    waiting_.pop_front();
    ++pushed_;
  }
  see_executed();
  for (auto it = gateways_.begin(); it != gateways_.end();) {
    auto& [id, gateway] = *it++;
    if (now_ns - gateway.heard_ns > options_.silence_ns) {
      count(counters_.given_up);
      give_up(id);
      continue;
    }
    if (gateway.owes_welcome && executed_ >= gateway.welcome_at) {
      gateway.owes_welcome = false;
      gateway.executed_at = last_sequence_();
      answer(gateway, LinkKind::welcome, LinkStatus::taken, id);
    } else if (gateway.owes_receipt && !gateway.owes_welcome) {
      answer(gateway, LinkKind::receipt, LinkStatus::taken, id);
    }
  }
  counters_.gateways.store(gateways_.size(), std::memory_order_relaxed);
}

void CommandReceiver::answer(Gateway& to, LinkKind kind, LinkStatus status, std::uint64_t id) {
  to.owes_receipt = false;
  if (to.reply_to.empty()) return;
  const LinkMessage message{.kind = kind,
                            .status = status,
                            .gate = gate_.state(),
                            .term = to.term,
                            .gateway = id,
                            .number = to.next,
                            .executed = to.executed,
                            .sequence = to.executed_at,
                            .epoch = epoch_};
  answers_.push_back({to.reply_to, encode_link(message)});
}

std::vector<CommandReceiver::Answer> CommandReceiver::take_answers() {
  return std::exchange(answers_, {});
}

}  // namespace bourse
