#include "replay/export/journal_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "replay/log/snapshot_file.h"      // market_of
#include "replay/log/snapshot_reader.h"    // SnapshotReader
#include "replay/snapshot/book_history.h"  // snapshot_before
#include "replay/text/time_text.h"         // time_text

namespace bourse {
namespace {

constexpr std::uint64_t transactions_per_question = 65'536;

class Surveyor {
 public:
  Surveyor(const Log& log, const JournalRange& range) : log_(log), range_(range) {}

  Result<void> bound();
  Result<JournalSurvey> run(const std::function<bool()>& go_on);

 private:
  std::unexpected<Error> outside(const std::string& asked) const;
  Result<TimeNs> time_of(Sequence sequence) const;
  Sequence start_from_snapshot();
  void learn(const TransactionView& transaction);
  void define(const ExportInstrument& instrument, bool before);

  const Log& log_;
  const JournalRange& range_;
  Sequence head_{0};
  JournalSurvey out_;
};

Result<TimeNs> Surveyor::time_of(Sequence sequence) const {
  auto cursor = log_.cursor(sequence);
  if (!cursor) return std::unexpected(cursor.error());
  if (cursor->next() != Cursor::Next::transaction) return TimeNs{0};
  return cursor->transaction().time();
}

std::unexpected<Error> Surveyor::outside(const std::string& asked) const {
  const Sequence earliest = log_.earliest_sequence();
  const auto first = time_of(earliest);
  const auto last = time_of(head_);
  std::string next = fmt::format("there are sequences {} to {}", earliest.value(), head_.value());
  if (first && last) next += fmt::format(", from {} to {}", time_text(*first), time_text(*last));
  return fail(ExitCode::usage, asked + " is not in the journal", log_.directory().string(), next);
}

Result<void> Surveyor::bound() {
  head_ = log_.released_sequence();
  const Sequence earliest = log_.earliest_sequence();
  if (head_ < earliest) {
    return fail(ExitCode::usage, "the journal is empty so far", log_.directory().string(),
                "try again when something has happened in it");
  }
  out_.first = earliest;
  out_.last = head_;
  for (const auto& wanted : {range_.first, range_.last}) {
    if (wanted && (*wanted < earliest || *wanted > head_)) {
      return outside(fmt::format("sequence {}", wanted->value()));
    }
  }
  if (range_.first) out_.first = *range_.first;
  if (range_.last) out_.last = *range_.last;
  const auto place = [&](TimeNs time) -> Result<Sequence> {
    auto cursor = log_.cursor(earliest);
    if (!cursor) return std::unexpected(cursor.error());
    if (auto found = cursor->seek(time); !found) return std::unexpected(found.error());
    return cursor->position();
  };
  if (range_.start) {
    const auto first = place(*range_.start);
    if (!first) return std::unexpected(first.error());
    out_.first = std::max(out_.first, *first);
  }
  if (range_.end) {
    const auto behind = place(*range_.end);
    if (!behind) return std::unexpected(behind.error());
    out_.last = std::min(out_.last, Sequence{behind->value() - 1});
  }
  if (out_.first <= out_.last) return {};
  return outside(range_.start || range_.end ? "a transaction of these times" : "such a range");
}

void Surveyor::define(const ExportInstrument& instrument, bool before) {
  if (before) out_.defined_before.push_back(instrument);
  const auto at =
      std::ranges::lower_bound(out_.instruments, instrument.symbol, {}, &ExportInstrument::symbol);
  if (at != out_.instruments.end() && at->symbol == instrument.symbol) {
    at->body = instrument.body;
  } else {
    out_.instruments.insert(at, instrument);
  }
}

void Surveyor::learn(const TransactionView& transaction) {
  const CommandType type = transaction.command_type();
  if (type != CommandType::define_instrument && type != CommandType::change_instrument) return;
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind != EventKind::definition) continue;
    define({event.symbol, transaction.sequence(), transaction.command().instrument},
           transaction.sequence() < out_.first);
  }
}

// The definitions that the newest sound snapshot before the range knows, and where to read on.
Sequence Surveyor::start_from_snapshot() {
  const Sequence earliest = log_.earliest_sequence();
  const auto snapshot = snapshot_before(log_, out_.first);
  if (!snapshot || *snapshot == nullptr) return earliest;
  const auto market = market_of(**snapshot);
  if (!market) return earliest;  // one that is damaged is no loss where the log has it all
  for (std::uint32_t id = 1; id <= market->symbol_count(); ++id) {
    const InstrumentBody* const body = market->instrument(SymbolId{id});
    if (body != nullptr) define({SymbolId{id}, (*snapshot)->header().sequence, *body}, true);
  }
  return next((*snapshot)->header().sequence);
}

Result<JournalSurvey> Surveyor::run(const std::function<bool()>& go_on) {
  auto cursor = log_.cursor(start_from_snapshot());
  if (!cursor) return std::unexpected(cursor.error());
  for (std::uint64_t seen = 1; cursor->position() <= out_.last; ++seen) {
    if (seen % transactions_per_question == 0 && go_on && !go_on()) {
      return fail(ExitCode::interrupted, "interrupted", log_.directory().string());
    }
    const Cursor::Next found = cursor->next();
    if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
    if (found == Cursor::Next::at_head) break;
    const TransactionView& transaction = cursor->transaction();
    learn(transaction);
    if (transaction.sequence() < out_.first) continue;
    if (out_.transactions++ == 0) out_.first_time = transaction.time();
    out_.last_time = transaction.time();
    out_.bytes += transaction.bytes().size();
  }
  return std::move(out_);
}

}  // namespace

Result<JournalSurvey> survey_journal(const Log& log, const JournalRange& range,
                                     const std::function<bool()>& go_on) {
  Surveyor surveyor(log, range);
  if (auto bounded = surveyor.bound(); !bounded) return std::unexpected(bounded.error());
  return surveyor.run(go_on);
}

}  // namespace bourse
