// The accounts: what the engine remembers of each trader between commands, and what they may do.
//   Shape:  one record of two cache lines per account, O(1); the open orders of an account are a
//           queue, oldest first.
//   Units:  lots, ticks x lots for notional values, nanoseconds.
//   Owner:  the thread of the engine.
//   Errors: none; a number that is no account answers false to knows().
#pragma once

#include <cstdint>

#include "matching/check.h"       // DCHECK
#include "matching/command.h"     // AccountBody, AccountStatus, MassCancelBody
#include "matching/order_pool.h"  // OrderPool, Handle
#include "matching/pages.h"       // Pages
#include "matching/state_hash.h"  // StateHash, mix64
#include "matching/types.h"       // AccountId, ClientSequence, ExecSequence

namespace bourse {

struct alignas(64) Account {
  ClientSequence client_sequence;
  ExecSequence exec_sequence;
  std::uint64_t weight;           // of this account in StateHash::accounts
  OrderQueue open;                // its open orders
  std::uint32_t open_orders_max;  // 0 = no limit, here and below
  AccountStatus status;
  bool is_limited;        // the largest order, or a position that is counted
  bool tracks_positions;  // position_max is or was set
  bool is_bound;          // by its limits, open_orders_max, its rate or its status
  std::uint32_t orders_per_second;
  QuantityLots quantity_max;
  std::uint64_t notional_max;
  QuantityLots position_max;
  std::uint64_t tokens_e9;  // of the rate bucket, in billionths of an order
  TimeNs tokens_at;
  std::uint32_t orders_burst;
  GroupId sweep_group;
  SessionId sweep_session;
  SymbolId sweep_symbol;
  GroupId dead_man_group;
  SessionId dead_man_session;
  AccountId next_sweeping;
  Side sweep_side;
  MassCancelCause sweep_cause;
  bool sweep_on_disconnect_only;
  bool is_sweeping;  // a mass cancel is not finished: `sweep`

  // After any change of them: what nearly every order asks, in one word.
  void note_limits() {
    is_limited = tracks_positions || quantity_max != QuantityLots{0} || notional_max != 0;
    is_bound = is_limited || open_orders_max != 0 || orders_per_second != 0 ||
               status != AccountStatus::enabled;
  }
};
static_assert(sizeof(Account) == 128);

class Accounts {
 public:
  explicit Accounts(std::uint32_t accounts_max);

  bool knows(AccountId account) const {
    return account.value() != 0 && account.value() <= accounts_max_;
  }
  // REQUIRES for all below: knows(account).
  Account& operator[](AccountId account) {
    DCHECK(knows(account));
    return accounts_[account.value()];
  }
  const Account& operator[](AccountId account) const {
    DCHECK(knows(account));
    return accounts_[account.value()];
  }

  void use_client_sequence(AccountId account, ClientSequence sequence, StateHash& hash) {
    Account& a = (*this)[account];
    const std::uint64_t step = sequence.value() - a.client_sequence.value();
    hash.accounts += step * a.weight * hash_weights[8];
    a.client_sequence = sequence;
  }
  ExecSequence next_exec_sequence(AccountId account, StateHash& hash) {
    Account& a = (*this)[account];
    hash.accounts += a.weight;
    return a.exec_sequence = ExecSequence{a.exec_sequence.value() + 1};
  }

  // Takes one order from the rate bucket; false if there is none. `now` never goes back.
  bool take_token(Account& account, TimeNs now) const;

 private:
  Pages<Account> accounts_;  // entry 0 is not used
  std::uint32_t accounts_max_;
};

}  // namespace bourse
