#include "replay/import/capture_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "replay/import/capture_books.h"    // CaptureBooks
#include "replay/import/capture_reader.h"   // make_kraken_reader, ...
#include "replay/import/import_journal.h"   // ImportJournal
#include "replay/import/imported_market.h"  // ImportedMarket, DecimalStep
#include "replay/import/line_reader.h"      // LineReader

namespace bourse {
namespace {

constexpr std::uint64_t lines_per_question = 256;

std::unique_ptr<CaptureReader> make_reader(CaptureVenue venue) {
  switch (venue) {
    case CaptureVenue::kraken:
      return make_kraken_reader();
    case CaptureVenue::binance:
      return make_binance_reader();
    case CaptureVenue::coinbase:
      return make_coinbase_reader();
  }
  return nullptr;
}

std::string_view name_of(CaptureVenue venue) {
  return venue == CaptureVenue::kraken    ? "Kraken"
         : venue == CaptureVenue::binance ? "Binance"
                                          : "Coinbase";
}

// What a pair's name says about its currencies: "XBT/USD", "BTC-USD"; "ETHUSDT" says nothing.
std::pair<std::string, std::string> currencies_of(const std::string& symbol) {
  const std::size_t at = symbol.find_first_of("/-");
  if (at == std::string::npos) return {symbol, ""};
  return {symbol.substr(0, at), symbol.substr(at + 1)};
}

// What the first pass finds of an instrument.
struct Found {
  std::string name;
  DecimalStep price;
  DecimalStep size;
};

class CaptureImport {
 public:
  CaptureImport(CaptureVenue venue, const FeedImportOptions& options, const FeedImportGoOn& go_on)
      : venue_(venue), options_(options), go_on_(go_on), reader_(make_reader(venue)) {}

  Result<FeedImportReport> run() {
    if (auto seen = pass([this](const std::string&) { return look(); }); !seen) {
      return std::unexpected(seen.error());
    }
    if (report_.stopped) return std::move(report_);
    if (found_.empty()) return nothing();
    if (auto checked = check_symbols(); !checked) return std::unexpected(checked.error());
    auto journal = ImportJournal::open(options_.journal, options_.replace, first_time_);
    if (!journal) return std::unexpected(journal.error());
    ImportedMarket market(**journal);
    CaptureBooks books(market);
    if (auto defined = define(market, books); !defined) return std::unexpected(defined.error());
    report_.messages = 0;
    const auto written = pass([&](const std::string& where) { return books.take(line_, where); });
    const auto finished = (*journal)->finish();
    if (!written) return std::unexpected(written.error());
    if (!finished) return std::unexpected(finished.error());
    finish(market, books);
    return std::move(report_);
  }

 private:
  // All lines of all files, as far as they can be read.
  template <class Take>
  Result<void> pass(Take take) {
    ++passes_;
    bytes_before_ = 0;
    for (const std::filesystem::path& path : options_.files) {
      auto file = InputFile::open(path);
      if (!file) return std::unexpected(file.error());
      LineReader lines(std::move(*file));
      if (auto read = read_file(lines, take); !read) return read;
      if (report_.stopped) break;
      bytes_before_ += lines.file().bytes_total();
    }
    return {};
  }

  template <class Take>
  Result<void> read_file(LineReader& lines, Take& take) {
    for (;;) {
      const LineReader::Next next = lines.next();
      if (next == LineReader::Next::end) return {};
      if (next == LineReader::Next::failed) return note_cut(lines, lines.error());
      if (lines.number() % lines_per_question == 0 && go_on_ &&
          !go_on_({(passes_ - 1) * bytes_all() + bytes_before_ + lines.file().bytes_done(),
                   2 * bytes_all(), report_.messages})) {
        report_.stopped = true;
        return {};
      }
      const std::string path = lines.file().path().string();
      if (!reader_->read(lines.line(), line_)) {
        const bool is_last = !lines.is_ended();
        return note_cut(
            lines,
            {.code = ExitCode::data_damaged,
             .what = is_last ? "ends inside a message" : "the line " + reader_->error(),
             .where = fmt::format("{}, line {}, byte {}", path, lines.number(), lines.offset()),
             .next = {}});
      }
      ++report_.messages;
      const std::string where = line_.count == 0 && !line_.sequence
                                    ? std::string()
                                    : fmt::format("{}, line {}", path, lines.number());
      if (auto taken = take(where); !taken) return taken;
    }
  }

  // The first line of a file that is no such recording is a mistake of the caller's; later ones are
  // the end of what can be had.
  Result<void> note_cut(const LineReader& lines, Error error) {
    if (lines.number() <= 1) {
      error.next = fmt::format("name a recording of {}'s websocket", name_of(venue_));
      return std::unexpected(std::move(error));
    }
    error.next = fmt::format("the {} lines before it were imported", lines.number() - 1);
    if (!report_.cut) report_.cut = std::move(error);
    return {};
  }

  std::uint64_t bytes_all() {
    if (bytes_all_ == 0) {
      for (const std::filesystem::path& path : options_.files) {
        std::error_code ignored;
        const std::uintmax_t bytes = std::filesystem::file_size(path, ignored);
        if (!ignored) bytes_all_ += bytes;
      }
    }
    return bytes_all_;
  }

  Found* find(const std::string& name) {
    const auto at = std::ranges::find(found_, name, &Found::name);
    return at == found_.end() ? nullptr : &*at;
  }

  bool is_wanted(const std::string& name) const {
    return options_.symbols.empty() ||
           std::ranges::find(options_.symbols, name) != options_.symbols.end();
  }

  // First pass: which instruments, and which steps their numbers have.
  Result<void> look() {
    for (std::size_t i = 0; i < line_.count; ++i) {
      const CapturedMessage& message = line_.messages[i];
      if (first_time_.value() == 0) first_time_ = message.time;
      if (message.symbol.empty()) {
        see(nameless_, message);
        continue;
      }
      Found* found = find(message.symbol);
      if (found == nullptr) {
        found_.push_back({message.symbol, {}, {}});
        found = &found_.back();
      }
      see(*found, message);
    }
    return {};
  }

  static void see(Found& found, const CapturedMessage& message) {
    for (const CapturedLevel& level : message.levels) {
      found.price.see_signed(level.price);
      found.size.see(level.size);
    }
    for (const CapturedTrade& trade : message.trades) {
      found.price.see_signed(trade.price);
      found.size.see(trade.size);
    }
  }

  std::unexpected<Error> nothing() const {
    return fail(ExitCode::data_damaged, "has no book and no trade", options_.files.front().string(),
                fmt::format("name a recording of {}'s websocket", name_of(venue_)));
  }

  Result<void> check_symbols() const {
    for (const std::string& wanted : options_.symbols) {
      if (std::ranges::find(found_, wanted, &Found::name) != found_.end()) continue;
      std::string names;
      for (const Found& found : found_) names += (names.empty() ? "" : ", ") + found.name;
      return fail(ExitCode::usage, fmt::format("has no symbol {}", wanted),
                  options_.files.front().string(), "there are " + names);
    }
    return {};
  }

  Result<void> define(ImportedMarket& market, CaptureBooks& books) {
    for (Found& found : found_) {
      if (!is_wanted(found.name)) continue;
      // A snapshot that names no symbol may be of any of them.
      found.price.see(nameless_.price.step());
      found.size.see(nameless_.size.step());
      const auto [base, quote] = currencies_of(found.name);
      const auto symbol = market.define(imported_instrument(
          found.name, base, quote, static_cast<std::int64_t>(found.price.step()), found.size.step(),
          -capture_size_decimals));
      if (!symbol) return std::unexpected(symbol.error());
      books.define(found.name, *symbol);
    }
    return {};
  }

  void finish(const ImportedMarket& market, const CaptureBooks& books) {
    books.report(report_);
    market.report(report_);
    FeedCheck crossed{.name = "never_crossed"};
    crossed.all = report_.last_sequence.value();
    crossed.right = crossed.all - market.crossed();
    report_.checks.push_back(crossed);
    report_.first_time = first_time_;
  }

  const CaptureVenue venue_;
  const FeedImportOptions& options_;
  const FeedImportGoOn& go_on_;
  const std::unique_ptr<CaptureReader> reader_;
  CapturedLine line_;
  std::vector<Found> found_;
  Found nameless_;
  TimeNs first_time_{0};
  std::uint64_t passes_ = 0;
  std::uint64_t bytes_before_ = 0;
  std::uint64_t bytes_all_ = 0;
  FeedImportReport report_;
};

}  // namespace

Result<FeedImportReport> import_capture(CaptureVenue venue, const FeedImportOptions& options,
                                        const FeedImportGoOn& go_on) {
  return CaptureImport(venue, options, go_on).run();
}

}  // namespace bourse
