#include "app/log_commands/whatif_report.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "feed/control/json_writer.h"      // JsonWriter
#include "replay/text/decimal.h"           // price_text, quantity_text
#include "replay/text/order_words.h"       // side_name, ...
#include "replay/text/time_text.h"         // time_text
#include "replay/text/transaction_rows.h"  // command_name

namespace bourse {
namespace {

constexpr std::size_t changes_shown = 20;

struct Words {
  const WhatIfRun& run;

  const InstrumentBody* instrument(SymbolId symbol) const { return run.engine.instrument(symbol); }
  std::string symbol(SymbolId symbol) const {
    const InstrumentBody* const body = instrument(symbol);
    return body == nullptr ? "" : std::string(body->symbol_view());
  }
  std::string price(SymbolId symbol, PriceTicks price) const {
    const InstrumentBody* const body = instrument(symbol);
    return body == nullptr ? "" : price_text(price, *body);
  }
  std::string quantity(SymbolId symbol, std::int64_t lots) const {
    const InstrumentBody* const body = instrument(symbol);
    if (body == nullptr) return "";
    const auto size = static_cast<std::uint64_t>(lots < 0 ? -lots : lots);
    return (lots < 0 ? "-" : "") + quantity_text(QuantityLots{size}, *body);
  }
  std::string quantity(SymbolId symbol, QuantityLots lots) const {
    return quantity(symbol, static_cast<std::int64_t>(lots.value()));
  }
  // Of an amend or a cancel: that of the order it means, as far as it is known.
  SymbolId symbol_of(std::size_t index) const { return run.result.orders()[index].command.symbol; }
  std::string action(std::size_t index) const {
    return std::string(command_name(run.result.orders()[index].command.type));
  }
  std::string status(std::size_t index) const {
    const WhatIfOutcome& outcome = run.result.outcomes()[index];
    if (!outcome.arrived) return "not_reached";
    if (outcome.reject != RejectReason::none) return std::string(reject_name(outcome.reject));
    const bool is_new = run.result.orders()[index].command.type == CommandType::new_order;
    return is_new ? std::string(order_status_name(outcome.status)) : "done";
  }
};

// Lots held, and what was paid (below 0) or received for them in ticks x lots.
struct Holding {
  std::int64_t lots = 0;
  std::int64_t cash_tick_lots = 0;
};

std::map<SymbolId, Holding> holdings(const WhatIf& result) {
  std::map<SymbolId, Holding> out;
  for (const WhatIfFill& fill : result.fills()) {
    const Command& command = result.orders()[fill.order].command;
    const std::int64_t sign = command.order.side == Side::buy ? 1 : -1;
    const auto lots = static_cast<std::int64_t>(fill.quantity.value());
    Holding& holding = out[command.symbol];
    holding.lots += sign * lots;
    holding.cash_tick_lots -= sign * lots * fill.price.value();
  }
  return out;
}

}  // namespace

std::string whatif_text(const WhatIfRun& run) {
  const Words words{run};
  const WhatIf& result = run.result;
  std::string out;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "COUNTERFACTUAL: what {} would have been with the orders of account {}\n",
                 run.journal, run.account.value());
  fmt::format_to(to, "  executed again   {} commands, sequences {} to {}; latency {} ns\n",
                 result.commands(), run.first.value(), result.last().value(), run.latency_ns);
  fmt::format_to(to, "\n{:<14} {:<10} {:<10} {:<5} {:>14} {:>12} {:>12} {:>12} {:>12}\n", "order",
                 "what", "symbol", "side", "price", "quantity", "filled", "ahead first", "status");
  for (std::size_t i = 0; i < result.orders().size(); ++i) {
    const WhatIfOrder& order = result.orders()[i];
    const WhatIfOutcome& outcome = result.outcomes()[i];
    const SymbolId symbol = words.symbol_of(i);
    const bool is_new = order.command.type == CommandType::new_order;
    const std::string ahead =
        outcome.queue.empty() ? "" : words.quantity(symbol, outcome.queue.front().ahead);
    fmt::format_to(to, "{:<14} {:<10} {:<10} {:<5} {:>14} {:>12} {:>12} {:>12} {:>12}\n",
                   order.name, words.action(i), words.symbol(symbol),
                   is_new ? side_name(order.command.order.side) : "",
                   words.price(symbol, order.command.order.price),
                   is_new ? words.quantity(symbol, order.command.order.quantity) : "",
                   is_new ? words.quantity(symbol, outcome.filled) : "", ahead, words.status(i));
  }
  fmt::format_to(to, "\n{} fills\n", result.fills().size());
  for (const WhatIfFill& fill : result.fills()) {
    const SymbolId symbol = words.symbol_of(fill.order);
    fmt::format_to(to, "  {}  after {:<10} {:<14} {:>12} at {:>14}  {}\n", time_text(fill.time),
                   fill.after.value(), result.orders()[fill.order].name,
                   words.quantity(symbol, fill.quantity), words.price(symbol, fill.price),
                   liquidity_name(fill.liquidity));
  }
  for (const auto& [symbol, holding] : holdings(result)) {
    fmt::format_to(to, "  position {} {}\n", words.symbol(symbol),
                   words.quantity(symbol, holding.lots));
  }
  const auto trades = result.changed_trades();
  fmt::format_to(to,
                 "\nthe market: {} trades recorded, {} of the others changed, {} of their "
                 "commands decided otherwise\n",
                 result.recorded_trades(), trades.size(), result.changed_decisions().size());
  for (std::size_t i = 0; i < trades.size() && i < changes_shown; ++i) {
    const WhatIfTrade& trade = trades[i];
    fmt::format_to(to, "  at {:<10} {:<10} {:>12} at {:>14}  of {} by {}\n", trade.sequence.value(),
                   words.symbol(trade.symbol), words.quantity(trade.symbol, trade.quantity),
                   words.price(trade.symbol, trade.price), trade.maker.value(),
                   trade.taker.value());
  }
  if (trades.size() > changes_shown)
    fmt::format_to(to, "  and {} more: --json has all\n", trades.size() - changes_shown);
  return out;
}

std::string whatif_json(const WhatIfRun& run) {
  const Words words{run};
  const WhatIf& result = run.result;
  const auto time = [](TimeNs at) { return static_cast<std::uint64_t>(at.value()); };
  JsonWriter json;
  json.open('{').key("counterfactual").boolean(true).key("journal").text(run.journal);
  json.key("from_seq").wide(run.first.value()).key("to_seq").wide(result.last().value());
  json.key("account").number(run.account.value());
  json.key("latency_ns").wide(static_cast<std::uint64_t>(run.latency_ns));
  json.key("commands").wide(result.commands()).key("orders").open('[');
  for (std::size_t i = 0; i < result.orders().size(); ++i) {
    const WhatIfOrder& order = result.orders()[i];
    const WhatIfOutcome& outcome = result.outcomes()[i];
    const SymbolId symbol = words.symbol_of(i);
    json.open('{').key("line").number(static_cast<std::uint32_t>(run.rows[i].line));
    json.key("id").text(order.name).key("action").text(words.action(i));
    json.key("symbol").text(words.symbol(symbol)).key("status").text(words.status(i));
    json.key("arrived").wide(time(outcome.arrived));
    if (order.command.type == CommandType::new_order) {
      json.key("side").text(side_name(order.command.order.side));
      json.key("px").text(words.price(symbol, order.command.order.price));
      json.key("qty").text(words.quantity(symbol, order.command.order.quantity));
      json.key("filled").text(words.quantity(symbol, outcome.filled));
      json.key("queue").open('[');
      for (const QueuePosition::Place& place : outcome.queue) {
        json.open('{').key("after_seq").wide(place.after.value()).key("ts").wide(time(place.time));
        json.key("px").text(words.price(symbol, place.price));
        json.key("ahead").text(words.quantity(symbol, place.ahead));
        json.key("orders").number(place.orders).close('}');
      }
      json.close(']');
    }
    json.close('}');
  }
  json.close(']').key("fills").open('[');
  for (const WhatIfFill& fill : result.fills()) {
    const SymbolId symbol = words.symbol_of(fill.order);
    json.open('{').key("id").text(result.orders()[fill.order].name);
    json.key("after_seq").wide(fill.after.value()).key("ts").wide(time(fill.time));
    json.key("symbol").text(words.symbol(symbol));
    json.key("side").text(side_name(result.orders()[fill.order].command.order.side));
    json.key("px").text(words.price(symbol, fill.price));
    json.key("qty").text(words.quantity(symbol, fill.quantity));
    json.key("leaves").text(words.quantity(symbol, fill.leaves));
    json.key("liquidity").text(liquidity_name(fill.liquidity));
    json.key("other_order_id").wide(fill.other.value()).close('}');
  }
  json.close(']').key("positions").open('[');
  for (const auto& [symbol, holding] : holdings(result)) {
    json.open('{').key("symbol").text(words.symbol(symbol));
    json.key("qty").text(words.quantity(symbol, holding.lots));
    json.key("cash_ticks_x_lots").raw(std::to_string(holding.cash_tick_lots)).close('}');
  }
  json.close(']').key("market").open('{');
  json.key("recorded_trades").wide(result.recorded_trades()).key("changed_trades").open('[');
  for (const WhatIfTrade& trade : result.changed_trades()) {
    json.open('{').key("seq").wide(trade.sequence.value()).key("ts").wide(time(trade.time));
    json.key("symbol").text(words.symbol(trade.symbol));
    json.key("px").text(words.price(trade.symbol, trade.price));
    json.key("qty_change").text(words.quantity(trade.symbol, trade.quantity));
    json.key("maker_order_id").wide(trade.maker.value());
    json.key("taker_order_id").wide(trade.taker.value()).close('}');
  }
  json.close(']').key("changed_decisions").open('[');
  for (const WhatIfDecision& decision : result.changed_decisions()) {
    const auto word = [](RejectReason reason) {
      return reason == RejectReason::none ? std::string_view("accepted") : reject_name(reason);
    };
    json.open('{').key("seq").wide(decision.sequence.value()).key("ts").wide(time(decision.time));
    json.key("command").text(command_name(decision.type));
    json.key("recorded").text(word(decision.recorded)).key("now").text(word(decision.now));
    json.close('}');
  }
  json.close(']').close('}').close('}');
  return std::string(json.view()) + '\n';
}

}  // namespace bourse
