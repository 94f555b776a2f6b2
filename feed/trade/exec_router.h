// Takes the private half of the log to those it belongs to: each transaction's ExecEvents go into
// the inboxes of their account's sessions; the positions, open orders and outcomes of all accounts
// advance with them.
//   Shape:  accounts by number (1 to accounts_max); a few inboxes each; an inbox holds at most
//           ExecInbox::reports_max reports, then says `overflowed` and its session reads the log.
//   Owner:  one io thread, which feeds it every transaction in sequence order; inboxes belong to
//           sessions of the same thread and must not outlive the router.
//   Errors: none; a session that lags loses nothing, because the log has everything.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "feed/feed_options.h"          // FeedLimits
#include "feed/instrument_table.h"      // InstrumentTable
#include "feed/trade/decision_inbox.h"  // DecisionInbox
#include "feed/trade/limits_table.h"    // LimitsTable
#include "feed/trade/open_orders.h"     // OpenOrders
#include "feed/trade/outcome_index.h"   // OutcomeIndex
#include "matching/engine.h"            // Engine
#include "matching/event.h"             // ExecEvent
#include "matching/transaction.h"       // TransactionView
#include "matching/types.h"             // AccountId, Sequence, ...

namespace bourse {

bool comes_from_a_trader(CommandType type);

// One private event and the transaction it belongs to.
struct Report {
  Sequence sequence;
  TimeNs time;
  TimeNs client_time;  // of the command, if this account sent it; else 0
  ExecEvent event;
  SessionId sender{0};                 // of the command, likewise
  ClientSequence command_sequence{0};  // of the command, likewise
};

// Appends the reports of `view` that belong to `account`; returns how many.
std::size_t append_reports(const TransactionView& view, AccountId account,
                           std::vector<Report>& out);

struct AccountPosition {
  ClientSequence client_sequence{0};  // highest one that was sequenced
  ExecSequence exec_sequence{0};      // of the last report
};

class ExecRouter;

// What one session has yet to send, live. Made by ExecRouter::attach().
class ExecInbox {
 public:
  static constexpr std::size_t reports_max = 16384;

  ExecInbox(ExecRouter& router, AccountId account);
  ~ExecInbox();
  ExecInbox(const ExecInbox&) = delete;
  ExecInbox& operator=(const ExecInbox&) = delete;

  AccountId account() const { return account_; }
  // Delivers from the transaction after the router's position on. Drops what is held.
  void open();
  void close();
  bool is_open() const { return is_open_; }
  // Had to close because the session did not take its reports. open() clears it.
  bool overflowed() const { return overflowed_; }
  // The first transaction that was not taken. REQUIRES: overflowed().
  Sequence missed_from() const { return missed_from_; }

  bool empty() const { return first_ == reports_.size(); }
  const std::vector<Report>& reports() const { return reports_; }  // from first() on
  std::size_t first() const { return first_; }
  void take(std::size_t count);  // the first ones have been sent

 private:
  friend class ExecRouter;

  ExecRouter& router_;
  AccountId account_;
  std::vector<Report> reports_;
  std::size_t first_ = 0;
  bool is_open_ = false;
  bool overflowed_ = false;
  Sequence missed_from_{0};
};

class ExecRouter {
 public:
  // Nothing has happened yet. `limits`: outcomes_kept_count and orders_known_count.
  explicit ExecRouter(std::uint32_t accounts_max, const FeedLimits& limits = {});
  // Continues where the engine stands: `position` is the sequence of its last command.
  ExecRouter(const Engine& engine, std::uint32_t accounts_max, Sequence position,
             const FeedLimits& limits = {});

  void on_transaction(const TransactionView& view);

  Sequence position() const { return position_; }  // last transaction seen
  // Of that transaction; `known` before any was seen.
  Epoch epoch(Epoch known) const { return std::max(epoch_, known); }
  bool knows(AccountId account) const;
  AccountPosition account(AccountId account) const;      // REQUIRES: knows(account)
  std::size_t session_count(AccountId account) const;    // REQUIRES: knows(account)
  std::unique_ptr<ExecInbox> attach(AccountId account);  // REQUIRES: knows(account); closed
  const InstrumentTable& instruments() const { return instruments_; }
  const LimitsTable& limits() const { return limits_; }
  const OpenOrders& orders() const { return orders_; }
  const OutcomeIndex& outcomes() const { return outcomes_; }
  // Accounts that drop copies watch, each connection by itself.
  std::int64_t dropcopies() const { return dropcopies_; }
  void count_dropcopies(std::int64_t more) { dropcopies_ += more; }
  // Decisions about the administrator's commands of this session go there until it is detached.
  void attach(DecisionInbox& inbox) { decision_inboxes_.push_back(&inbox); }
  void detach(DecisionInbox& inbox) { std::erase(decision_inboxes_, &inbox); }

 private:
  friend class ExecInbox;
  struct Account {
    AccountPosition position;
    std::vector<ExecInbox*> inboxes;
  };

  std::vector<Account> accounts_;  // by number
  void tell_decision(const TransactionView& view);

  InstrumentTable instruments_;
  LimitsTable limits_;
  OpenOrders orders_;
  OutcomeIndex outcomes_;
  std::vector<DecisionInbox*> decision_inboxes_;  // of administrators; mostly none
  Sequence position_{0};
  Epoch epoch_{0};
  std::int64_t dropcopies_ = 0;
};

}  // namespace bourse
