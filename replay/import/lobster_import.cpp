#include "replay/import/lobster_import.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "matching/check.h"                // CHECK
#include "replay/import/import_journal.h"  // ImportJournal
#include "replay/import/lobster_reader.h"  // LobsterMessages, LobsterRows
#include "replay/itch/itch_day.h"          // itch_midnight
#include "replay/itch/itch_directory.h"    // itch_instrument

namespace bourse {
namespace {

constexpr std::uint64_t messages_per_question = 4096;
constexpr std::size_t symbol_max = sizeof(itch::Stock);

Result<std::string> content(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    const bool missing = errno == ENOENT || errno == ENOTDIR || errno == 0;
    return fail(missing ? ExitCode::file_missing : ExitCode::io_error,
                errno == 0 ? "is no file" : std::string("cannot open: ") + std::strerror(errno),
                path.string(), "name LOBSTER's message file, then its orderbook file");
  }
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return fail(ExitCode::io_error, "cannot read", path.string());
  return text;
}

// AMZN_2012-06-21_34200000_57600000_message_1.csv is of AMZN.
Result<std::string> symbol_of(const LobsterImportOptions& options) {
  const std::string name = options.messages.filename().string();
  std::string symbol = options.symbol.empty() ? name.substr(0, name.find('_')) : options.symbol;
  const bool is_symbol =
      !symbol.empty() && symbol.size() <= symbol_max &&
      symbol.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-=+#") == std::string::npos;
  if (is_symbol) return symbol;
  return fail(ExitCode::usage, "'" + symbol + "' is no stock's symbol", options.messages.string(),
              "say which stock it is: --symbols AMZN");
}

class LobsterImport {
 public:
  LobsterImport(const std::string& messages, const std::string& rows,
                const LobsterImportOptions& options, ImportJournal& journal, TimeNs midnight)
      : messages_(messages, options.messages.string()),
        rows_(rows, options.rows.string()),
        journal_(journal),
        midnight_(midnight) {}

  Result<void> define(const std::string& symbol) {
    report_.symbol = symbol;
    Command command{};
    command.type = CommandType::define_instrument;
    command.instrument = itch_instrument(symbol);
    if (auto written = journal_.write_executed(command); !written) return written;
    CHECK(
        !journal_.executed().public_events().empty());  // new here, and what itch_instrument takes
    last_rpt_ = journal_.executed().public_events().back().rpt_sequence;
    return {};
  }

  // False: one of the files has ended.
  Result<bool> step() {
    const LobsterRows::Next row = rows_.next(row_);
    if (row == LobsterRows::Next::failed) return std::unexpected(rows_.error());
    const LobsterMessages::Next message = messages_.next(message_);
    if (message == LobsterMessages::Next::failed) return std::unexpected(messages_.error());
    if (row == LobsterRows::Next::end || message == LobsterMessages::Next::end) return false;
    if (!book_) book_.emplace(SymbolId{1}, rows_.levels(), last_rpt_);
    ++report_.messages;
    const TimeNs time{midnight_.value() + static_cast<std::int64_t>(message_.time_ns)};
    if (report_.messages == 1) report_.first_time = time;
    if (time < journal_.time()) {
      ++report_.clock_reversals;
    } else {
      journal_.advance(time);
    }
    book_->follow(message_, row_, events_);
    if (!events_.public_events().empty()) {
      if (auto written = journal_.write_imported(SymbolId{1}, events_); !written) {
        return std::unexpected(written.error());
      }
    }
    return true;
  }

  std::uint64_t bytes_done() const { return messages_.bytes_done(); }
  std::uint64_t messages() const { return report_.messages; }

  LobsterImportReport report(bool stopped) const {
    LobsterImportReport report = report_;
    report.stopped = stopped;
    report.levels = rows_.levels();
    if (book_) {
      report.counts = book_->counts();
      report.best = book_->book().best();
    } else {
      report.best = DepthBook{}.best();
    }
    report.last_sequence = journal_.sequence();
    report.last_time = journal_.time();
    return report;
  }

 private:
  LobsterMessages messages_;
  LobsterRows rows_;
  ImportJournal& journal_;
  TimeNs midnight_;
  LobsterMessage message_{};
  LobsterRow row_;
  EventBuffer events_;
  std::optional<LobsterBook> book_;
  RptSequence last_rpt_{0};
  LobsterImportReport report_;
};

}  // namespace

Result<LobsterImportReport> import_lobster(
    const LobsterImportOptions& options,
    const std::function<bool(std::uint64_t, std::uint64_t, std::uint64_t)>& go_on) {
  const auto symbol = symbol_of(options);
  if (!symbol) return std::unexpected(symbol.error());
  const auto midnight = itch_midnight(options.date, options.messages);
  if (!midnight) return std::unexpected(midnight.error());
  const auto messages = content(options.messages);
  if (!messages) return std::unexpected(messages.error());
  const auto rows = content(options.rows);
  if (!rows) return std::unexpected(rows.error());
  auto journal = ImportJournal::open(options.journal, options.replace, *midnight);
  if (!journal) return std::unexpected(journal.error());

  LobsterImport import(*messages, *rows, options, **journal, *midnight);
  if (auto defined = import.define(*symbol); !defined) return std::unexpected(defined.error());
  bool stopped = false;
  Result<bool> more = true;
  while (more && *more && !stopped) {
    more = import.step();
    stopped = go_on && import.messages() % messages_per_question == 0 &&
              !go_on(import.bytes_done(), messages->size(), import.messages());
  }
  const auto finished = (*journal)->finish();
  if (!more) return std::unexpected(more.error());
  if (!finished) return std::unexpected(finished.error());
  return import.report(stopped);
}

}  // namespace bourse
