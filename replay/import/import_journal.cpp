#include "replay/import/import_journal.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "matching/transaction.h"   // encode, encoded_bytes
#include "replay/disk/directory.h"  // list_directory, is_directory_in_use
#include "replay/disk/disk.h"       // posix_disk, disk_error

namespace bourse {
namespace {

constexpr std::size_t tail_bytes = std::size_t{16} << 20;
constexpr std::size_t group_bytes = std::size_t{1} << 20;  // handed to the journal at a time

Result<void> remove_file(Disk& disk, const std::filesystem::path& file) {
  if (const auto removed = disk.remove(file); !removed) {
    return std::unexpected(disk_error(removed.error(), "remove", file));
  }
  return {};
}

// All that is the log's, what tells of it last: a crash in between leaves a journal or nothing.
Result<void> remove_journal(Disk& disk, const std::filesystem::path& directory) {
  // Of a segment that is there raw and compressed a listing names one at a time.
  for (;;) {
    const auto listing = list_directory(disk, directory);
    if (!listing) return std::unexpected(listing.error());
    if (listing->segments.empty()) break;
    for (const SegmentName& segment : listing->segments) {
      const std::filesystem::path file = directory / to_string(segment);
      if (auto removed = remove_file(disk, file); !removed) return removed;
    }
  }
  for (const std::string_view name :
       {watermark_name, next_segment_name, reserve_name, manifest_name}) {
    const std::filesystem::path file = directory / name;
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) continue;
    if (auto removed = remove_file(disk, file); !removed) return removed;
  }
  return {};
}

// Refuses a directory that holds a journal, or empties it if that is wanted.
Result<void> make_way(const std::filesystem::path& directory, bool replace) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory, ignored)) return {};
  Disk& disk = posix_disk();
  const auto listing = list_directory(disk, directory);
  if (!listing) return std::unexpected(listing.error());
  // A journal without segments is none; what a crash may have left of one goes too.
  if (listing->segments.empty()) return replace ? remove_journal(disk, directory) : Result<void>{};
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
  return remove_journal(disk, directory);
}

}  // namespace

Result<std::unique_ptr<ImportJournal>> ImportJournal::open(const std::filesystem::path& directory,
                                                           bool replace, TimeNs start) {
  if (auto free = make_way(directory, replace); !free) return std::unexpected(free.error());
  auto log = Log::open(
      {.directory = directory, .durability = Durability::memory, .tail_bytes = tail_bytes});
  if (!log) return std::unexpected(log.error());
  std::unique_ptr<ImportJournal> journal(new ImportJournal(std::move(*log), start));
  Command command{};
  command.type = CommandType::open_epoch;
  command.epoch.epoch = epoch;
  command.epoch.symbols_max = limits.symbols_max;
  command.epoch.accounts_max = limits.accounts_max;
  command.epoch.orders_max = limits.orders_max;
  if (auto opened = journal->write_executed(command); !opened) {
    return std::unexpected(opened.error());
  }
  return journal;
}

ImportJournal::ImportJournal(std::unique_ptr<Log> log, TimeNs start)
    : log_(std::move(log)), ring_(log_->tail().writer()), engine_(limits), time_(start) {}

Result<void> ImportJournal::write_executed(Command command) {
  stamp(command);
  engine_.apply(command, executed_);
  return append(command, executed_, engine_.state_hash());
}

Result<void> ImportJournal::write_imported(SymbolId symbol, const EventBuffer& events) {
  Command command{};
  command.type = CommandType::imported;
  command.symbol = symbol;
  stamp(command);
  return append(command, events, 0);
}

Result<void> ImportJournal::finish() { return log_->journal().finish(); }

void ImportJournal::stamp(Command& command) {
  command.sequence = sequence_ = next(sequence_);
  command.time = time_;
}

Result<void> ImportJournal::append(const Command& command, const EventBuffer& events,
                                   std::uint64_t state_hash) {
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

Result<void> ImportJournal::step() {
  pending_bytes_ = 0;
  const JournalWriter::Step done = log_->journal().step();
  if (done == JournalWriter::Step::stalled || done == JournalWriter::Step::failed) {
    return std::unexpected(log_->journal().failure());
  }
  return {};
}

}  // namespace bourse
