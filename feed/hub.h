// The market of one io thread: follows the log transaction by transaction and encodes it once for
// all sessions of the thread.
//   Shape:  MarketState and instruments at the sequence of the newest transaction, a StreamEncoder
//           and the FrameLog. A burst (everything between two flushes) becomes frames in flush().
//   Units:  those of the log in, of feed/wire.h out.
//   Owner:  one io thread. Sessions read it between two flushes and never change it.
//   Errors: a transaction that does not fit what came before is our own bug: CHECK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "feed/feed_options.h"      // FeedOptions
#include "feed/frame_log.h"         // FrameLog
#include "feed/instrument_table.h"  // InstrumentTable
#include "feed/snapshot_frames.h"   // SnapshotFrames
#include "feed/stream_encoder.h"    // StreamEncoder
#include "matching/market_state.h"  // MarketState
#include "matching/transaction.h"   // TransactionView
#include "matching/types.h"         // Sequence, TimeNs, Epoch

namespace bourse {

class Hub {
 public:
  // Goes on after start.sequence(), which belongs to `epoch`.
  Hub(MarketState start, Epoch epoch, const FeedOptions& options);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // REQUIRES: the transaction after the last one.
  void on_transaction(const TransactionView& transaction);
  // Ends the burst: its frames are in frames() afterwards, `now` is their ts_pub.
  void flush(TimeNs now);

  // For a market of the past, which stands at `time`: frames carry the flag `replay`, and instead
  // of `now` the time of their last event.
  void serve_history(TimeNs time) {
    is_history_ = true;
    time_ = time;
  }

  // As of the last flush: every frame up to this sequence is in the frame log.
  Sequence sequence() const { return flushed_; }
  Epoch epoch() const { return epoch_; }
  TimeNs time() const { return time_; }  // of the transaction with that sequence; 0 = none yet
  const FrameLog& frames() const { return frames_; }
  const InstrumentTable& instruments() const { return instruments_; }
  const MarketState& state() const { return state_; }  // REQUIRES: flushed

  // The book (mbo) or the best prices (bbo) at sequence(); nullptr for streams without a state.
  // Shared by all who ask until the symbol changes. REQUIRES: flushed, the instrument is defined.
  std::shared_ptr<const SnapshotFrames> snapshot(std::uint32_t stream);
  // One Definition frame. It holds until the next call. REQUIRES: the instrument is defined.
  std::span<const std::byte> definition(SymbolId symbol);
  // Current best prices as a frame that stands for everything after `prev`. Holds like the above.
  std::span<const std::byte> conflated_best(SymbolId symbol, Sequence prev);
  // For frames that sessions build themselves (System). Its bytes hold until its next use.
  FrameWriter& writer() { return writer_; }

 private:
  struct Cached {
    std::shared_ptr<const SnapshotFrames> book;
    std::shared_ptr<const SnapshotFrames> best;
  };

  void flush_frames(TimeNs now);

  MarketState state_;
  InstrumentTable instruments_;
  StreamEncoder encoder_;
  FrameLog frames_;
  FrameWriter writer_;
  std::vector<Cached> cached_;  // symbol id - 1
  Sequence flushed_;
  Epoch epoch_;
  TimeNs time_{0};
  bool is_history_ = false;
};

}  // namespace bourse
