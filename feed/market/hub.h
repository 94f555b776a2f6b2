// The market of one io thread: follows the log transaction by transaction and encodes it once for
// all sessions of the thread.
//   Shape:  MarketState and instruments at the sequence of the newest transaction, a StreamEncoder
//           with DerivedStreams, and the FrameLog. A burst (everything between two flushes) becomes
//           frames in flush(). Only streams that a session has acquired are encoded.
//   Units:  those of the log in, of feed/wire.h out.
//   Owner:  one io thread. Sessions read it between two flushes and never change it.
//   Errors: a transaction that does not fit what came before is our own bug: CHECK.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "feed/feed_options.h"            // FeedOptions
#include "feed/instrument_table.h"        // InstrumentTable
#include "feed/market/derived_streams.h"  // DerivedStreams
#include "feed/market/frame_log.h"        // FrameLog
#include "feed/market/history_reader.h"   // HistoryReader
#include "feed/market/snapshot_frames.h"  // SnapshotFrames
#include "feed/market/stream_encoder.h"   // StreamEncoder
#include "feed/market/upstream.h"         // Upstream
#include "matching/market_state.h"        // MarketState
#include "matching/transaction.h"         // TransactionView
#include "matching/types.h"               // Sequence, TimeNs, Epoch

namespace bourse {

// What the sessions of a hub have had, all together, since it began.
struct MarketCounts {
  std::uint64_t replay_frames = 0;  // read from the log for one session
  std::uint64_t snapshots = 0;
  std::uint64_t conflated = 0;   // states instead of what a slow session missed
  std::uint64_t gaps = 0;        // told to slow sessions that wanted to skip
  std::uint64_t slow_times = 0;  // sessions became slow
  std::uint64_t falls = 0;       // sessions fell out of the frame log
  std::uint64_t refused = 0;     // requests, streams
};

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
  // For a gateway: how it stands to its engine. It outlives the hub.
  void follow(const Upstream* upstream) { upstream_ = upstream; }
  const Upstream* upstream() const { return upstream_; }
  // When conflated streams that hold something back want the next flush; DerivedStreams::never.
  TimeNs next_due() const {
    if (has_news_) return TimeNs{0};
    if (history_.empty()) return derived_.next_due();
    if (!history_.reads_apart() || is_history_) return TimeNs{0};
    return std::min(TimeNs{history_read_.value() + history_looks_ns}, derived_.next_due());
  }
  // True once after frames were made outside of flush().
  bool take_news() { return std::exchange(has_news_, false); }

  // Sessions hold the streams that they are subscribed to: what nobody holds is not encoded. From
  // the first hold on. REQUIRES: flushed, the instrument is defined.
  void acquire(std::uint32_t stream);
  void release(std::uint32_t stream);
  // Before a session joins a stream at sequence(): a conflated stream that has changed since its
  // last frame gets one more, so that all of its readers know the same. REQUIRES: acquired.
  void settle(std::uint32_t stream);

  // Bars and statistics begin with the past: whether this one has it. What is missing is read by
  // read_history(), a part for each new `now`. REQUIRES: acquired, flushed.
  bool is_ready(std::uint32_t stream) const { return history_.empty() || !history_.has(stream); }
  void read_history(const Log& log, TimeNs now);
  bool is_reading_history() const { return !history_.empty(); }

  // As of the last flush: every frame up to this sequence is in the frame log.
  Sequence sequence() const { return flushed_; }
  Epoch epoch() const { return epoch_; }
  TimeNs time() const { return time_; }  // of the transaction with that sequence; 0 = none yet
  const FrameLog& frames() const { return frames_; }
  const InstrumentTable& instruments() const { return instruments_; }
  const MarketState& state() const { return state_; }  // REQUIRES: flushed

  // What the stream shows (book, levels, best prices, ...) at sequence(); nullptr for streams
  // without a state. Shared by all who ask until the symbol changes. REQUIRES: flushed, the
  // instrument is defined.
  std::shared_ptr<const SnapshotFrames> snapshot(std::uint32_t stream);
  // One Definition frame. It holds until the next call. REQUIRES: the instrument is defined.
  std::span<const std::byte> definition(SymbolId symbol);
  MarketCounts& counts() { return counts_; }
  std::size_t stream_count() const { return holders_.size(); }  // that are encoded
  // For frames that sessions build themselves (System). Its bytes hold until its next use.
  FrameWriter& writer() { return writer_; }

 private:
  // Whether a thread has read what streams wait for, is asked so often.
  static constexpr std::int64_t history_looks_ns = 10'000'000;

  // Of one symbol, by stream.
  using Snapshots = std::vector<std::pair<std::uint32_t, std::shared_ptr<const SnapshotFrames>>>;

  void flush_frames(TimeNs now);
  void forget_snapshots(const TransactionView& transaction);

  MarketState state_;
  InstrumentTable instruments_;
  StreamEncoder encoder_;
  DerivedStreams derived_;
  HistoryReader history_;
  TimeNs history_read_{-1};
  std::unordered_map<std::uint32_t, std::uint32_t> holders_;  // by stream
  MarketCounts counts_;
  bool has_news_ = false;
  FrameLog frames_;
  FrameWriter writer_;
  std::vector<Snapshots> cached_;  // symbol id - 1
  Sequence flushed_;
  Epoch epoch_;
  TimeNs time_{0};
  bool is_history_ = false;
  const Upstream* upstream_ = nullptr;  // nullptr: the engine is in this process
};

}  // namespace bourse
