#include "matching/matcher.h"

#include <algorithm>

#include "matching/reports.h"  // report_of_order, add_report, add_public_event

namespace bourse {
namespace {

void fill_report(ExecEvent& report, QuantityLots quantity, PriceTicks price, MatchId match_id,
                 Liquidity liquidity) {
  report.filled += quantity;
  report.leaves -= quantity;
  report.last_price = price;
  report.last_quantity = quantity;
  report.match_id = match_id;
  report.liquidity = liquidity;
  const bool whole = report.leaves == QuantityLots{0};
  report.type = whole ? ExecType::fill : ExecType::partial_fill;
  report.status = whole ? OrderStatus::filled : OrderStatus::partially_filled;
}

// The taker meets one maker: public execute, the taker's report, the maker's report.
void match_one(EngineState& state, Book& book, Taker& taker, Handle maker, EventBuffer& out) {
  BookMemory& memory = state.book_memory;
  ExecEvent maker_report = report_of_order(memory, maker);
  const QuantityLots quantity = std::min(taker.report.leaves, maker_report.leaves);
  state.match_id = MatchId{state.match_id.value() + 1};
  ++taker.match_count;
  fill_report(taker.report, quantity, maker_report.price, state.match_id, Liquidity::taker);
  fill_report(maker_report, quantity, maker_report.price, state.match_id, Liquidity::maker);
  add_public_event(state, book, out,
                   {.kind = EventKind::execute,
                    .side = maker_report.side,
                    .flags = 0,
                    .symbol = maker_report.symbol,
                    .order_id = maker_report.order_id,
                    .price = maker_report.price,
                    .quantity = quantity,
                    .aux = state.match_id.value(),
                    .taker_order_id = taker.report.order_id,
                    .leaves = maker_report.leaves,
                    .rpt_sequence = RptSequence{0}});
  add_report(state, out, taker.report);
  add_report(state, out, maker_report);
  if (maker_report.leaves == QuantityLots{0}) {
    book.take_out(memory, maker);
    memory.ids.erase(maker_report.order_id, maker);
    memory.orders.release(maker);
  } else {
    book.reduce(memory, maker, quantity, quantity);
  }
}

}  // namespace

void match(EngineState& state, Book& book, Taker& taker, EventBuffer& out) {
  const BookMemory& memory = state.book_memory;
  const Ladder& makers = book.ladder(opposite(taker.report.side));
  while (taker.report.leaves != QuantityLots{0} && taker.match_count < matches_per_command_max) {
    const Handle best = makers.best();
    if (best == no_handle || memory.ladders.levels[best].key < taker.key_min) return;
    const Handle maker = memory.ladders.levels[best].first;
    memory.orders.prefetch(memory.orders[maker].next);
    match_one(state, book, taker, maker, out);
  }
}

void expire(EngineState& state, Taker& taker, EventBuffer& out) {
  ExecEvent report = taker.report;
  report.type = ExecType::expired;
  report.status = OrderStatus::expired;
  report.leaves = QuantityLots{0};
  report.last_price = no_price;
  report.last_quantity = QuantityLots{0};
  report.match_id = MatchId{0};
  report.liquidity = Liquidity::none;
  if (taker.match_count == matches_per_command_max) {
    report.reject_reason = RejectReason::book_full;
  } else if (taker.match_count == 0) {
    report.reject_reason = RejectReason::no_liquidity;
  }
  add_report(state, out, report);
}

}  // namespace bourse
