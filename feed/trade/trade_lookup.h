// A trade in the log, by its match id: who bought and sold what.
//   Shape:  match ids grow with the sequence, so that the log is searched by bisection: some dozen
//           seeks, and from each the way to the next trade. At most looked_at_max transactions.
//   Units:  ticks, lots.
//   Owner:  the thread that asks; it reads the log, so this is for rare requests.
//   Errors: a Refusal: unknown_trade, journal_unavailable, or range_too_large when the log has so
//           few trades that the search is given up: the sequence of the trade helps then.
#pragma once

#include <cstdint>
#include <expected>

#include "feed/trade/order_command.h"  // Refusal
#include "matching/command.h"          // BustBody
#include "replay/log/log.h"            // Log

namespace bourse {

struct FoundTrade {
  SymbolId symbol;
  BustBody body;
};

inline constexpr std::uint32_t trade_lookup_transactions_max = 1u << 18;

// `at`: the transaction of the trade, if it is known; else 0.
std::expected<FoundTrade, Refusal> find_trade(const Log& log, MatchId match_id, Sequence at);

}  // namespace bourse
