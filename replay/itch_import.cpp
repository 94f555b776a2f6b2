#include "replay/itch_import.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "matching/broadcast_ring.h"  // BroadcastRing
#include "matching/engine.h"          // Engine
#include "matching/transaction.h"     // encode, encoded_bytes
#include "replay/directory.h"         // list_directory, is_directory_in_use
#include "replay/disk.h"              // posix_disk, disk_error
#include "replay/itch_batch.h"        // ItchBatch
#include "replay/itch_day.h"          // itch_midnight
#include "replay/log.h"               // Log

namespace bourse {
namespace {

constexpr std::size_t tail_bytes = std::size_t{16} << 20;
constexpr std::size_t group_bytes = std::size_t{1} << 20;  // handed to the journal at a time
constexpr std::uint64_t batches_per_question = 8192 / ItchBatch::messages_max;

std::filesystem::path file_of(const std::filesystem::path& directory, std::string_view name) {
  return directory / name;
}

// Refuses a directory that holds a journal, or empties it if that is wanted.
Result<void> make_way(const std::filesystem::path& directory, bool replace) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory, ignored)) return {};
  Disk& disk = posix_disk();
  const auto listing = list_directory(disk, directory);
  if (!listing) return std::unexpected(listing.error());
  if (listing->segments.empty()) return {};
  if (!replace) {
    return fail(ExitCode::cannot_create, "there is a journal already", directory.string(),
                "name another directory, or add --force to replace that journal");
  }
  if (!listing->strangers.empty()) {
    return fail(ExitCode::cannot_create,
                "holds files that are not the journal's, such as " + listing->strangers.front(),
                directory.string(), "move them away, or name another directory");
  }
  if (is_directory_in_use(disk, directory)) {
    return fail(ExitCode::busy, "the journal is in use", directory.string(),
                "stop the exchange that writes it, or name another directory");
  }
  std::vector<std::filesystem::path> files;
  for (const SegmentName& segment : listing->segments) {
    files.push_back(file_of(directory, to_string(segment)));
  }
  if (listing->has_watermark) files.push_back(file_of(directory, watermark_name));
  if (listing->has_next_segment) files.push_back(file_of(directory, next_segment_name));
  if (listing->has_reserve) files.push_back(file_of(directory, reserve_name));
  for (const std::filesystem::path& file : files) {
    if (const auto removed = disk.remove(file); !removed) {
      return std::unexpected(disk_error(removed.error(), "remove", file));
    }
  }
  return {};
}

// The engine thread's and the journal thread's work in one: numbers, encodes, appends, writes.
class TransactionWriter {
 public:
  TransactionWriter(Log& log, TimeNs start)
      : log_(log), ring_(log.tail().writer()), engine_(limits), time_(start) {}

  // What an engine has to decide is decided by one, so that the journal can be executed again.
  Result<void> write_executed(Command command) {
    stamp(command);
    engine_.apply(command, executed_);
    return append(command, executed_, engine_.state_hash());
  }
  const EventBuffer& executed() const { return executed_; }

  Result<void> write_imported(SymbolId symbol, const EventBuffer& events) {
    Command command{};
    command.type = CommandType::imported;
    command.symbol = symbol;
    stamp(command);
    return append(command, events, 0);
  }

  void advance(TimeNs time) { time_ = time; }
  TimeNs time() const { return time_; }
  Sequence sequence() const { return sequence_; }

  static constexpr Epoch epoch{1};
  // Every locate number of a day; no order ever comes to this engine.
  static constexpr EngineLimits limits{.symbols_max = 65'535, .accounts_max = 1, .orders_max = 1};

 private:
  void stamp(Command& command) {
    command.sequence = sequence_ = next(sequence_);
    command.time = time_;
  }

  Result<void> append(const Command& command, const EventBuffer& events, std::uint64_t state_hash) {
    const std::size_t bytes = encoded_bytes(command, events);
    scratch_.resize(std::max(scratch_.size(), (bytes + 7) / 8));
    const std::span<std::byte> record = std::as_writable_bytes(std::span(scratch_));
    encode(command, events, epoch, state_hash, record);
    pending_bytes_ += bytes;
    while (!ring_.append(record.first(bytes))) {
      if (auto stepped = step(); !stepped) return stepped;
    }
    return pending_bytes_ < group_bytes ? Result<void>{} : step();
  }

  Result<void> step() {
    pending_bytes_ = 0;
    const JournalWriter::Step done = log_.journal().step();
    if (done == JournalWriter::Step::stalled || done == JournalWriter::Step::failed) {
      return std::unexpected(log_.journal().failure());
    }
    return {};
  }

  Log& log_;
  BroadcastRing::Writer ring_;
  Engine engine_;
  EventBuffer executed_;
  std::vector<std::uint64_t> scratch_;  // 8-aligned
  std::size_t pending_bytes_ = 0;
  Sequence sequence_{0};
  TimeNs time_;
};

class ItchImport {
 public:
  ItchImport(const ItchImportOptions& options, ItchReader& reader, Log& log, TimeNs midnight)
      : reader_(reader), feed_(options.symbols), writer_(log, midnight), midnight_(midnight) {}

  Result<ItchImportReport> run(const std::function<bool(const ItchImportProgress&)>& go_on) {
    if (auto opened = open_epoch(); !opened) return std::unexpected(opened.error());
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
  Result<void> open_epoch() {
    Command command{};
    command.type = CommandType::open_epoch;
    command.epoch.epoch = TransactionWriter::epoch;
    command.epoch.symbols_max = TransactionWriter::limits.symbols_max;
    command.epoch.accounts_max = TransactionWriter::limits.accounts_max;
    command.epoch.orders_max = TransactionWriter::limits.orders_max;
    return writer_.write_executed(command);
  }

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
  TransactionWriter writer_;
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
  if (auto free = make_way(options.journal, options.replace); !free) {
    return std::unexpected(free.error());
  }
  // Nobody waits for a part of the day: one fdatasync at the end makes all of it durable.
  auto log = Log::open(
      {.directory = options.journal, .durability = Durability::memory, .tail_bytes = tail_bytes});
  if (!log) return std::unexpected(log.error());
  auto report = ItchImport(options, *reader, **log, *midnight).run(go_on);
  const auto finished = (*log)->journal().finish();
  if (report && !finished) return std::unexpected(finished.error());
  return report;
}

}  // namespace bourse
