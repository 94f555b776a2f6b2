// Pre-trade risk: what an account and a symbol's rules allow, checked before an order is accepted.
//   Shape:  O(1). An account without limits and a symbol without rules cost one comparison each.
//   Units:  ticks, lots, ticks x lots for notional values.
//   Owner:  the thread of the engine.
//   Errors: the first limit that is exceeded, as a RejectReason.
#pragma once

#include "matching/engine_state.h"  // EngineState, Account, Trading

namespace bourse {

// Before anything of a new order or an amend is looked at: status and rate of the account.
RejectReason check_account(EngineState& state, Account& account);

// The rules of the symbol: phase, static band, notional limits.
RejectReason check_rules(const Trading& trading, const Command& command);

// The limits of the account for an order that is new, or for what an amend adds to it.
RejectReason check_limits(EngineState& state, AccountId account, SymbolId symbol, Side side,
                          PriceTicks price, QuantityLots quantity, QuantityLots added);

}  // namespace bourse
