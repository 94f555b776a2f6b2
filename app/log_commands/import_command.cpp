#include "app/log_commands/import_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "app/log_commands/feed_import_command.h"  // is_feed_kind, import_feed
#include "app/log_commands/import_report.h"        // import_table, lobster_table, ...
#include "app/terminal/complaint.h"                // complain
#include "app/terminal/interrupt_guard.h"          // InterruptGuard
#include "replay/import/itch_import.h"             // import_itch
#include "replay/import/lobster_import.h"          // import_lobster

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

// One line, at most ten times a second; silent unless a person looks at both streams.
class ProgressLine {
 public:
  explicit ProgressLine(Clock::time_point start)
      : is_shown_(::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1), start_(start) {}
  ~ProgressLine() {
    if (has_drawn_) std::fputs("\r\x1b[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const ItchImportProgress& progress) {
    const Clock::time_point now = Clock::now();
    if (!is_shown_ || now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    has_drawn_ = true;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double done = static_cast<double>(progress.bytes_done);
    std::string line = fmt::format("\r\x1b[Kimporting  {:.1f} MB", done / 1e6);
    if (progress.bytes_total != 0) {
      const double total = static_cast<double>(progress.bytes_total);
      line += fmt::format(" of {:.1f} MB  {:.0f} %  {:.0f} s left", total / 1e6, 100 * done / total,
                          seconds * (total - done) / done);
    }
    line += fmt::format("  {:.2f} M messages/s",
                        static_cast<double>(progress.messages) / 1e6 / seconds);
    std::fputs(line.c_str(), stderr);
  }

 private:
  bool is_shown_;
  bool has_drawn_ = false;
  Clock::time_point start_;
  Clock::time_point drawn_;
};

Result<void> check(const ImportArguments& arguments) {
  if (arguments.kind != "itch" && arguments.kind != "lobster" && !is_feed_kind(arguments.kind)) {
    return fail(ExitCode::usage, fmt::format("unknown kind of file '{}'", arguments.kind), "",
                "itch, lobster, dbn, binance, coinbase or kraken");
  }
  if (arguments.kind == "lobster" && arguments.rows.empty()) {
    return fail(ExitCode::usage, "LOBSTER's orderbook file is missing", "",
                "bourse import lobster MESSAGES ORDERBOOK --journal DIR");
  }
  if (arguments.kind == "itch" && !(arguments.rows.empty() && arguments.more_files.empty())) {
    return fail(ExitCode::usage, "an ITCH day is one file", arguments.file,
                "bourse import itch FILE --journal DIR");
  }
  if (arguments.kind == "lobster" && !arguments.more_files.empty()) {
    return fail(ExitCode::usage, "LOBSTER's day is two files", arguments.more_files.front(),
                "bourse import lobster MESSAGES ORDERBOOK --journal DIR");
  }
  if (arguments.kind == "lobster" && arguments.symbols.size() > 1) {
    return fail(ExitCode::usage, "LOBSTER's files are of one stock", "", "--symbols AMZN");
  }
  if (arguments.format != "table" && arguments.format != "json") {
    return fail(ExitCode::usage, fmt::format("unknown format '{}'", arguments.format), "",
                "table or json");
  }
  return {};
}

int finish(const std::string& text, bool stopped, std::uint64_t messages, bool is_consistent) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  if (stopped) {
    fmt::print(stderr, "bourse import: interrupted after {} messages\n", messages);
    return static_cast<int>(ExitCode::interrupted);
  }
  return static_cast<int>(is_consistent ? ExitCode::ok : ExitCode::answer_is_no);
}

int import_lobster_day(const ImportArguments& arguments, Clock::time_point start) {
  const LobsterImportOptions options{
      .messages = arguments.file,
      .rows = arguments.rows,
      .journal = arguments.journal,
      .date = arguments.date,
      .symbol = arguments.symbols.empty() ? "" : arguments.symbols.front(),
      .replace = arguments.force};
  const auto report = [&] {
    const InterruptGuard guard;
    ProgressLine line(start);
    return import_lobster(options,
                          [&line](std::uint64_t done, std::uint64_t total, std::uint64_t messages) {
                            line.show({done, total, messages});
                            return !InterruptGuard::is_interrupted();
                          });
  }();
  if (!report) return complain("import", report.error());
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const std::string text = arguments.format == "json"
                               ? lobster_json(*report, arguments.file, arguments.journal, seconds)
                               : lobster_table(*report, arguments.file, arguments.journal, seconds);
  return finish(text, report->stopped, report->messages, report->is_consistent());
}

}  // namespace

int import_command(const ImportArguments& arguments) {
  if (auto checked = check(arguments); !checked) return complain("import", checked.error());
  if (is_feed_kind(arguments.kind)) return import_feed(arguments);
  const Clock::time_point start = Clock::now();
  if (arguments.kind == "lobster") return import_lobster_day(arguments, start);
  const ItchImportOptions options{.file = arguments.file,
                                  .journal = arguments.journal,
                                  .date = arguments.date,
                                  .symbols = arguments.symbols,
                                  .replace = arguments.force};
  const auto report = [&] {
    const InterruptGuard guard;
    ProgressLine line(start);
    return import_itch(options, [&line](const ItchImportProgress& progress) {
      line.show(progress);
      return !InterruptGuard::is_interrupted();
    });
  }();
  if (!report) return complain("import", report.error());
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const std::string text = arguments.format == "json"
                               ? import_json(*report, arguments.file, arguments.journal, seconds)
                               : import_table(*report, arguments.file, arguments.journal, seconds);
  return finish(text, report->stopped, report->messages, report->is_consistent());
}

}  // namespace bourse
