#include "replay/snapshot/book_keyframes.h"

#include <utility>

#include <fmt/format.h>

#include "replay/log/snapshot_catalog.h"  // list_snapshots, snapshot_path
#include "replay/log/snapshot_file.h"     // write_books

namespace bourse {
namespace {

constexpr std::uint64_t followed_per_step = 4096;

}  // namespace

Result<BookKeyframes> BookKeyframes::open(const Log& log, MarketState market, std::uint64_t every) {
  auto cursor = log.cursor(next(market.sequence()));
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  return BookKeyframes(log, std::move(*cursor), std::move(market), every);
}

BookKeyframes::BookKeyframes(const Log& log, Cursor cursor, MarketState market, std::uint64_t every)
    : log_(&log),
      cursor_(std::move(cursor)),
      market_(std::move(market)),
      every_(every),
      last_(market_.sequence()) {}

Result<bool> BookKeyframes::step(TimeNs now) {
  if (every_ == 0) return false;
  for (std::uint64_t i = 0; i < followed_per_step; ++i) {
    switch (cursor_.next()) {
      case Cursor::Next::at_head:
        return false;
      case Cursor::Next::failed:
        return std::unexpected(cursor_.error());
      case Cursor::Next::transaction:
        break;
    }
    const TransactionView& transaction = cursor_.transaction();
    if (const DepthError error = market_.apply(transaction); error != DepthError::none) {
      return fail(ExitCode::data_damaged,
                  fmt::format("the public events do not fit the book: {}", to_string(error)),
                  fmt::format("sequence {}", transaction.sequence().value()));
    }
    bytes_since_ += transaction.bytes().size();
    const bool is_due = market_.sequence().value() - last_.value() >= every_ &&
                        bytes_since_ >= share_max * last_bytes_;
    if (!is_due) continue;
    last_ = market_.sequence();
    bytes_since_ = 0;
    const auto written = write_books(log_->disk(), log_->directory(),
                                     {.journal = log_->journal_id(),
                                      .sequence = transaction.sequence(),
                                      .time = transaction.time(),
                                      .epoch = transaction.epoch(),
                                      .state_hash = transaction.state_hash(),
                                      .created_at = now},
                                     market_);
    if (!written) return std::unexpected(written.error());
    last_bytes_ = written->file_bytes;
    ++written_;
    remove_old();
    return true;
  }
  return true;
}

// Those before the log are of no use: nothing can be rolled forward from them.
void BookKeyframes::remove_old() const {
  const Sequence earliest = log_->earliest_sequence();
  if (earliest == Sequence{1}) return;
  const auto sequences = list_snapshots(log_->disk(), log_->directory(), SnapshotKind::books);
  if (!sequences) return;
  for (const Sequence sequence : *sequences) {
    if (next(sequence) >= earliest) return;
    static_cast<void>(
        log_->disk().remove(snapshot_path(log_->directory(), sequence, SnapshotKind::books)));
  }
}

}  // namespace bourse
