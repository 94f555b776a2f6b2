#include "feed/trade/exec_router.h"

#include <algorithm>

#include "matching/check.h"  // CHECK

namespace bourse {

bool comes_from_a_trader(CommandType type) {
  return type == CommandType::new_order || type == CommandType::amend ||
         type == CommandType::cancel || type == CommandType::mass_cancel ||
         type == CommandType::cancel_after;
}

std::size_t append_reports(const TransactionView& view, AccountId account,
                           std::vector<Report>& out) {
  const std::size_t before = out.size();
  Report report{view.sequence(), view.time(), TimeNs{0}, {}};
  bool asked = false;
  for (std::size_t i = 0; i < view.exec_count(); ++i) {
    report.event = view.exec_event(i);
    if (report.event.account != account) continue;
    if (!asked) {
      const Command command = view.command();
      if (command.account == account) {
        report.client_time = command.client_time;
        report.sender = command.session;
        report.command_sequence = command.client_sequence;
      }
      asked = true;
    }
    out.push_back(report);
  }
  return out.size() - before;
}

ExecInbox::ExecInbox(ExecRouter& router, AccountId account) : router_(router), account_(account) {
  router_.accounts_[account.value()].inboxes.push_back(this);
}

ExecInbox::~ExecInbox() { std::erase(router_.accounts_[account_.value()].inboxes, this); }

void ExecInbox::open() {
  close();
  is_open_ = true;
  overflowed_ = false;
}

void ExecInbox::close() {
  is_open_ = false;
  first_ = 0;
  reports_.clear();
  // A burst must not keep its memory for the life of the session.
  if (reports_.capacity() > 256) reports_.shrink_to_fit();
}

void ExecInbox::take(std::size_t count) {
  CHECK(count <= reports_.size() - first_);
  first_ += count;
  if (first_ < reports_.size()) return;
  reports_.clear();
  first_ = 0;
}

ExecRouter::ExecRouter(std::uint32_t accounts_max, const FeedLimits& limits)
    : accounts_(accounts_max + std::size_t{1}),
      orders_(accounts_max, limits.orders_known_count),
      outcomes_(limits.outcomes_kept_count) {}

ExecRouter::ExecRouter(const Engine& engine, std::uint32_t accounts_max, Sequence position,
                       const FeedLimits& limits)
    : ExecRouter(accounts_max, limits) {
  for (std::uint32_t id = 1; id <= accounts_max; ++id)
    accounts_[id].position = {engine.last_client_sequence(AccountId{id}),
                              engine.last_exec_sequence(AccountId{id})};
  instruments_.recover(engine);
  limits_.recover(engine, accounts_max);
  orders_.recover(engine);
  position_ = position;
}

void ExecRouter::on_transaction(const TransactionView& view) {
  CHECK(view.sequence() > position_);
  position_ = view.sequence();
  epoch_ = view.epoch();
  instruments_.on_transaction(view);
  limits_.on_transaction(view);
  if (!decision_inboxes_.empty()) tell_decision(view);
  if (view.exec_count() == 0) return;

  Report report{view.sequence(), view.time(), TimeNs{0}, {}};
  Command command{};
  if (comes_from_a_trader(view.command_type())) {
    command = view.command();
    if (knows(command.account)) {
      ClientSequence& highest = accounts_[command.account.value()].position.client_sequence;
      if (command.client_sequence > highest) {
        highest = command.client_sequence;
        outcomes_.note(command.account, highest, view.sequence());
      }
    }
  }
  for (std::size_t i = 0; i < view.exec_count(); ++i) {
    const ExecEvent event = view.exec_event(i);
    if (!knows(event.account)) continue;
    orders_.on_event(event);
    Account& account = accounts_[event.account.value()];
    account.position.exec_sequence = event.exec_sequence;
    if (account.inboxes.empty()) continue;
    const bool is_sender = event.account == command.account;
    report.event = event;
    report.client_time = is_sender ? command.client_time : TimeNs{0};
    report.sender = is_sender ? command.session : SessionId{0};
    report.command_sequence = is_sender ? command.client_sequence : ClientSequence{0};
    for (ExecInbox* inbox : account.inboxes) {
      if (!inbox->is_open_) continue;
      if (inbox->reports_.size() - inbox->first_ >= ExecInbox::reports_max) {
        inbox->missed_from_ = inbox->reports_[inbox->first_].sequence;
        inbox->close();
        inbox->overflowed_ = true;
        continue;
      }
      inbox->reports_.push_back(report);
    }
  }
}

void ExecRouter::tell_decision(const TransactionView& view) {
  const CommandType type = view.command_type();
  if (type == CommandType::new_order || type == CommandType::cancel) return;  // most are
  const Command command = view.command();
  if (!is_administration(command)) return;
  Decision decision{view.sequence(), view.time(), type, command.symbol, refusal_of(view)};
  for (const PublicEvent& event : view.public_events())
    if (event.kind == EventKind::definition) decision.symbol = event.symbol;
  for (DecisionInbox* inbox : decision_inboxes_)
    if (inbox->session == command.session) inbox->decisions.push_back(decision);
}

bool ExecRouter::knows(AccountId account) const {
  return account != AccountId{0} && account.value() < accounts_.size();
}

AccountPosition ExecRouter::account(AccountId account) const {
  CHECK(knows(account));
  return accounts_[account.value()].position;
}

std::size_t ExecRouter::session_count(AccountId account) const {
  CHECK(knows(account));
  return accounts_[account.value()].inboxes.size();
}

std::unique_ptr<ExecInbox> ExecRouter::attach(AccountId account) {
  CHECK(knows(account));
  return std::make_unique<ExecInbox>(*this, account);
}

}  // namespace bourse
