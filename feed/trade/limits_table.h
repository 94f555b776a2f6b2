// What administrators have set of accounts and symbols, as the log has it: what a change that names
// only some fields leaves as it is.
//   Shape:  two maps with an entry for each account or symbol that anything was set of.
//   Units:  lots, ticks, as in AccountBody and RulesBody.
//   Owner:  one io thread; on_transaction() in sequence order.
//   Errors: none; what was never set is all zeros: no limit, no rule.
#pragma once

#include <cstdint>
#include <map>

#include "matching/command.h"      // AccountBody, RulesBody
#include "matching/engine.h"       // Engine
#include "matching/transaction.h"  // TransactionView
#include "matching/types.h"        // AccountId, SymbolId

namespace bourse {

class LimitsTable {
 public:
  void recover(const Engine& engine, std::uint32_t accounts_max);
  void on_transaction(const TransactionView& view);

  AccountBody account(AccountId account) const;
  RulesBody rules(SymbolId symbol) const;

 private:
  std::map<AccountId, AccountBody> accounts_;
  std::map<SymbolId, RulesBody> rules_;
};

// Why the transaction's command was refused; none if it was not.
RejectReason refusal_of(const TransactionView& view);

}  // namespace bourse
