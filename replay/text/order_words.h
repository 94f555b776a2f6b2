// The words of orders and reports in text: enumerations and reject codes by name, both ways.
//   Shape:  snake_case names; an unknown name is none (or nullopt where none is no answer).
//   Owner:  free functions.
//   Errors: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "matching/event.h"  // ExecType, OrderStatus, Liquidity
#include "matching/types.h"  // Side, OrderType, ...

namespace bourse {

std::string_view side_name(Side side);             // "buy", "sell", "none"
std::string_view order_type_name(OrderType type);  // "limit", ...
std::string_view time_in_force_name(TimeInForce tif);
std::string_view exec_type_name(ExecType type);  // "accepted", "partial_fill", ...
std::string_view order_status_name(OrderStatus status);
std::string_view liquidity_name(Liquidity liquidity);  // "maker", "taker", "none"
std::string_view reject_name(RejectReason reason);     // "would_cross"; "unknown_reason" if new

std::optional<Side> parse_side(std::string_view name);
std::optional<OrderType> parse_order_type(std::string_view name);
std::optional<TimeInForce> parse_time_in_force(std::string_view name);
std::optional<PegReference> parse_peg(std::string_view name);
std::optional<SelfTradePrevention> parse_self_trade_prevention(std::string_view name);

std::string_view phase_name(Phase phase);  // "pre_open", "halted", ...
std::optional<Phase> parse_phase(std::string_view name);
// "enabled", "cancel_only", "killed"
std::optional<AccountStatus> parse_account_status(std::string_view name);

}  // namespace bourse
