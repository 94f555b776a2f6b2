// The accounts: what the engine remembers of each trader between commands.
//   Shape:  one record per account, O(1).
//   Owner:  the thread of the engine.
//   Errors: none; a number that is no account answers false to knows().
#pragma once

#include <cstdint>
#include <memory>

#include "matching/check.h"       // DCHECK
#include "matching/state_hash.h"  // StateHash, mix64
#include "matching/types.h"       // AccountId, ClientSequence, ExecSequence

namespace bourse {

class Accounts {
 public:
  explicit Accounts(std::uint32_t accounts_max);

  bool knows(AccountId account) const {
    return account.value() != 0 && account.value() <= accounts_max_;
  }
  // REQUIRES for all below: knows(account).
  ClientSequence last_client_sequence(AccountId account) const {
    return at(account).client_sequence;
  }
  ExecSequence last_exec_sequence(AccountId account) const { return at(account).exec_sequence; }

  void use_client_sequence(AccountId account, ClientSequence sequence, StateHash& hash) {
    Account& a = at(account);
    const std::uint64_t step = sequence.value() - a.client_sequence.value();
    hash.accounts += step * a.weight * hash_weights[8];
    a.client_sequence = sequence;
  }
  ExecSequence next_exec_sequence(AccountId account, StateHash& hash) {
    Account& a = at(account);
    hash.accounts += a.weight;
    return a.exec_sequence = ExecSequence{a.exec_sequence.value() + 1};
  }

 private:
  struct Account {
    ClientSequence client_sequence;
    ExecSequence exec_sequence;
    std::uint64_t weight;  // of this account in StateHash::accounts
    std::uint64_t reserved_;
  };
  Account& at(AccountId account) {
    DCHECK(knows(account));
    return accounts_[account.value()];
  }
  const Account& at(AccountId account) const {
    DCHECK(knows(account));
    return accounts_[account.value()];
  }

  std::unique_ptr<Account[]> accounts_;  // entry 0 is not used
  std::uint32_t accounts_max_;
};

}  // namespace bourse
