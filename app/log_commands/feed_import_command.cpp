#include "app/log_commands/feed_import_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <optional>
#include <utility>

#include "app/terminal/complaint.h"        // complain
#include "app/terminal/interrupt_guard.h"  // InterruptGuard
#include "app/terminal/json_text.h"        // json_text
#include "app/terminal/progress_line.h"    // ProgressLine
#include "replay/import/capture_import.h"  // import_capture
#include "replay/import/dbn_import.h"      // import_dbn
#include "replay/text/decimal.h"           // price_text, quantity_text

namespace bourse {
namespace {

constexpr std::size_t symbols_shown_max = 20;

std::optional<CaptureVenue> venue_of(const std::string& kind) {
  if (kind == "kraken") return CaptureVenue::kraken;
  if (kind == "binance") return CaptureVenue::binance;
  if (kind == "coinbase") return CaptureVenue::coinbase;
  return std::nullopt;
}

// What people read instead of a check's or count's key.
std::string words(std::string_view key) {
  std::string text(key);
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string quote(PriceTicks price, QuantityLots quantity, const InstrumentBody& instrument) {
  if (price == no_price) return "-";
  return price_text(price, instrument) + " x " + quantity_text(quantity, instrument);
}

std::string json_quote(PriceTicks price, QuantityLots quantity, const InstrumentBody& instrument) {
  if (price == no_price) return "null";
  return fmt::format(R"({{"price":"{}","quantity":"{}"}})", price_text(price, instrument),
                     quantity_text(quantity, instrument));
}

}  // namespace

bool is_feed_kind(const std::string& kind) { return kind == "dbn" || venue_of(kind).has_value(); }

std::string feed_table(const FeedImportReport& report, const ImportArguments& arguments,
                       double seconds) {
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{}{} -> {}\n", arguments.file,
                 arguments.more_files.empty()
                     ? std::string()
                     : fmt::format(" and {} more", arguments.more_files.size()),
                 arguments.journal);
  fmt::format_to(to, "{} messages, {} transactions, {:.2f} s, {:.2f} M messages/s\n\n",
                 report.messages, report.last_sequence.value(), seconds,
                 static_cast<double>(report.messages) / 1e6 / seconds);
  for (const FeedImportReport::Count& count : report.counts) {
    if (count.value != 0) fmt::format_to(to, "{:<39} {:>12}\n", words(count.name), count.value);
  }
  if (report.clock_reversals != 0) {
    fmt::format_to(to, "{:<39} {:>12}\n", "times the clock went back", report.clock_reversals);
  }
  fmt::format_to(to, "\n");
  for (const FeedCheck& check : report.checks) {
    fmt::format_to(to, "{:<24} {:>12} of {:>9}  {}\n", words(check.name), check.right, check.all,
                   check.right == check.all ? "ok" : "FAILED, first at " + check.first_wrong);
  }
  fmt::format_to(to, "\n{:<14} {:>12} {:>8} {:>26} {:>26}\n", "symbol", "events", "orders",
                 "best bid", "best ask");
  for (std::size_t i = 0; i < std::min(report.symbols.size(), symbols_shown_max); ++i) {
    const FeedSymbolSummary& symbol = report.symbols[i];
    fmt::format_to(to, "{:<14} {:>12} {:>8} {:>26} {:>26}\n", symbol.instrument.symbol_view(),
                   symbol.events, symbol.orders,
                   quote(symbol.best.bid, symbol.best.bid_quantity, symbol.instrument),
                   quote(symbol.best.ask, symbol.best.ask_quantity, symbol.instrument));
  }
  if (report.symbols.size() > symbols_shown_max) {
    fmt::format_to(to, "and {} more: --format json has them all\n",
                   report.symbols.size() - symbols_shown_max);
  }
  return out;
}

std::string feed_json(const FeedImportReport& report, const ImportArguments& arguments,
                      double seconds) {
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"kind":"{}","file":{},"journal":{},"messages":{},"last_sequence":{},)",
                 arguments.kind, json_text(arguments.file), json_text(arguments.journal),
                 report.messages, report.last_sequence.value());
  fmt::format_to(to, R"("first_time_ns":{},"last_time_ns":{},"seconds":{:.3f},"consistent":{},)",
                 report.first_time.value(), report.last_time.value(), seconds,
                 report.is_consistent());
  fmt::format_to(to, R"("stopped":{},"cut":{},"clock_reversals":{},"counts":{{)", report.stopped,
                 report.cut ? json_text(report.cut->text()) : "null", report.clock_reversals);
  const char* comma = "";
  for (const FeedImportReport::Count& count : report.counts) {
    fmt::format_to(to, R"({}"{}":{})", std::exchange(comma, ","), count.name, count.value);
  }
  out += "},\"checks\":{";
  comma = "";
  for (const FeedCheck& check : report.checks) {
    fmt::format_to(to, R"({}"{}":{{"right":{},"all":{}}})", std::exchange(comma, ","), check.name,
                   check.right, check.all);
  }
  out += "},\"symbols\":[";
  comma = "";
  for (const FeedSymbolSummary& symbol : report.symbols) {
    fmt::format_to(to, R"({}{{"symbol":{},"events":{},"orders":{},"bid":{},"ask":{}}})",
                   std::exchange(comma, ","), json_text(symbol.instrument.symbol_view()),
                   symbol.events, symbol.orders,
                   json_quote(symbol.best.bid, symbol.best.bid_quantity, symbol.instrument),
                   json_quote(symbol.best.ask, symbol.best.ask_quantity, symbol.instrument));
  }
  out += "]}\n";
  return out;
}

int import_feed(const ImportArguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  FeedImportOptions options;
  options.files.emplace_back(arguments.file);
  for (const std::string& file : arguments.more_files) options.files.emplace_back(file);
  options.journal = arguments.journal;
  options.symbols = arguments.symbols;
  options.replace = arguments.force;
  const auto report = [&] {
    const InterruptGuard guard;
    std::optional<ProgressLine> line;
    std::uint64_t shown = 0;
    const FeedImportGoOn go_on = [&](const FeedImportProgress& progress) {
      if (!line) line.emplace("importing", progress.bytes_total, true);
      if (progress.bytes_done > shown) line->add(progress.bytes_done - shown);
      shown = std::max(shown, progress.bytes_done);
      return !InterruptGuard::is_interrupted();
    };
    const auto venue = venue_of(arguments.kind);
    return venue ? import_capture(*venue, options, go_on) : import_dbn(options, go_on);
  }();
  if (!report) return complain("import", report.error());
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const std::string text = arguments.format == "json" ? feed_json(*report, arguments, seconds)
                                                      : feed_table(*report, arguments, seconds);
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  if (report->stopped) {
    fmt::print(stderr, "bourse import: interrupted after {} messages\n", report->messages);
    return static_cast<int>(ExitCode::interrupted);
  }
  if (report->cut) return complain("import", *report->cut);
  return static_cast<int>(report->is_consistent() ? ExitCode::ok : ExitCode::answer_is_no);
}

}  // namespace bourse
