#include "replay/export/journal_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "replay/export/export_books.h"    // ExportBooks
#include "replay/export/row_maker.h"       // make_row_maker
#include "replay/log/snapshot_file.h"      // market_of
#include "replay/log/snapshot_reader.h"    // SnapshotReader
#include "replay/snapshot/book_history.h"  // snapshot_before

namespace bourse {
namespace {

constexpr std::uint64_t bytes_per_question = std::uint64_t{1} << 20;
constexpr std::size_t symbols_named_max = 10;

Result<void> check(const ExportOptions& options) {
  const std::string schema(name_of(options.schema));
  const bool compressed = options.files.path.extension() == ".zst";
  if (options.format == ExportFormat::npy && (compressed || options.files.path == "-")) {
    return fail(ExitCode::usage, "an npy file is neither compressed nor written to a pipe",
                options.files.path.string(),
                "its head says how many rows there are: name a file, compress it afterwards");
  }
  if (options.files.path == "-" && options.files.split != ExportSplit::none) {
    return fail(ExitCode::usage, "one pipe cannot be split", "", "name a file: -o PATH");
  }
  if (options.size_unit == 0) {
    return fail(ExitCode::usage, "--size-unit is 0", "", "a number of lots, from 1");
  }
  if (options.size_unit != 1 && options.format != ExportFormat::dbn) {
    return fail(ExitCode::usage, "--size-unit is for dbn, whose sizes have 32 bits", "",
                "the other formats have sizes in lots of 64 bits");
  }
  return {};
}

Result<void> check_symbols(const std::vector<std::string>& wanted, const JournalSurvey& survey) {
  for (const std::string& symbol : wanted) {
    const bool known = std::ranges::any_of(survey.instruments, [&](const auto& instrument) {
      return instrument.body.symbol_view() == symbol;
    });
    if (known) continue;
    std::string names;
    for (std::size_t i = 0; i < std::min(symbols_named_max, survey.instruments.size()); ++i) {
      names += i == 0 ? "" : ", ";
      names += survey.instruments[i].body.symbol_view();
    }
    if (survey.instruments.size() > symbols_named_max) {
      names += fmt::format(" and {} more", survey.instruments.size() - symbols_named_max);
    }
    return fail(ExitCode::usage, fmt::format("there is no symbol {}", symbol),
                fmt::format("sequences {} to {}", survey.first.value(), survey.last.value()),
                names.empty() ? "no symbol is defined in this range" : "there are " + names);
  }
  return {};
}

class Exporter {
 public:
  Exporter(const Log& log, const ExportOptions& options, ExportReport& report)
      : log_(log),
        options_(options),
        report_(report),
        books_(options.symbols),
        encoder_(make_row_encoder(report.scope)),
        files_(options.files, report.scope, *encoder_),
        maker_(make_row_maker(options.format, options.schema, options.snapshot, books_, files_)) {}

  Result<void> run(const std::function<bool(const ExportProgress&)>& go_on) {
    if (maker_ == nullptr) {
      return fail(
          ExitCode::usage,
          fmt::format("{} has no table for {}", name_of(options_.format), name_of(options_.schema)),
          "", "choose mbo (as incremental_book_L2), trades or mbp-1 (as quotes)");
    }
    auto begun = begin();
    if (!begun) return std::unexpected(begun.error());
    auto cursor = log_.cursor(*begun);
    if (!cursor) return std::unexpected(cursor.error());
    if (*begun == report_.survey.first && !begin_rows()) return why_not();
    std::uint64_t bytes = 0;
    std::uint64_t asked = 0;
    while (cursor->position() <= report_.survey.last) {
      const Cursor::Next found = cursor->next();
      if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
      if (found == Cursor::Next::at_head) break;
      const TransactionView& transaction = cursor->transaction();
      bytes += transaction.bytes().size();
      if (go_on && bytes - asked >= bytes_per_question) {
        asked = bytes;
        if (!go_on({std::min(bytes, report_.survey.bytes), report_.survey.bytes})) {
          return fail(ExitCode::interrupted, "interrupted",
                      fmt::format("sequence {}", transaction.sequence().value()));
        }
      }
      if (transaction.sequence() < report_.survey.first) {
        bytes = asked = 0;
        if (!maker_->follow(transaction)) return why_not();
        if (next(transaction.sequence()) == report_.survey.first && !begin_rows()) return why_not();
        continue;
      }
      report_.events += transaction.public_events().size();
      if (!maker_->add(transaction)) return why_not();
    }
    if (!maker_->finish() || !files_.finish()) return why_not();
    report_.files = files_.files();
    report_.rows = files_.rows();
    report_.left_out = maker_->left_out();
    return {};
  }

 private:
  bool begin_rows() { return maker_->begin(report_.survey.first, report_.survey.first_time); }

  std::unexpected<Error> why_not() const {
    return std::unexpected(maker_->error().what.empty() ? files_.error() : maker_->error());
  }

  // Where to read from, with the books as they are there.
  Result<Sequence> begin() {
    if (!maker_->needs_books()) {
      for (const ExportInstrument& instrument : report_.survey.defined_before) {
        books_.define(instrument.symbol, instrument.body);
      }
      return report_.survey.first;
    }
    for (Sequence below = report_.survey.first;;) {
      const auto snapshot = snapshot_before(log_, below);
      if (!snapshot) return std::unexpected(snapshot.error());
      if (*snapshot == nullptr) break;
      below = (*snapshot)->header().sequence;
      const auto market = market_of(**snapshot);
      if (!market) continue;  // damaged: an older one
      books_.start(*market);
      return next(below);
    }
    const Sequence earliest = log_.earliest_sequence();
    if (earliest == Sequence{1}) return earliest;
    return fail(
        ExitCode::usage,
        fmt::format("the books before sequence {} are not known", report_.survey.first.value()),
        log_.directory().string(),
        "its beginning is gone and no snapshot reaches so far back: begin later");
  }

  const Log& log_;
  const ExportOptions& options_;
  ExportReport& report_;
  ExportBooks books_;
  const std::unique_ptr<RowEncoder> encoder_;
  ExportFiles files_;
  const std::unique_ptr<RowMaker> maker_;
};

}  // namespace

Result<ExportReport> export_journal(const Log& log, const ExportOptions& options,
                                    const std::function<bool(const ExportProgress&)>& go_on) {
  if (auto checked = check(options); !checked) return std::unexpected(checked.error());
  ExportReport report;
  auto survey = survey_journal(log, options.range, [&] { return !go_on || go_on({0, 0}); });
  if (!survey) return std::unexpected(survey.error());
  report.survey = std::move(*survey);
  if (auto known = check_symbols(options.symbols, report.survey); !known) {
    return std::unexpected(known.error());
  }
  report.scope = {.format = options.format,
                  .schema = options.schema,
                  .pretty = options.pretty,
                  .size_unit = options.size_unit,
                  .first_time = report.survey.first_time,
                  .last_time = report.survey.last_time,
                  .instruments = report.survey.instruments};
  if (!options.symbols.empty()) {
    std::erase_if(report.scope.instruments, [&](const ExportInstrument& instrument) {
      return std::ranges::find(options.symbols, instrument.body.symbol_view()) ==
             options.symbols.end();
    });
  }
  Exporter exporter(log, options, report);
  if (auto done = exporter.run(go_on); !done) return std::unexpected(done.error());
  return report;
}

}  // namespace bourse
