#include "app/log_commands/import_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "app/terminal/json_text.h"     // json_text
#include "replay/itch/itch_messages.h"  // message_names

namespace bourse {
namespace {

constexpr std::size_t stocks_shown_max = 20;

struct Check {
  const char* key;
  const char* text;
  std::uint64_t count;
  std::uint64_t first_message;  // 0 = not known
};

// All must be zero.
std::vector<Check> checks_of(const ItchImportReport& report) {
  const ItchFeedCounts& feed = report.feed;
  const std::uint64_t first = report.first_fault_message;
  return {
      {"unknown_references", "unknown references", feed.fault(ItchFault::unknown_reference), first},
      {"duplicate_references", "duplicate references", feed.fault(ItchFault::duplicate_reference),
       first},
      {"excess_quantities", "more shares than the order has",
       feed.fault(ItchFault::excess_quantity), first},
      {"bad_fields", "orders without side, shares or reference", feed.fault(ItchFault::bad_field),
       first},
      {"crossed", "messages that left a book crossed", feed.crossed, report.first_crossed_message},
      {"missing_symbols", "wanted symbols that the file does not have",
       report.missing_symbols.size(), 0}};
}

std::string dollars(PriceTicks price) {
  return fmt::format("{}.{:04}", price.value() / 10'000, price.value() % 10'000);
}

std::string quote(PriceTicks price, QuantityLots quantity) {
  return price == no_price ? "-" : fmt::format("{} x {}", dollars(price), quantity.value());
}

std::string json_quote(PriceTicks price, QuantityLots quantity) {
  if (price == no_price) return "null";
  return fmt::format(R"({{"price":"{}","quantity":{}}})", dollars(price), quantity.value());
}

std::vector<ItchStockSummary> busiest(const ItchImportReport& report) {
  std::vector<ItchStockSummary> stocks = report.stocks;
  std::ranges::sort(stocks, [](const ItchStockSummary& a, const ItchStockSummary& b) {
    return a.events != b.events ? a.events > b.events : a.symbol < b.symbol;
  });
  if (stocks.size() > stocks_shown_max) stocks.resize(stocks_shown_max);
  return stocks;
}

template <class Visit>
void for_each_type(const ItchImportReport& report, Visit visit) {
  for (std::size_t type = 0; type < report.counts.size(); ++type) {
    if (report.counts[type] != 0) {
      visit(static_cast<char>(type), itch::message_names[type], report.counts[type]);
    }
  }
}

}  // namespace

std::string import_table(const ItchImportReport& report, const std::string& file,
                         const std::string& journal, double seconds) {
  const ItchFeedCounts& feed = report.feed;
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{} -> {}\n", file, journal);
  fmt::format_to(to, "{} messages, {} transactions, {:.2f} s, {:.2f} M messages/s\n\n",
                 report.messages, report.last_sequence.value(), seconds,
                 static_cast<double>(report.messages) / 1e6 / seconds);
  for_each_type(report, [&](char type, std::string_view name, std::uint64_t count) {
    fmt::format_to(to, "{}  {:<36} {:>12}\n", type, name, count);
  });
  if (report.unknown_messages != 0) {
    fmt::format_to(to, "?  {:<36} {:>12}  skipped\n", "unknown types", report.unknown_messages);
  }
  fmt::format_to(to, "\n{:<39} {:>12}\n", "most live orders at a time", feed.live_orders_max);
  fmt::format_to(to, "{:<39} {:>12}\n", "prints of hidden orders", feed.trades);
  fmt::format_to(to, "{:<39} {:>12}\n", "crosses that traded", feed.crosses);
  const auto note = [&](const char* text, std::uint64_t count) {
    if (count != 0) fmt::format_to(to, "{:<39} {:>12}\n", text, count);
  };
  note("crosses without a trade", feed.empty_crosses);
  note("indications of auctions", feed.imbalances);
  note("broken trades", feed.broken_trades);
  note("of them, trades that are not here", feed.broken_unknown);
  note("messages of other stocks", feed.left_out);
  note("crossed during a halt", feed.crossed_halted);
  note("times the clock went back", report.clock_reversals);
  fmt::format_to(to, "\n");
  for (const Check& check : checks_of(report)) {
    fmt::format_to(to, "{:<46} {:>5}  {}", check.text, check.count,
                   check.count == 0 ? "ok" : "FAILED");
    if (check.count != 0 && check.first_message != 0) {
      fmt::format_to(to, ", first trouble at message {}", check.first_message);
    }
    fmt::format_to(to, "\n");
  }
  for (const std::string& symbol : report.missing_symbols) {
    fmt::format_to(to, "  not in the file: {}\n", symbol);
  }
  fmt::format_to(to, "\n{:<10} {:>12} {:>8} {:>22} {:>22}\n", "symbol", "events", "orders",
                 "best bid", "best ask");
  for (const ItchStockSummary& stock : busiest(report)) {
    fmt::format_to(to, "{:<10} {:>12} {:>8} {:>22} {:>22}\n", stock.symbol, stock.events,
                   stock.orders, quote(stock.best.bid, stock.best.bid_quantity),
                   quote(stock.best.ask, stock.best.ask_quantity));
  }
  if (report.stocks.size() > stocks_shown_max) {
    fmt::format_to(to, "and {} more: --format json has them all\n",
                   report.stocks.size() - stocks_shown_max);
  }
  return out;
}

std::string import_json(const ItchImportReport& report, const std::string& file,
                        const std::string& journal, double seconds) {
  const ItchFeedCounts& feed = report.feed;
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"file":{},"journal":{},"messages":{},"unknown_messages":{},"bytes":{},)",
                 json_text(file), json_text(journal), report.messages, report.unknown_messages,
                 report.bytes);
  fmt::format_to(to, R"("last_sequence":{},"first_time_ns":{},"last_time_ns":{},"seconds":{:.3f},)",
                 report.last_sequence.value(), report.first_time.value(), report.last_time.value(),
                 seconds);
  fmt::format_to(to, R"("consistent":{},"stopped":{},"counts":{{)", report.is_consistent(),
                 report.stopped);
  const char* comma = "";
  for_each_type(report, [&](char type, std::string_view, std::uint64_t count) {
    fmt::format_to(to, R"({}"{}":{})", std::exchange(comma, ","), type, count);
  });
  fmt::format_to(to, R"(}},"live_orders_max":{},"trades":{},"crosses":{},"empty_crosses":{},)",
                 feed.live_orders_max, feed.trades, feed.crosses, feed.empty_crosses);
  fmt::format_to(to, R"("broken_trades":{},"broken_unknown":{},"imbalances":{},"left_out":{},)",
                 feed.broken_trades, feed.broken_unknown, feed.imbalances, feed.left_out);
  fmt::format_to(to, R"("crossed_halted":{},)", feed.crossed_halted);
  fmt::format_to(to, R"("clock_reversals":{},"checks":{{)", report.clock_reversals);
  comma = "";
  for (const Check& check : checks_of(report)) {
    fmt::format_to(to, R"({}"{}":{})", std::exchange(comma, ","), check.key, check.count);
  }
  fmt::format_to(to, R"(}},"missing":[)");
  comma = "";
  for (const std::string& symbol : report.missing_symbols) {
    fmt::format_to(to, "{}{}", std::exchange(comma, ","), json_text(symbol));
  }
  fmt::format_to(to, R"(],"stocks":[)");
  comma = "";
  for (const ItchStockSummary& stock : report.stocks) {
    fmt::format_to(to, R"({}{{"symbol":{},"events":{},"orders":{},"bid":{},"ask":{}}})",
                   std::exchange(comma, ","), json_text(stock.symbol), stock.events, stock.orders,
                   json_quote(stock.best.bid, stock.best.bid_quantity),
                   json_quote(stock.best.ask, stock.best.ask_quantity));
  }
  out += "]}\n";
  return out;
}

std::string lobster_table(const LobsterImportReport& report, const std::string& file,
                          const std::string& journal, double seconds) {
  const LobsterCounts& counts = report.counts;
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{} -> {}\n", file, journal);
  fmt::format_to(to, "{} messages of {}, {} transactions, {:.2f} s\n\n", report.messages,
                 report.symbol, report.last_sequence.value(), seconds);
  const auto row = [&](const char* text, std::uint64_t count) {
    fmt::format_to(to, "{:<39} {:>12}\n", text, count);
  };
  row("levels per row", report.levels);
  row("changes of orders from before the file", counts.unknown_orders);
  row("levels learnt when they came into sight", counts.learnt);
  row("executions of hidden orders", counts.hidden);
  row("crosses", counts.crosses);
  row("halts and resumptions", counts.halts);
  if (report.clock_reversals != 0) row("times the clock went back", report.clock_reversals);
  fmt::format_to(to, "\n{} of {} rows equal at every level  {}", counts.explained, counts.rows,
                 report.is_consistent() ? "ok" : "FAILED");
  if (counts.first_unexplained != 0) {
    fmt::format_to(to, ", first trouble at row {}", counts.first_unexplained);
  }
  fmt::format_to(to, "\nbest bid {}, best ask {}\n",
                 quote(report.best.bid, report.best.bid_quantity),
                 quote(report.best.ask, report.best.ask_quantity));
  return out;
}

std::string lobster_json(const LobsterImportReport& report, const std::string& file,
                         const std::string& journal, double seconds) {
  const LobsterCounts& counts = report.counts;
  return fmt::format(
      R"({{"file":{},"journal":{},"symbol":{},"messages":{},"levels":{},"last_sequence":{},)"
      R"("first_time_ns":{},"last_time_ns":{},"seconds":{:.3f},"consistent":{},"stopped":{},)"
      R"("rows":{},"explained":{},"first_unexplained":{},"learnt":{},"unknown_orders":{},)"
      R"("hidden":{},"crosses":{},"halts":{},"clock_reversals":{},"bid":{},"ask":{}}})"
      "\n",
      json_text(file), json_text(journal), json_text(report.symbol), report.messages, report.levels,
      report.last_sequence.value(), report.first_time.value(), report.last_time.value(), seconds,
      report.is_consistent(), report.stopped, counts.rows, counts.explained,
      counts.first_unexplained, counts.learnt, counts.unknown_orders, counts.hidden, counts.crosses,
      counts.halts, report.clock_reversals, json_quote(report.best.bid, report.best.bid_quantity),
      json_quote(report.best.ask, report.best.ask_quantity));
}

}  // namespace bourse
