#include "replay/snapshot/market_history.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "replay/log/snapshot_file.h"      // market_of
#include "replay/snapshot/book_history.h"  // snapshot_before

namespace bourse {
namespace {

constexpr std::uint64_t asks_every = 1024;

Error outside(const Log& log, Sequence from) {
  return Error{.code = ExitCode::usage,
               .what = fmt::format("the market before sequence {} is not in the log", from.value()),
               .where = log.directory().string(),
               .next = fmt::format("sequences {} to {} are there", log.earliest_sequence().value(),
                                   log.released_sequence().value())};
}

// The nearest point that is sound: a snapshot, what the caller knows, or the beginning.
Result<MarketAt> start_of(const Log& log, Sequence from, MarketAt known) {
  const bool is_known = known.market.sequence() && known.market.sequence() < from;
  for (Sequence below = from;;) {
    auto snapshot = snapshot_before(log, below);
    if (!snapshot) return std::unexpected(std::move(snapshot.error()));
    if (is_known &&
        (*snapshot == nullptr || (*snapshot)->header().sequence <= known.market.sequence())) {
      return known;
    }
    if (*snapshot == nullptr) {
      if (log.earliest_sequence() > Sequence{1}) return std::unexpected(outside(log, from));
      return MarketAt{};
    }
    if (auto market = market_of(**snapshot)) {
      const SnapshotHeader& header = (*snapshot)->header();
      return MarketAt{.market = std::move(*market), .time = header.time, .epoch = header.epoch};
    }
    below = (*snapshot)->header().sequence;
  }
}

}  // namespace

Result<MarketAt> market_before(const Log& log, Sequence from, MarketAt known,
                               const std::function<bool()>& stop) {
  if (!from || from > next(log.released_sequence())) return std::unexpected(outside(log, from));
  auto at = start_of(log, from, std::move(known));
  if (!at) return at;
  auto cursor = log.cursor(next(at->market.sequence()));
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  for (std::uint64_t read = 0; cursor->position() < from; ++read) {
    if (stop && read % asks_every == 0 && stop()) {
      return fail(ExitCode::interrupted, "stopped before the sequence was reached");
    }
    switch (cursor->next()) {
      case Cursor::Next::failed:
        return std::unexpected(cursor->error());
      case Cursor::Next::at_head:
        return std::unexpected(outside(log, from));
      case Cursor::Next::transaction:
        break;
    }
    const TransactionView& transaction = cursor->transaction();
    if (const DepthError error = at->market.apply(transaction); error != DepthError::none) {
      return fail(ExitCode::data_damaged,
                  fmt::format("the public events do not fit the book: {}", to_string(error)),
                  fmt::format("sequence {}", transaction.sequence().value()));
    }
    at->time = transaction.time();
    at->epoch = transaction.epoch();
  }
  return at;
}

// Epochs never go back, so bisection finds where one begins.
Result<Sequence> first_of_epoch(const Log& log, Epoch epoch) {
  std::uint64_t low = log.earliest_sequence().value();
  std::uint64_t high = log.released_sequence().value() + 1;
  if (low >= high) return Sequence{high};
  auto cursor = log.cursor(Sequence{low});
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  const std::uint64_t end = high;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (auto sought = cursor->seek(Sequence{middle}); !sought) {
      return std::unexpected(std::move(sought.error()));
    }
    if (cursor->next() != Cursor::Next::transaction) return std::unexpected(cursor->error());
    if (cursor->transaction().epoch() < epoch)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == end) return Sequence{end};
  if (auto sought = cursor->seek(Sequence{low}); !sought) {
    return std::unexpected(std::move(sought.error()));
  }
  if (cursor->next() != Cursor::Next::transaction) return std::unexpected(cursor->error());
  return Sequence{cursor->transaction().epoch() == epoch ? low : end};
}

}  // namespace bourse
