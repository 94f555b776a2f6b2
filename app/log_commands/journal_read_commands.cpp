#include "app/log_commands/journal_read_commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include "app/terminal/complaint.h"        // complain, wants_json
#include "app/terminal/json_text.h"        // json_text
#include "app/terminal/progress_line.h"    // ProgressLine, bytes_text
#include "replay/log/log.h"                // Log
#include "replay/text/time_text.h"         // time_text
#include "replay/text/transaction_rows.h"  // command_name, event_name
#include "replay/upkeep/log_check.h"       // check_bytes
#include "replay/upkeep/log_difference.h"  // compare_logs
#include "replay/upkeep/log_statistics.h"  // LogStatistics

namespace bourse {
namespace {

Result<std::unique_ptr<Log>> open_for_reading(const std::string& directory) {
  LogOptions options;
  options.directory = directory;
  options.read_only = true;
  return Log::open(options);
}

int finish(ExitCode code) {
  return static_cast<int>(std::fflush(stdout) == 0 ? code : ExitCode::io_error);
}

constexpr std::pair<const char*, std::uint64_t> percentiles[] = {
    {"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99_9", 999}};

double seconds_of(const LogStatistics& stats) {
  return static_cast<double>(stats.last_time().value() - stats.first_time().value()) / 1e9;
}

double per_second(const LogStatistics& stats) {
  const double seconds = seconds_of(stats);
  return seconds > 0 ? static_cast<double>(stats.transactions()) / seconds : 0;
}

void print_table(const LogStatistics& stats) {
  fmt::print("sequences     {} to {}, {} epochs\n", stats.first_sequence().value(),
             stats.last_sequence().value(), stats.epochs());
  fmt::print("time          {} to {}, {:.3f} s\n", time_text(stats.first_time()),
             time_text(stats.last_time()), seconds_of(stats));
  fmt::print("transactions  {}, {:.1f} a second, {} in the busiest ({})\n", stats.transactions(),
             per_second(stats), stats.busiest_second_count(), time_text(stats.busiest_second()));
  fmt::print("bytes         {} ({}), {:.1f} a transaction\n", stats.bytes(),
             bytes_text(stats.bytes()),
             static_cast<double>(stats.bytes()) / static_cast<double>(stats.transactions()));
  fmt::print("sizes        ");
  for (const auto& [name, per_mille] : percentiles) {
    fmt::print(" {} {}", name, stats.size_at(per_mille));
  }
  fmt::print(" max {}\n", stats.largest());
  fmt::print("commands\n");
  for (std::size_t i = 0; i < LogStatistics::kinds_max; ++i) {
    if (const auto count = stats.commands_by_type()[i]; count > 0) {
      fmt::print("  {:<18} {:>14}\n", command_name(static_cast<CommandType>(i)), count);
    }
  }
  fmt::print("events        {}, {} reports\n", stats.events(), stats.reports());
  for (std::size_t i = 0; i < LogStatistics::kinds_max; ++i) {
    if (const auto count = stats.events_by_kind()[i]; count > 0) {
      fmt::print("  {:<18} {:>14}\n", event_name(static_cast<EventKind>(i)), count);
    }
  }
  fmt::print("symbols\n  {:<24} {:>14} {:>14} {:>14}\n", "", "commands", "events", "trades");
  for (const SymbolStatistics& symbol : stats.symbols()) {
    fmt::print("  {:<24} {:>14} {:>14} {:>14}\n", symbol.name, symbol.commands, symbol.events,
               symbol.trades);
  }
}

template <class Name>
void print_counts(std::string_view member, Name name,
                  const std::array<std::uint64_t, LogStatistics::kinds_max>& counts) {
  fmt::print(R"(,"{}":{{)", member);
  std::string_view comma;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    fmt::print(R"({}"{}":{})", comma, name(i), counts[i]);
    comma = ",";
  }
  fmt::print("}}");
}

void print_json(const LogStatistics& stats) {
  fmt::print(
      R"({{"first_sequence":{},"last_sequence":{},"epochs":{},"first_time":"{}",)"
      R"("last_time":"{}","transactions":{},"per_second":{:.3f},"busiest_second":{},"bytes":{},)"
      R"("events":{},"reports":{},"trades":{},"sizes":{{)",
      stats.first_sequence().value(), stats.last_sequence().value(), stats.epochs(),
      time_text(stats.first_time()), time_text(stats.last_time()), stats.transactions(),
      per_second(stats), stats.busiest_second_count(), stats.bytes(), stats.events(),
      stats.reports(), stats.trades());
  for (const auto& [name, per_mille] : percentiles) {
    fmt::print(R"("{}":{},)", name, stats.size_at(per_mille));
  }
  fmt::print(R"("max":{}}})", stats.largest());
  print_counts(
      "commands", [](std::size_t i) { return command_name(static_cast<CommandType>(i)); },
      stats.commands_by_type());
  print_counts(
      "events_by_kind", [](std::size_t i) { return event_name(static_cast<EventKind>(i)); },
      stats.events_by_kind());
  fmt::print(R"(,"symbols":[)");
  std::string_view comma;
  for (const SymbolStatistics& symbol : stats.symbols()) {
    fmt::print(R"({}{{"symbol":{},"commands":{},"events":{},"trades":{}}})", comma,
               json_text(symbol.name), symbol.commands, symbol.events, symbol.trades);
    comma = ",";
  }
  fmt::print("]}}\n");
}

void print_difference(const LogDifference& difference, const DiffArguments& arguments) {
  if (difference.same()) {
    fmt::print("same: {} transactions, sequences {} to {}\n", difference.equal,
               difference.first.value(), difference.left_last.value());
    return;
  }
  if (difference.equal > 0) {
    fmt::print("equal: {} transactions, sequences {} to {}\n", difference.equal,
               difference.first.value(), difference.first.value() + difference.equal - 1);
  }
  if (!difference.differs) {
    const bool left_is_longer = difference.left_last > difference.right_last;
    fmt::print("{} ends there; {} goes on to {}\n",
               left_is_longer ? arguments.right : arguments.left,
               left_is_longer ? arguments.left : arguments.right,
               std::max(difference.left_last, difference.right_last).value());
    return;
  }
  fmt::print("sequence {} differs\n", difference.differs->value());
  for (const FieldDifference& field : difference.fields) {
    fmt::print("  {}\n    left   {}\n    right  {}\n", field.field, field.left, field.right);
  }
}

void print_difference_json(const LogDifference& difference) {
  fmt::print(
      R"({{"same":{},"first_sequence":{},"equal":{},"differs":{},"left_last":{},"right_last":{},)"
      R"("fields":[)",
      difference.same(), difference.first.value(), difference.equal,
      difference.differs ? std::to_string(difference.differs->value()) : "null",
      difference.left_last.value(), difference.right_last.value());
  std::string_view comma;
  for (const FieldDifference& field : difference.fields) {
    fmt::print(R"({}{{"field":{},"left":{},"right":{}}})", comma, json_text(field.field),
               json_text(field.left), json_text(field.right));
    comma = ",";
  }
  fmt::print("]}}\n");
}

}  // namespace

int journal_stats_command(const JournalStatsArguments& arguments) {
  const auto json = wants_json("journal stats", arguments.format);
  if (!json) return static_cast<int>(ExitCode::usage);
  const auto log = open_for_reading(arguments.directory);
  if (!log) return complain("journal stats", log.error());
  auto cursor = (*log)->cursor((*log)->earliest_sequence());
  if (!cursor) return complain("journal stats", cursor.error());
  LogStatistics stats;
  Cursor::Next next = Cursor::Next::at_head;
  {
    const auto total = check_bytes(posix_disk(), arguments.directory);
    // check_bytes() counts what verify reads, sealed segments twice.
    ProgressLine line("reading", total ? *total / 2 : 0, !arguments.no_progress);
    while ((next = cursor->next()) == Cursor::Next::transaction) {
      stats.add(cursor->transaction());
      line.add(cursor->transaction().bytes().size());
    }
  }
  if (stats.transactions() > 0 || *json) *json ? print_json(stats) : print_table(stats);
  if (next == Cursor::Next::failed) {
    if (std::fflush(stdout) != 0) return static_cast<int>(ExitCode::io_error);
    return complain("journal stats", cursor->error());
  }
  if (stats.transactions() == 0 && !*json) fmt::print("no transactions\n");
  return finish(ExitCode::ok);
}

int diff_command(const DiffArguments& arguments) {
  const auto json = wants_json("diff", arguments.format);
  if (!json) return static_cast<int>(ExitCode::usage);
  const auto left = open_for_reading(arguments.left);
  if (!left) return complain("diff", left.error());
  const auto right = open_for_reading(arguments.right);
  if (!right) return complain("diff", right.error());
  const auto difference = compare_logs(**left, **right);
  if (!difference) return complain("diff", difference.error());
  *json ? print_difference_json(*difference) : print_difference(*difference, arguments);
  return finish(difference->same() ? ExitCode::ok : ExitCode::answer_is_no);
}

}  // namespace bourse
