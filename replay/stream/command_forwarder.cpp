#include "replay/stream/command_forwarder.h"

#include <algorithm>
#include <cstring>

namespace bourse {
namespace {

void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

// The end of a session: nobody asks for it again, so it is kept until it is done.
bool ends_a_session(const Command& command) {
  return command.type == CommandType::mass_cancel &&
         command.mass_cancel.cause == MassCancelCause::disconnect;
}

// Is `logged` the command that was sent? The sequencer has stamped it since.
bool is_that(const Command& logged, const Command& sent) {
  if (logged.account != sent.account || logged.type != sent.type) return false;
  if (sent.client_sequence) return logged.client_sequence == sent.client_sequence;
  Command same = logged;
  same.sequence = sent.sequence;
  same.time = sent.time;
  if (same.type == CommandType::new_order) same.order.order_id = sent.order.order_id;
  return std::memcmp(&same, &sent, sizeof same) == 0;
}

}  // namespace

CommandForwarder::CommandForwarder(EngineLink& link, const Log& log,
                                   std::function<Epoch()> followed, Send send,
                                   ForwarderOptions options)
    : link_(link),
      log_(log),
      followed_(std::move(followed)),
      send_(std::move(send)),
      options_(options) {}

Gate CommandForwarder::add_gate(std::size_t capacity) {
  auto [gate, reader] = Gate::make(capacity, link_.arrivals(), link_.state());
  gates_.push_back(std::move(reader));
  return std::move(gate);
}

void CommandForwarder::hear(std::span<const std::byte> bytes) {
  auto received = parse_link(bytes);
  if (!received || received->message.gateway != options_.gateway) return;
  {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(*received));
  }
  has_heard_.store(true, std::memory_order_release);
  link_.arrivals().wake();
}

bool CommandForwarder::has_work() {
  if (has_heard_.load(std::memory_order_acquire)) return true;
  return std::ranges::any_of(gates_, [](auto& gate) { return gate.front() != nullptr; });
}

std::int64_t CommandForwarder::wake_ns() const {
  if (state_ == State::greeting) return sent_ns_ + options_.between_hellos_ns;
  if (next_to_send_ < next_number_) return not_before_ns_;
  return std::min(sent_ns_ + options_.keep_alive_ns, heard_ns_ + options_.timeout_ns);
}

bool CommandForwarder::send(LinkKind kind, std::uint64_t number,
                            std::span<const Command> commands) {
  return send_(encode_link(
      {.kind = kind, .term = term_, .gateway = options_.gateway, .number = number, .epoch = epoch_},
      commands));
}

void CommandForwarder::say_bye() { static_cast<void>(send(LinkKind::bye, next_number_, {})); }

bool CommandForwarder::step(std::int64_t now_ns) {
  take_heard(now_ns);
  forget_what_is_proven();
  if (state_ == State::open && followed_() > epoch_) end_term(now_ns);
  if (state_ != State::greeting && now_ns - heard_ns_ > options_.timeout_ns) end_term(now_ns);
  bool worked = false;
  if (state_ == State::greeting) greet(now_ns);
  if (state_ == State::settling) worked = settle(now_ns);
  if (state_ == State::open)
    worked |= forward(now_ns);
  else
    refuse_what_waits();
  if (state_ != State::greeting && now_ns - sent_ns_ > options_.keep_alive_ns) {
    sent_ns_ = now_ns;
    if (!send(LinkKind::commands, next_to_send_, {})) end_term(now_ns);
  }
  counters_.under_way.store(under_way_.size(), std::memory_order_relaxed);
  return worked;
}

void CommandForwarder::take_heard(std::int64_t now_ns) {
  if (!has_heard_.exchange(false, std::memory_order_acquire)) return;
  std::vector<ReceivedLink> heard;
  {
    const std::lock_guard lock(mutex_);
    heard.swap(heard_);
  }
  for (const ReceivedLink& one : heard)
    if (one.message.term == term_) on_message(one.message, now_ns);
}

void CommandForwarder::on_message(const LinkMessage& m, std::int64_t now_ns) {
  if (m.kind == LinkKind::welcome && state_ == State::greeting) {
    if (m.epoch < followed_()) return;  // one that has been replaced and does not know it yet
    heard_ns_ = now_ns;
    epoch_ = m.epoch;
    settled_at_ = m.sequence;
    state_ = State::settling;
    return;
  }
  if (m.kind != LinkKind::receipt || state_ == State::greeting || m.epoch < epoch_) return;
  if (m.status == LinkStatus::unknown_term || m.epoch > epoch_) return end_term(now_ns);
  heard_ns_ = now_ns;
  if (state_ == State::open) link_.state().store(m.gate, std::memory_order_relaxed);
  if (m.number > received_ + 1) {
    received_ = m.number - 1;
    for (const Item& item : under_way_)
      if (item.number == received_)
        counters_.round_trip_ns.store(static_cast<std::uint64_t>(now_ns - item.sent_ns),
                                      std::memory_order_relaxed);
  }
  if (m.status != LinkStatus::taken && m.number < next_to_send_ && now_ns >= not_before_ns_) {
    next_to_send_ = m.number;
    not_before_ns_ = now_ns + options_.pause_ns;
  }
  if (m.executed > 0 && (proofs_.empty() || proofs_.back().number < m.executed))
    proofs_.push_back({m.executed, m.sequence});
}

// What is in the log that is followed needs no more care.
void CommandForwarder::forget_what_is_proven() {
  if (proofs_.empty() || state_ != State::open) return;
  const Sequence released = log_.released_sequence();
  while (!proofs_.empty() && proofs_.front().sequence <= released) {
    while (!under_way_.empty() && under_way_.front().number <= proofs_.front().number)
      under_way_.pop_front();
    proofs_.pop_front();
  }
}

void CommandForwarder::end_term(std::int64_t now_ns) {
  link_.state().store(GateState::closed, std::memory_order_relaxed);
  state_ = State::greeting;
  ++term_;
  count(counters_.terms);
  sent_ns_ = now_ns - options_.between_hellos_ns;
  proofs_.clear();
  for (Item& item : under_way_) {
    if (item.is_told_unknown || ends_a_session(item.command)) continue;
    item.is_told_unknown = true;
    count(counters_.unknown);
    link_.tell({Verdict::Kind::unknown, item.command.account, item.command.session,
                item.command.client_sequence,
                item.command.type == CommandType::new_order ? item.command.order.client_order_id
                                                            : ClientOrderId{}});
  }
}

void CommandForwarder::greet(std::int64_t now_ns) {
  if (now_ns - sent_ns_ < options_.between_hellos_ns) return;
  sent_ns_ = now_ns;
  static_cast<void>(send(LinkKind::hello, next_number_, {}));
}

// The engine has executed whatever had reached it in earlier terms by settled_at_, and takes
// nothing of them any more. So the log up to there tells what became of each command.
bool CommandForwarder::settle(std::int64_t) {
  if (log_.released_sequence() < settled_at_ || followed_() < epoch_) return false;
  std::vector<bool> is_done(under_way_.size());
  mark_what_the_log_has(is_done);
  for (std::size_t i = 0; i < under_way_.size(); ++i) {
    const Command& command = under_way_[i].command;
    if (is_done[i])
      link_.settle(command.account, command.client_sequence);
    else
      refuse(command);
  }
  under_way_.clear();
  received_ = next_number_ - 1;
  next_to_send_ = next_number_;
  state_ = State::open;
  std::vector<Command> wills;
  for (const auto& [session, command] : wills_) wills.push_back(command);
  for (std::size_t at = 0; at < wills.size(); at += link_commands_max)
    static_cast<void>(send(LinkKind::will, 0,
                           std::span<const Command>(wills).subspan(at).first(
                               std::min(link_commands_max, wills.size() - at))));
  link_.state().store(GateState::open, std::memory_order_relaxed);
  return true;
}

void CommandForwarder::mark_what_the_log_has(std::vector<bool>& is_done) {
  if (under_way_.empty()) return;
  Sequence from = under_way_.front().followed;
  for (const Item& item : under_way_) from = std::min(from, item.followed);
  auto cursor = log_.cursor(next(from));
  if (!cursor) return;  // never: it was followed since
  while (cursor->next() == Cursor::Next::transaction) {
    const TransactionView& view = cursor->transaction();
    if (view.command_type() == CommandType::clock) continue;
    const Command logged = view.command();
    for (std::size_t i = 0; i < under_way_.size(); ++i)
      if (!is_done[i] && is_that(logged, under_way_[i].command)) {
        is_done[i] = true;
        break;
      }
  }
}

void CommandForwarder::refuse(const Command& command) {
  if (ends_a_session(command)) {
    again_.push_back(command);
    return;
  }
  count(counters_.not_sequenced);
  link_.tell(
      {Verdict::Kind::not_sequenced, command.account, command.session, command.client_sequence,
       command.type == CommandType::new_order ? command.order.client_order_id : ClientOrderId{}});
}

// Pushed while the gates were being closed.
void CommandForwarder::refuse_what_waits() {
  for (auto& gate : gates_)
    while (const Command* const command = gate.front()) {
      refuse(*command);
      gate.pop();
    }
}

bool CommandForwarder::fetch(std::int64_t now_ns) {
  const Sequence followed = log_.released_sequence();
  const auto add = [&](const Command& command) {
    under_way_.push_back({next_number_++, now_ns, followed, command});
    count(counters_.commands);
    if (ends_a_session(command)) wills_.erase(command.session.value());
  };
  const std::size_t before = under_way_.size();
  while (!again_.empty() && under_way_.size() < options_.window_commands) {
    add(again_.front());
    again_.pop_front();
  }
  for (std::size_t empty = 0; empty < gates_.size() && under_way_.size() < options_.window_commands;
       turn_ = (turn_ + 1) % gates_.size()) {
    const Command* const command = gates_[turn_].front();
    if (command == nullptr) {
      ++empty;
      continue;
    }
    empty = 0;
    add(*command);
    gates_[turn_].pop();
  }
  return under_way_.size() > before;
}

void CommandForwarder::send_wills() {
  for (const Command& command : link_.take_wills()) {
    wills_[command.session.value()] = command;
    static_cast<void>(send(LinkKind::will, 0, {&command, 1}));
  }
}

bool CommandForwarder::forward(std::int64_t now_ns) {
  send_wills();
  const bool fetched = fetch(now_ns);
  if (next_to_send_ == next_number_ || now_ns < not_before_ns_) return fetched;
  const std::uint64_t first = under_way_.empty() ? next_number_ : under_way_.front().number;
  next_to_send_ = std::max(next_to_send_, first);
  while (next_to_send_ < next_number_) {
    batch_.clear();
    const std::uint64_t from = next_to_send_;
    for (std::size_t i = from - first; i < under_way_.size() && batch_.size() < link_commands_max;
         ++i)
      batch_.push_back(under_way_[i].command);
    if (from <= received_ || under_way_[from - first].sent_ns != now_ns)
      count(counters_.sent_again, batch_.size());
    if (!send(LinkKind::commands, from, batch_)) {
      end_term(now_ns);
      return true;
    }
    sent_ns_ = now_ns;
    next_to_send_ += batch_.size();
  }
  return true;
}

}  // namespace bourse
