#include "feed/trade/limits_table.h"

#include "matching/accounts.h"  // Account

namespace bourse {

void LimitsTable::recover(const Engine& engine, std::uint32_t accounts_max) {
  for (std::uint32_t id = 1; id <= accounts_max; ++id) {
    const Account* const from = engine.account(AccountId{id});
    if (from == nullptr) continue;
    AccountBody body{};
    body.open_orders_max = from->open_orders_max;
    body.orders_per_second = from->orders_per_second;
    body.orders_burst = from->orders_burst;
    body.status = from->status;
    body.quantity_max = from->quantity_max;
    body.notional_max = from->notional_max;
    body.position_max = from->position_max;
    const bool is_set = body.status != AccountStatus::enabled || body.open_orders_max != 0 ||
                        body.orders_per_second != 0 || body.quantity_max != QuantityLots{0} ||
                        body.notional_max != 0 || body.position_max != QuantityLots{0};
    if (is_set) accounts_[AccountId{id}] = body;
  }
  for (std::uint32_t id = 1; id <= engine.symbol_count(); ++id)
    rules_[SymbolId{id}] = engine.trading(SymbolId{id}).rules;
}

void LimitsTable::on_transaction(const TransactionView& view) {
  const CommandType type = view.command_type();
  if (type != CommandType::set_account && type != CommandType::set_rules) return;
  if (refusal_of(view) != RejectReason::none) return;
  const Command command = view.command();
  if (type == CommandType::set_account)
    accounts_[command.account] = command.account_limits;
  else
    rules_[command.symbol] = command.rules;
}

AccountBody LimitsTable::account(AccountId account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? AccountBody{} : found->second;
}

RulesBody LimitsTable::rules(SymbolId symbol) const {
  const auto found = rules_.find(symbol);
  return found == rules_.end() ? RulesBody{} : found->second;
}

RejectReason refusal_of(const TransactionView& view) {
  if (view.exec_count() == 0) return RejectReason::none;
  const ExecEvent decision = view.exec_event(0);
  const bool is_refused =
      decision.type == ExecType::rejected || decision.type == ExecType::cancel_rejected;
  return is_refused ? decision.reject_reason : RejectReason::none;
}

}  // namespace bourse
