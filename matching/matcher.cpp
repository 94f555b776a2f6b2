#include "matching/matcher.h"

#include <algorithm>

#include "matching/reports.h"  // report_of_order, add_public_event

namespace bourse {
namespace {

void tell_fill(ExecEvent& report, QuantityLots quantity, PriceTicks price, MatchId match_id,
               Liquidity liquidity) {
  report.last_price = price;
  report.last_quantity = quantity;
  report.match_id = match_id;
  report.liquidity = liquidity;
  const bool whole = report.leaves == QuantityLots{0};
  report.type = whole ? ExecType::fill : ExecType::partial_fill;
  report.status = whole ? OrderStatus::filled : OrderStatus::partially_filled;
}

// One more report of the taker, as its order stands now.
ExecEvent& report_of_taker(EngineState& state, const Taker& taker, EventBuffer& out) {
  ExecEvent& report = next_report(state, out, taker.first_report.account);
  const ExecSequence exec_sequence = report.exec_sequence;
  report = taker.first_report;
  report.exec_sequence = exec_sequence;
  report.filled = taker.filled;
  report.leaves = taker.leaves;
  return report;
}

// The taker meets one maker: public execute, the taker's report, the maker's report.
void match_one(EngineState& state, Book& book, Taker& taker, Handle maker, EventBuffer& out) {
  BookMemory& memory = state.book_memory;
  const Level& level = memory.level_of(maker);
  const OrderId maker_id = memory.orders[maker].id;
  const QuantityLots open = memory.orders[maker].leaves;
  const QuantityLots quantity = std::min(taker.leaves, open);
  const MatchId match_id = state.match_id = MatchId{state.match_id.value() + 1};
  ++taker.match_count;
  taker.leaves -= quantity;
  taker.filled += quantity;

  PublicEvent& event =
      add_public_event(state, book, out, EventKind::execute, level, maker_id, quantity);
  event.aux = match_id.value();
  event.taker_order_id = taker.first_report.order_id;
  event.leaves = open - quantity;
  tell_fill(report_of_taker(state, taker, out), quantity, level.price, match_id, Liquidity::taker);
  ExecEvent& maker_report = report_of_order(state, out, level, maker, ExecType::fill);
  maker_report.filled += quantity;
  maker_report.leaves -= quantity;
  tell_fill(maker_report, quantity, level.price, match_id, Liquidity::maker);

  if (quantity == open) {
    book.take_out(memory, maker);
    memory.forget(maker_id, maker);
  } else {
    book.reduce(memory, maker, quantity, quantity);
  }
}

}  // namespace

void match(EngineState& state, Book& book, Taker& taker, EventBuffer& out) {
  const BookMemory& memory = state.book_memory;
  const Ladder& makers = book.ladder(opposite(taker.first_report.side));
  while (taker.leaves != QuantityLots{0} && taker.match_count < matches_per_command_max) {
    const Handle best = makers.best();
    if (best == no_handle || memory.ladders.levels[best].key < taker.key_min) return;
    const Handle maker = memory.ladders.levels[best].first;
    memory.orders.prefetch(memory.orders[maker].next);
    match_one(state, book, taker, maker, out);
  }
}

void expire(EngineState& state, const Taker& taker, EventBuffer& out) {
  ExecEvent& report = report_of_taker(state, taker, out);
  report.type = ExecType::expired;
  report.status = OrderStatus::expired;
  report.leaves = QuantityLots{0};
  if (taker.match_count == matches_per_command_max) {
    report.reject_reason = RejectReason::book_full;
  } else if (taker.match_count == 0) {
    report.reject_reason = RejectReason::no_liquidity;
  }
}

}  // namespace bourse
