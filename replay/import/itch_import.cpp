#include "replay/import/itch_import.h"

#include <utility>

#include "replay/import/import_journal.h"  // ImportJournal
#include "replay/itch/itch_batch.h"        // ItchBatch
#include "replay/itch/itch_day.h"          // itch_midnight

namespace bourse {
namespace {

constexpr std::uint64_t batches_per_question = 8192 / ItchBatch::messages_max;

class ItchImport {
 public:
  ItchImport(const ItchImportOptions& options, ItchReader& reader, ImportJournal& journal,
             TimeNs midnight)
      : reader_(reader), feed_(options.symbols), writer_(journal), midnight_(midnight) {}

  Result<ItchImportReport> run(const std::function<bool(const ItchImportProgress&)>& go_on) {
    std::uint64_t batches = 0;
    while (batch_.fill(reader_)) {
      feed_.books().expect(batch_.messages());
      for (std::size_t i = 0; i < batch_.messages().size(); ++i) {
        if (auto taken = take_message(batch_.messages()[i], batch_.number(i)); !taken) {
          return std::unexpected(taken.error());
        }
      }
      if (++batches % batches_per_question == 0 && go_on &&
          !go_on({reader_.bytes_done(), reader_.bytes_total(), reader_.messages()})) {
        report_.stopped = true;
        break;
      }
    }
    if (batch_.why() == ItchReader::Next::failed) return std::unexpected(reader_.error());
    return finish();
  }

 private:
  Result<void> take_message(std::span<const std::byte> message, std::uint64_t number) {
    message_number_ = number;
    advance_clock(message);
    ItchOutcome outcome = feed_.apply(message, events_);
    if (outcome == ItchOutcome::not_listed) {
      if (feed_.list_missing(events_) == ItchOutcome::events) {
        if (auto written = write_events(); !written) return written;
      }
      outcome = feed_.apply(message, events_);
    }
    note_first_troubles();
    return outcome == ItchOutcome::events ? write_events() : Result<void>{};
  }

  Result<void> write_events() {
    const PublicEvent& first = events_.public_events().front();
    if (first.kind != EventKind::definition) return writer_.write_imported(first.symbol, events_);
    const std::string& name = feed_.directory().name(first.symbol);
    Command command{};
    command.type = CommandType::define_instrument;
    command.instrument = itch_instrument(name);
    if (auto written = writer_.write_executed(command); !written) return written;
    const auto defined = writer_.executed().public_events();
    if (defined.empty() || defined.front().symbol != first.symbol) {
      return fail(ExitCode::data_damaged, "lists '" + name + "', which is no symbol or is not new",
                  reader_.name() + ", message " + std::to_string(message_number_),
                  "choose the stocks you want with --symbols");
    }
    return {};
  }

  void advance_clock(std::span<const std::byte> message) {
    itch::MessageHeader header;
    itch::FieldReader read(message.data() + 1);
    itch::MessageHeader::fields(header, read);
    const TimeNs time{midnight_.value() + static_cast<std::int64_t>(header.timestamp.ns)};
    if (report_.first_time.value() == 0) report_.first_time = time;
    if (time < writer_.time()) {
      ++report_.clock_reversals;
    } else {
      writer_.advance(time);
    }
  }

  void note_first_troubles() {
    if (feed_.counts().faults_all() != 0 && report_.first_fault_message == 0) {
      report_.first_fault_message = message_number_;
    }
    if (feed_.counts().crossed != 0 && report_.first_crossed_message == 0) {
      report_.first_crossed_message = message_number_;
    }
  }

  ItchImportReport finish() {
    report_.counts = reader_.counts();
    report_.messages = reader_.messages();
    report_.unknown_messages = reader_.unknown_messages();
    report_.bytes = reader_.bytes_done();
    report_.feed = feed_.counts();
    report_.missing_symbols = feed_.directory().missing();
    report_.last_sequence = writer_.sequence();
    report_.last_time = writer_.time();
    for (std::uint32_t id = 1; id <= feed_.directory().symbol_count(); ++id) {
      const ItchBook book = feed_.book(SymbolId{id});
      report_.stocks.push_back({feed_.directory().name(SymbolId{id}), book.best(),
                                book.order_count(), feed_.last_rpt(SymbolId{id}).value()});
    }
    return std::move(report_);
  }

  ItchReader& reader_;
  ItchBatch batch_;
  std::uint64_t message_number_ = 0;
  ItchFeed feed_;
  ImportJournal& writer_;
  TimeNs midnight_;
  EventBuffer events_;
  ItchImportReport report_;
};

}  // namespace

Result<ItchImportReport> import_itch(const ItchImportOptions& options,
                                     const std::function<bool(const ItchImportProgress&)>& go_on) {
  const auto midnight = itch_midnight(options.date, options.file);
  if (!midnight) return std::unexpected(midnight.error());
  auto reader = ItchReader::open(options.file);
  if (!reader) return std::unexpected(reader.error());
  auto journal = ImportJournal::open(options.journal, options.replace, *midnight);
  if (!journal) return std::unexpected(journal.error());
  auto report = ItchImport(options, *reader, **journal, *midnight).run(go_on);
  const auto finished = (*journal)->finish();
  if (report && !finished) return std::unexpected(finished.error());
  return report;
}

}  // namespace bourse
