#include "replay/import/dbn_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>

#include "replay/dbn/dbn_reader.h"          // DbnReader
#include "replay/export/market_rows.h"      // price_none
#include "replay/import/dbn_books.h"        // DbnBooks
#include "replay/import/import_journal.h"   // ImportJournal
#include "replay/import/imported_market.h"  // ImportedMarket, DecimalStep

namespace bourse {
namespace {

constexpr std::uint64_t records_per_question = 16'384;
constexpr std::string_view own_dataset = "BOURSE.JOURNAL";

// Where a definition says the unit of its quantities, by version.
constexpr std::size_t unit_offset_v3 = offsetof(dbn::Definition, unit_of_measure_qty);

struct FoundInstrument {
  bool has_orders = false;
  std::string symbol;
  DecimalStep price;
  std::uint64_t divisor = 0;      // the largest that all prices have
  std::int64_t tick_size_e9 = 0;  // 0: no definition has said it
  std::int64_t unit_e9 = 0;       // likewise
  std::string base;
  std::string quote;
};

class DbnImport {
 public:
  DbnImport(const FeedImportOptions& options, const FeedImportGoOn& go_on)
      : options_(options), go_on_(go_on) {}

  Result<FeedImportReport> run() {
    if (auto seen = pass([this](const DbnReader& reader) { return look(reader); }); !seen) {
      return std::unexpected(seen.error());
    }
    if (report_.stopped) return std::move(report_);
    if (orders_ == 0) {
      return fail(ExitCode::data_damaged, "has no mbo records", options_.files.front().string(),
                  "only the schema mbo tells what becomes a book");
    }
    name_instruments();
    if (auto checked = check_symbols(); !checked) return std::unexpected(checked.error());
    auto journal = ImportJournal::open(options_.journal, options_.replace, first_time_);
    if (!journal) return std::unexpected(journal.error());
    ImportedMarket market(**journal);
    DbnBooks books(market);
    if (auto defined = define(market, books); !defined) return std::unexpected(defined.error());
    report_.messages = 0;
    auto written = pass([&](const DbnReader& reader) -> Result<void> {
      const auto record = mbo_of(reader);
      if (!record) return {};
      return books.take(*record, reader.file().path().string(), reader.offset());
    });
    if (written) written = books.finish();
    const auto finished = (*journal)->finish();
    if (!written) return std::unexpected(written.error());
    if (!finished) return std::unexpected(finished.error());
    finish(market, books);
    return std::move(report_);
  }

 private:
  static std::optional<dbn::Mbo> mbo_of(const DbnReader& reader) {
    return reader.header().rtype == dbn::rtype::mbo ? reader.as<dbn::Mbo>() : std::nullopt;
  }

  template <class Take>
  Result<void> pass(Take take) {
    ++passes_;
    bytes_before_ = 0;
    for (const std::filesystem::path& path : options_.files) {
      auto reader = DbnReader::open(path);
      if (!reader) return std::unexpected(reader.error());
      if (auto read = read_file(**reader, take); !read) return read;
      if (report_.stopped) break;
      bytes_before_ += (*reader)->file().bytes_total();
    }
    return {};
  }

  template <class Take>
  Result<void> read_file(DbnReader& reader, Take& take) {
    if (passes_ == 1) learn(reader.metadata());
    for (;;) {
      const DbnReader::Next next = reader.next();
      if (next == DbnReader::Next::end) return {};
      if (next == DbnReader::Next::failed) {
        if (!report_.cut) {
          report_.cut = reader.error();
          report_.cut->next =
              fmt::format("the {} records before it were imported", reader.records());
        }
        return {};
      }
      ++report_.messages;
      if (reader.records() % records_per_question == 0 && go_on_ &&
          !go_on_({bytes_before_ + reader.file().bytes_done(), 0, report_.messages})) {
        report_.stopped = true;
        return {};
      }
      if (auto taken = take(reader); !taken) return taken;
    }
  }

  // Which instrument id is which symbol, as the metadata say.
  void learn(const DbnMetadata& metadata) {
    own_ = metadata.dataset == own_dataset;
    version_ = metadata.version;
    for (const DbnMapping& mapping : metadata.mappings) {
      for (const DbnMapping::Interval& interval : mapping.intervals) {
        std::uint32_t id = 0;
        const char* const end = interval.symbol.data() + interval.symbol.size();
        const auto [at, error] = std::from_chars(interval.symbol.data(), end, id);
        if (error == std::errc() && at == end) names_[id] = mapping.raw_symbol;
      }
    }
  }

  Result<void> look(const DbnReader& reader) {
    const std::uint32_t id = reader.header().instrument_id;
    if (reader.header().rtype == dbn::rtype::definition) {
      look_at_definition(reader, found_[id]);
      return {};
    }
    const auto record = mbo_of(reader);
    if (!record) return {};
    if (orders_++ == 0) {
      const bool is_snapshot = (record->flags & row_flags::snapshot) != 0;
      first_time_ = TimeNs{
          static_cast<std::int64_t>(is_snapshot ? record->ts_recv : record->header.ts_event)};
    }
    FoundInstrument& found = found_[id];
    found.has_orders = true;
    if (record->price != price_none) {
      found.price.see_signed(record->price);
      const auto bits = static_cast<std::uint64_t>(record->price);
      found.divisor = std::gcd(found.divisor, record->price < 0 ? 0 - bits : bits);
    }
    return {};
  }

  void look_at_definition(const DbnReader& reader, FoundInstrument& found) const {
    const auto number_at = [&](std::size_t offset) {
      std::int64_t value = 0;
      if (reader.record().size() >= offset + sizeof value) {
        std::memcpy(&value, reader.record().data() + offset, sizeof value);
      }
      return value;
    };
    const std::int64_t tick = number_at(offsetof(dbn::Definition, min_price_increment));
    if (tick > 0 && tick != price_none) found.tick_size_e9 = tick;
    // Elsewhere it is the size of a contract, not of what the orders count.
    if (!own_ || version_ != dbn::version) return;
    const std::int64_t unit = number_at(unit_offset_v3);
    if (unit > 0 && unit != price_none) found.unit_e9 = unit;
    if (const auto record = reader.as<dbn::Definition>()) {
      found.base.assign(record->asset, ::strnlen(record->asset, sizeof record->asset));
      found.quote.assign(record->currency, ::strnlen(record->currency, sizeof record->currency));
    }
  }

  void name_instruments() {
    std::erase_if(found_, [](const auto& entry) { return !entry.second.has_orders; });
    for (auto& [id, found] : found_) {
      const auto name = names_.find(id);
      const bool fits = name != names_.end() && name->second.size() < sizeof InstrumentBody::symbol;
      found.symbol = fits ? name->second : fmt::format("#{}", id);
    }
  }

  bool is_wanted(const std::string& symbol) const {
    return options_.symbols.empty() ||
           std::ranges::find(options_.symbols, symbol) != options_.symbols.end();
  }

  Result<void> check_symbols() const {
    for (const std::string& wanted : options_.symbols) {
      const bool is_there = std::ranges::any_of(
          found_, [&](const auto& entry) { return entry.second.symbol == wanted; });
      if (is_there) continue;
      std::string names;
      for (const auto& [id, found] : found_) names += (names.empty() ? "" : ", ") + found.symbol;
      return fail(ExitCode::usage, fmt::format("has no symbol {}", wanted),
                  options_.files.front().string(), "there are " + names);
    }
    return {};
  }

  Result<void> define(ImportedMarket& market, DbnBooks& books) {
    for (auto& [id, found] : found_) {
      if (!is_wanted(found.symbol)) continue;
      const auto step = static_cast<std::int64_t>(found.price.step());
      // A definition that the prices contradict does not hold.
      const bool holds = found.tick_size_e9 > 0 &&
                         found.divisor % static_cast<std::uint64_t>(found.tick_size_e9) == 0;
      const std::int64_t tick = holds ? found.tick_size_e9 : step;
      std::uint64_t lot = 1;
      std::int8_t exponent = 0;
      if (found.unit_e9 > 0) {
        lot = static_cast<std::uint64_t>(found.unit_e9);
        for (exponent = -9; lot % 10 == 0 && exponent < 0; ++exponent) lot /= 10;
      }
      const auto symbol = market.define(
          imported_instrument(found.symbol, found.base.empty() ? found.symbol : found.base,
                              found.quote, tick, lot, exponent));
      if (!symbol) return std::unexpected(symbol.error());
      books.define(id, *symbol);
    }
    return {};
  }

  void finish(const ImportedMarket& market, const DbnBooks& books) {
    books.report(report_);
    report_.counts.push_back({"crossed", market.crossed()});
    report_.first_time = first_time_;
    market.report(report_);
  }

  const FeedImportOptions& options_;
  const FeedImportGoOn& go_on_;
  std::map<std::uint32_t, FoundInstrument> found_;  // by instrument id
  std::map<std::uint32_t, std::string> names_;
  bool own_ = false;
  std::uint8_t version_ = dbn::version;
  std::uint64_t orders_ = 0;
  TimeNs first_time_{0};
  std::uint64_t passes_ = 0;
  std::uint64_t bytes_before_ = 0;
  FeedImportReport report_;
};

}  // namespace

Result<FeedImportReport> import_dbn(const FeedImportOptions& options, const FeedImportGoOn& go_on) {
  return DbnImport(options, go_on).run();
}

}  // namespace bourse
