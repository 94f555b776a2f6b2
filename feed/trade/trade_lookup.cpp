#include "feed/trade/trade_lookup.h"

#include <optional>
#include <string>

#include "feed/control/control_error.h"  // ControlError

namespace bourse {
namespace {

std::unexpected<Refusal> refuse(ControlError code, std::string message) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(code), std::move(message)});
}

std::unexpected<Refusal> unknown(MatchId match_id) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(RejectReason::unknown_trade),
                                 "there is no trade " + std::to_string(match_id.value())});
}

bool is_fill(const ExecEvent& event) {
  return event.type == ExecType::fill || event.type == ExecType::partial_fill;
}

// The parties, if the transaction has the trade.
std::optional<FoundTrade> trade_in(const TransactionView& view, MatchId match_id) {
  FoundTrade found{};
  bool is_there = false;
  for (std::size_t i = 0; i < view.exec_count(); ++i) {
    const ExecEvent event = view.exec_event(i);
    if (!is_fill(event) || event.match_id != match_id) continue;
    is_there = true;
    found.symbol = event.symbol;
    found.body.match_id = match_id;
    found.body.price = event.last_price;
    found.body.quantity = event.last_quantity;
    const bool buys = event.side == Side::buy;
    (buys ? found.body.buy_order : found.body.sell_order) = event.order_id;
    (buys ? found.body.buyer : found.body.seller) = event.account;
  }
  return is_there ? std::optional(found) : std::nullopt;
}

std::optional<MatchId> first_match(const TransactionView& view) {
  for (std::size_t i = 0; i < view.exec_count(); ++i)
    if (const ExecEvent event = view.exec_event(i); is_fill(event)) return event.match_id;
  return std::nullopt;
}

}  // namespace

std::expected<FoundTrade, Refusal> find_trade(const Log& log, MatchId match_id, Sequence at) {
  Sequence low = at ? at : log.earliest_sequence();  // the trade is in [low, high)
  Sequence high = at ? next(at) : next(log.released_sequence());
  auto cursor = log.cursor(log.earliest_sequence());
  if (!cursor) return refuse(ControlError::journal_unavailable, cursor.error().text());
  ControlError unreadable = ControlError::journal_unavailable;
  if (at && at > log.released_sequence()) unreadable = ControlError::seq_in_future;
  if (at && at < log.earliest_sequence()) unreadable = ControlError::seq_expired;
  std::uint32_t looked_at = 0;
  while (low < high) {
    const Sequence middle{low.value() + (high.value() - low.value()) / 2};
    if (auto sought = cursor->seek(middle); !sought)
      return refuse(unreadable, sought.error().text());
    std::optional<MatchId> first;
    while (!first && cursor->position() < high) {
      if (++looked_at > trade_lookup_transactions_max)
        return refuse(ControlError::range_too_large,
                      "the log has too few trades to search; name 'seq', the trade's transaction");
      const Cursor::Next next = cursor->next();
      if (next == Cursor::Next::at_head) break;
      if (next == Cursor::Next::failed)
        return refuse(ControlError::journal_unavailable, cursor->error().text());
      if (const auto found = trade_in(cursor->transaction(), match_id)) return *found;
      first = first_match(cursor->transaction());
    }
    // Nothing but older trades, or none, from the middle on: it lies before.
    if (!first || *first > match_id)
      high = middle;
    else
      low = cursor->position();
  }
  return unknown(match_id);
}

}  // namespace bourse
