#include "replay/upkeep/divergent_tail.h"

#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "replay/disk/directory.h"         // list_directory, lock_directory
#include "replay/disk/file_copy.h"         // copy_file
#include "replay/disk/file_pieces.h"       // for_each_piece
#include "replay/log/record_scanner.h"     // RecordScanner
#include "replay/log/segment_reader.h"     // SegmentReader
#include "replay/log/snapshot_catalog.h"   // list_snapshots
#include "replay/snapshot/definitions.h"   // definitions_before
#include "replay/text/time_text.h"         // time_text
#include "replay/text/transaction_text.h"  // TransactionText, TransactionRows

namespace bourse {
namespace {

// A file that is written from its beginning to its end.
class TextFile {
 public:
  static Result<TextFile> make(Disk& disk, std::filesystem::path path) {
    static_cast<void>(disk.remove(path));  // of a try that was cut off
    auto file = disk.open(path, OpenMode::create);
    if (!file) return std::unexpected(disk_error(file.error(), "making", path));
    return TextFile(std::move(*file), std::move(path));
  }
  std::string& text() { return text_; }
  Result<void> flush_if_full() { return text_.size() < piece_bytes ? Result<void>{} : flush(); }
  Result<void> finish() {
    if (auto done = flush(); !done) return done;
    if (const auto synced = file_->sync(); !synced)
      return std::unexpected(disk_error(synced.error(), "syncing", path_));
    return {};
  }

 private:
  TextFile(std::unique_ptr<DiskFile> file, std::filesystem::path path)
      : file_(std::move(file)), path_(std::move(path)) {}
  Result<void> flush() {
    const auto written = file_->write(std::as_bytes(std::span(text_)), at_);
    if (!written) return std::unexpected(disk_error(written.error(), "writing", path_));
    at_ += text_.size();
    text_.clear();
    return {};
  }

  std::unique_ptr<DiskFile> file_;
  std::filesystem::path path_;
  std::string text_;
  std::uint64_t at_ = 0;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

void append_orders(const TransactionView& transaction, TransactionRows& rows, std::string& out) {
  for (const Row& row : rows.rows(transaction)) {
    if (row.part != RowPart::report) continue;
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", transaction.sequence().value(),
                       time_text(transaction.time()), row.account, row.client_sequence,
                       quoted(row.client_order_id), row.order_id, row.kind, row.symbol, row.side,
                       row.price, row.quantity, row.leaves);
  }
}

class Quarantine {
 public:
  Quarantine(const LogOptions& options, Sequence first)
      : options_(options),
        disk_(options.disk != nullptr ? *options.disk : posix_disk()),
        first_(first) {}

  Result<DivergentTail> run() {
    if (auto done = describe(); !done) return std::unexpected(std::move(done.error()));
    if (auto done = keep_files(); !done) return std::unexpected(std::move(done.error()));
    if (auto done = make_shorter(); !done) return std::unexpected(std::move(done.error()));
    if (auto done = cut(); !done) return std::unexpected(std::move(done.error()));
    return std::move(tail_);
  }

 private:
  Result<void> describe();
  Result<void> keep_files();
  Result<void> keep(const std::string& name);
  Result<void> make_shorter();
  Result<std::uint64_t> offset_of_first(const SegmentReader& segment) const;
  Result<void> cut();
  Result<void> remove(const std::filesystem::path& path);

  const LogOptions& options_;
  Disk& disk_;
  const Sequence first_;
  DivergentTail tail_;
  std::vector<SegmentName> segments_;  // that hold any of it, ascending
  std::filesystem::path shorter_;      // takes the place of the first of them; empty: nothing does
};

// Reads the tail to its end, so that a folder with its texts is there before anything is changed.
Result<void> Quarantine::describe() {
  LogOptions reading = options_;
  reading.read_only = true;
  const auto log = Log::open(reading);
  if (!log) return std::unexpected(log.error());
  tail_.first = first_;
  tail_.last = (*log)->last_sequence();
  tail_.epoch = (*log)->last_epoch();
  tail_.folder =
      options_.directory / divergent_folder /
      fmt::format("{:020}-{:020}-{:08x}", first_.value(), tail_.last.value(), tail_.epoch.value());
  if (const auto made = disk_.make_directory(tail_.folder); !made)
    return std::unexpected(disk_error(made.error(), "making", tail_.folder));

  auto orders = TextFile::make(disk_, tail_.folder / "orders.csv");
  if (!orders) return std::unexpected(std::move(orders.error()));
  auto transactions = TextFile::make(disk_, tail_.folder / "transactions.jsonl");
  if (!transactions) return std::unexpected(std::move(transactions.error()));
  const auto definitions = definitions_before(**log, first_);
  if (!definitions) return std::unexpected(definitions.error());
  TransactionText text(TextFormat::json);
  TransactionRows rows;
  for (const Definition& definition : *definitions) {
    text.learn(definition.symbol, definition.instrument);
    rows.learn(definition.symbol, definition.instrument);
  }
  orders->text() =
      "sequence,time,account,client_seq,client_order_id,order_id,report,symbol,side,price,"
      "quantity,leaves\n";
  auto cursor = (*log)->cursor(first_);
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  for (;;) {
    const Cursor::Next found = cursor->next();
    if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
    if (found == Cursor::Next::at_head) break;
    const TransactionView& transaction = cursor->transaction();
    text.append(transaction, transactions->text());
    append_orders(transaction, rows, orders->text());
    ++tail_.transactions;
    for (std::size_t i = 0; i < transaction.exec_count(); ++i)
      ++tail_.reports[transaction.exec_event(i).account.value()];
    if (auto done = orders->flush_if_full(); !done) return done;
    if (auto done = transactions->flush_if_full(); !done) return done;
  }
  if (auto done = orders->finish(); !done) return done;
  return transactions->finish();
}

Result<void> Quarantine::keep(const std::string& name) {
  const auto to = tail_.folder / name;
  static_cast<void>(disk_.remove(to));
  const auto path = options_.directory / name;
  const auto file = disk_.open(path, OpenMode::read);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", path));
  const auto copied = copy_file(disk_, **file, path, to);
  if (!copied) return std::unexpected(copied.error());
  return {};
}

Result<void> Quarantine::keep_files() {
  const auto listing = list_directory(disk_, options_.directory);
  if (!listing) return std::unexpected(listing.error());
  for (std::size_t i = 0; i < listing->segments.size(); ++i) {
    const bool ends_before =
        i + 1 < listing->segments.size() && listing->segments[i + 1].base <= first_;
    if (!ends_before) segments_.push_back(listing->segments[i]);
  }
  for (const SegmentName& name : segments_)
    if (auto done = keep(to_string(name)); !done) return done;
  if (listing->has_watermark)
    if (auto done = keep(std::string(watermark_name)); !done) return done;

  auto done = disk_.sync_directory(tail_.folder);
  if (done) done = disk_.sync_directory(tail_.folder.parent_path());
  if (done) done = disk_.sync_directory(options_.directory);
  if (!done) return std::unexpected(disk_error(done.error(), "setting aside", tail_.folder));
  return {};
}

Result<void> Quarantine::remove(const std::filesystem::path& path) {
  if (const auto removed = disk_.remove(path); !removed && removed.error() != ENOENT)
    return std::unexpected(disk_error(removed.error(), "removing", path));
  return {};
}

Result<std::uint64_t> Quarantine::offset_of_first(const SegmentReader& segment) const {
  RecordScanner scanner(segment.file(), segment.header().salt);
  scanner.start(segment_header_bytes);
  for (;;) {
    switch (scanner.next()) {
      case RecordScanner::Found::record:
        if (scanner.header().type == RecordType::transaction && scanner.header().sequence >= first_)
          return scanner.offset();
        break;
      case RecordScanner::Found::unreadable:
        return std::unexpected(disk_error(scanner.read_error(), "reading", segment.path()));
      case RecordScanner::Found::end:
      case RecordScanner::Found::damaged:
        return scanner.offset();  // the log has been read past it: it was cut meanwhile
    }
  }
}

// A record's checksum covers its place in its segment, so what stays of the first segment is a copy
// of its beginning, as it is.
Result<void> Quarantine::make_shorter() {
  SegmentName name = segments_.front();
  if (name.base == first_ && first_.value() > 1) return {};
  const auto segment = SegmentReader::open(disk_, options_.directory, name);
  if (!segment) return std::unexpected(segment.error());
  const auto end = offset_of_first(**segment);
  if (!end) return std::unexpected(end.error());
  name.sealed = name.compressed = false;
  shorter_ = options_.directory / (to_string(name) + std::string(unfinished_suffix));
  static_cast<void>(disk_.remove(shorter_));
  const auto file = disk_.open(shorter_, OpenMode::create);
  if (!file) return std::unexpected(disk_error(file.error(), "making", shorter_));
  auto copied =
      for_each_piece((*segment)->file(), (*segment)->path(), 0, *end,
                     [&](std::span<const std::byte> piece, std::uint64_t at) -> Result<void> {
                       if (const auto put = (*file)->write(piece, at); !put)
                         return std::unexpected(disk_error(put.error(), "writing", shorter_));
                       return {};
                     });
  if (!copied) return copied;
  if (const auto synced = (*file)->sync(); !synced)
    return std::unexpected(disk_error(synced.error(), "syncing", shorter_));
  return {};
}

// Newest first, so that a crash leaves a log that is whole and shorter. The watermark goes before
// all of them: it promises what is about to go.
Result<void> Quarantine::cut() {
  const auto& directory = options_.directory;
  const auto lock = lock_directory(disk_, directory);
  if (!lock) return std::unexpected(lock.error());
  const auto sync = [&]() -> Result<void> {
    if (const auto synced = disk_.sync_directory(directory); !synced)
      return std::unexpected(disk_error(synced.error(), "syncing", directory));
    return {};
  };
  for (const SnapshotKind kind : {SnapshotKind::state, SnapshotKind::books}) {
    const auto snapshots = list_snapshots(disk_, directory, kind);
    if (!snapshots) return std::unexpected(snapshots.error());
    for (const Sequence sequence : *snapshots)
      if (sequence >= first_)
        if (auto done = remove(snapshot_path(directory, sequence, kind)); !done) return done;
  }
  if (auto done = remove(directory / watermark_name); !done) return done;
  if (auto done = sync(); !done) return done;
  for (auto name = segments_.rbegin(); name != segments_.rend(); ++name) {
    const bool is_replaced = *name == segments_.front() && !shorter_.empty() && !name->sealed;
    if (is_replaced) break;
    if (auto done = remove(directory / to_string(*name)); !done) return done;
    if (auto done = sync(); !done) return done;
  }
  if (shorter_.empty()) return {};
  std::filesystem::path open = shorter_;
  open.replace_extension();  // without .tmp
  if (const auto renamed = disk_.rename(shorter_, open); !renamed)
    return std::unexpected(disk_error(renamed.error(), "putting in place", open));
  return sync();
}

}  // namespace

Result<DivergentTail> set_divergent_tail_aside(const LogOptions& options, Sequence first) {
  return Quarantine(options, first).run();
}

}  // namespace bourse
