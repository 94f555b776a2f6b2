// The market of one replay: finds its place in the log, then takes transaction by transaction into
// a hub of its own, from which a session is fed as from a live one.
//   Shape:  the place is looked for by a thread of its own, since rolling the books forward may
//           take long; then next() shows the transaction that comes and take() plays it.
//   Owner:  one session, on its io thread. Must not outlive the log.
//   Errors: place() tells why a place cannot be reached; next() that the log cannot be read.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string_view>

#include "feed/feed_options.h"               // FeedOptions
#include "feed/instrument_table.h"           // InstrumentTable
#include "feed/market/hub.h"                 // Hub
#include "matching/transaction.h"            // TransactionView
#include "matching/types.h"                  // Sequence
#include "replay/log/log.h"                  // Log, Cursor
#include "replay/result.h"                   // Result, Error
#include "replay/snapshot/market_history.h"  // MarketAt

namespace bourse {

class ReplayPlayer {
 public:
  ReplayPlayer(const Log& log, const FeedOptions& options, const InstrumentTable& known);
  ~ReplayPlayer();
  ReplayPlayer(const ReplayPlayer&) = delete;
  ReplayPlayer& operator=(const ReplayPlayer&) = delete;

  // Begins to look for the place just before this transaction. Until poll() has found it, take()
  // must not be called.
  void go_to(Sequence sequence);
  enum class State : std::uint8_t { idle = 0, looking = 1, found = 2, failed = 3 };
  // `found` once after each go_to(): then there is a new hub that stands there. The one before is
  // there until forget_previous(), for its sessions to leave.
  State poll();
  void forget_previous() { previous_.reset(); }
  const Error& error() const { return error_; }

  Hub* hub() { return hub_.get(); }  // nullptr until the first place was found
  const Hub* hub() const { return hub_.get(); }
  // The transaction that comes next; nullptr at the head of the log. Holds until take().
  // Fails if the log cannot be read there: error(). REQUIRES: a place was found.
  enum class Next : std::uint8_t { transaction = 1, at_head = 2, failed = 3 };
  Next next();
  const TransactionView& transaction() const { return cursor_->transaction(); }
  Sequence position() const { return position_; }  // of the next transaction
  // Plays it; it is in the hub's frames after the next flush.
  void take();
  // At this market time: conflated streams go by it.
  void flush(TimeNs time) {
    hub_->flush(time);
    hub_->take_news();
  }

 private:
  Result<void> settle(MarketAt at);

  const Log& log_;
  FeedOptions options_;  // with the frame log of a replay
  const InstrumentTable& known_;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<Hub> previous_;
  std::optional<Cursor> cursor_;
  Sequence position_{0};
  bool has_next_ = false;
  Error error_;
  std::atomic<bool> gives_up_{false};  // written by the owner, read by the thread that looks
  std::future<Result<MarketAt>> looking_;
};

}  // namespace bourse
