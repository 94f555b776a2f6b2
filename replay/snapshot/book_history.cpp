#include "replay/snapshot/book_history.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "replay/log/snapshot_catalog.h"  // list_snapshots
#include "replay/log/snapshot_file.h"     // book_of
#include "replay/text/time_text.h"        // time_text

namespace bourse {
namespace {

Error outside(const Log& log, std::string asked) {
  const std::uint64_t first = log.earliest_sequence().value();
  const std::uint64_t last = log.released_sequence().value();
  return Error{.code = ExitCode::usage,
               .what = std::move(asked) + " is not in the log",
               .where = log.directory().string(),
               .next = last < first ? "the log is empty"
                                    : fmt::format("sequences {} to {} are there", first, last)};
}

class Rolling {
 public:
  Rolling(std::string_view symbol, std::vector<std::string>* known)
      : name_(symbol), known_(known) {}

  Result<void> start(const SnapshotReader& snapshot);
  DepthError follow(const TransactionView& transaction);
  bool is_defined() const { return static_cast<bool>(out.symbol); }

  BookAt out;

 private:
  void learn(SymbolId symbol, const InstrumentBody& instrument) {
    if (known_ != nullptr) known_->emplace_back(instrument.symbol_view());
    if (is_defined() || instrument.symbol_view() != name_) return;
    out.symbol = symbol;
    out.instrument = instrument;
    out.book = DepthBook(instrument.tick_size_e9, instrument.lot_size);
  }

  std::string_view name_;
  std::vector<std::string>* known_;
};

Result<void> Rolling::start(const SnapshotReader& snapshot) {
  out.snapshot = snapshot.header().sequence;
  out.time = snapshot.header().time;
  out.epoch = snapshot.header().epoch;
  const auto symbols = snapshot.records<MarketSymbolImage>(SnapshotSectionKind::market_symbols);
  if (!symbols) return std::unexpected(symbols.error());
  for (const MarketSymbolImage& symbol : *symbols) learn(symbol.symbol, symbol.instrument);
  if (!is_defined()) return {};
  auto book = book_of(snapshot, out.symbol);
  if (!book) return std::unexpected(std::move(book.error()));
  if (*book) out.book = std::move(**book);
  return {};
}

DepthError Rolling::follow(const TransactionView& transaction) {
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind == EventKind::definition) [[unlikely]] {
      const InstrumentBody instrument = transaction.command().instrument;
      learn(event.symbol, instrument);
      if (event.symbol == out.symbol) out.instrument = instrument;
    }
    if (event.symbol != out.symbol || !is_defined()) continue;
    ++out.events;
    if (const DepthError error = out.book.apply(event); error != DepthError::none) return error;
  }
  return DepthError::none;
}

}  // namespace

Result<std::shared_ptr<const SnapshotReader>> snapshot_before(const Log& log, Sequence from) {
  std::vector<std::pair<Sequence, SnapshotKind>> candidates;
  for (const SnapshotKind kind : {SnapshotKind::state, SnapshotKind::books}) {
    const auto sequences = list_snapshots(log.disk(), log.directory(), kind);
    if (!sequences) return std::unexpected(sequences.error());
    for (const Sequence sequence : *sequences) {
      if (sequence >= from || next(sequence) < log.earliest_sequence()) continue;
      candidates.emplace_back(sequence, kind);
    }
  }
  std::ranges::sort(candidates, std::greater{});
  for (const auto& [sequence, kind] : candidates) {
    auto reader = SnapshotReader::open(log.disk(), log.directory(), sequence, kind);
    if (reader && (*reader)->header().journal == log.journal_id()) return reader;
  }
  return std::shared_ptr<const SnapshotReader>();
}

namespace {

// At the nearest snapshot whose book is sound, or at the beginning of the log.
Result<Rolling> start_of(const Log& log, std::string_view symbol, Sequence at,
                         std::vector<std::string>* known) {
  for (Sequence below = next(at);;) {
    const auto snapshot = snapshot_before(log, below);
    if (!snapshot) return std::unexpected(snapshot.error());
    if (known != nullptr) known->clear();
    Rolling rolling(symbol, known);
    if (*snapshot == nullptr) {
      // Perhaps not even the oldest snapshot reaches so far back.
      if (log.earliest_sequence() == Sequence{1}) return rolling;
      return std::unexpected(outside(log, fmt::format("the book at sequence {}", at.value())));
    }
    if (rolling.start(**snapshot)) return rolling;
    below = (*snapshot)->header().sequence;
  }
}

}  // namespace

Result<BookAt> book_at(const Log& log, std::string_view symbol, Sequence at,
                       std::vector<std::string>* known) {
  if (!at || at > log.released_sequence()) {
    return std::unexpected(outside(log, fmt::format("sequence {}", at.value())));
  }
  auto begun = start_of(log, symbol, at, known);
  if (!begun) return std::unexpected(std::move(begun.error()));
  Rolling& rolling = *begun;
  BookAt& out = rolling.out;
  if (out.snapshot < at) {
    auto cursor = log.cursor(next(out.snapshot));
    if (!cursor) return std::unexpected(cursor.error());
    while (cursor->position() <= at) {
      const Cursor::Next found = cursor->next();
      if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
      if (found == Cursor::Next::at_head) break;
      const TransactionView& transaction = cursor->transaction();
      if (const DepthError error = rolling.follow(transaction); error != DepthError::none) {
        return fail(ExitCode::data_damaged,
                    fmt::format("the public events do not fit the book: {}", to_string(error)),
                    fmt::format("sequence {}", transaction.sequence().value()));
      }
      ++out.transactions;
      out.time = transaction.time();
      out.epoch = transaction.epoch();
    }
  }
  if (!rolling.is_defined()) {
    return fail(ExitCode::usage,
                fmt::format("there was no symbol {} at sequence {}", symbol, at.value()),
                log.directory().string());
  }
  out.sequence = at;
  return std::move(out);
}

Result<Sequence> sequence_at(const Log& log, TimeNs time) {
  auto cursor = log.cursor(log.earliest_sequence());
  if (!cursor) return std::unexpected(cursor.error());
  if (time.value() == std::numeric_limits<std::int64_t>::max()) return log.released_sequence();
  if (auto found = cursor->seek(TimeNs{time.value() + 1}); !found) {
    return std::unexpected(std::move(found.error()));
  }
  const Sequence at{cursor->position().value() - 1};
  if (at < log.earliest_sequence()) {
    return std::unexpected(outside(log, "time " + time_text(time)));
  }
  return at;
}

}  // namespace bourse
