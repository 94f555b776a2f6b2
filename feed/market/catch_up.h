// A private reader of the log for streams that are behind: a start in the past, or a session that
// was too slow for the frame log. It ends where the hub stands; from there the streams are live.
//   Shape:  one Cursor and one StreamEncoder for all its streams, so that their frames keep their
//           order among each other. Where books are needed (a snapshot at a sequence, best prices)
//           it takes them from the engine's newest snapshot before the start, or begins with empty
//           ones, and first follows the log from there. Bars and statistics begin some time before
//           the start; they and streams that need books cannot share a reader.
//   Units:  sequences.
//   Owner:  one session, on its io thread. Must not outlive the hub and the log.
//   Errors: a log that cannot be read: `failed`, error() says why; what was sent stays true.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "feed/market/derived_streams.h"  // DerivedStreams
#include "feed/market/hub.h"              // Hub
#include "feed/market/stream_encoder.h"   // StreamEncoder
#include "feed/market/stream_table.h"     // OnSlow
#include "feed/net/outbox.h"              // Outbox
#include "matching/depth_book.h"          // DepthBook
#include "matching/types.h"               // Sequence, TimeNs, Epoch
#include "replay/log/log.h"               // Log, Cursor
#include "replay/log/snapshot_reader.h"   // SnapshotReader
#include "replay/result.h"                // Result

namespace bourse {

class CatchUp {
 public:
  struct StreamStart {
    std::uint32_t stream;
    std::uint64_t last_seq;       // events after it are sent
    bool wants_snapshot = false;  // of the state before `from`
    OnSlow on_slow = OnSlow::catchup;
  };
  enum class State : std::uint8_t {
    running = 1,  // more to do now
    waiting = 2,  // the hub has not come as far as the start yet
    at_head = 3,  // everything up to the hub's sequence, or the end, has been sent
    failed = 4,
  };

  static constexpr Sequence no_end{~std::uint64_t{0} - 1};
  // Transactions from `from` to `end`. Fails if the log no longer or not yet has what is needed.
  static Result<std::unique_ptr<CatchUp>> open(const Hub& hub, const Log& log, Sequence from,
                                               std::vector<StreamStart> streams,
                                               Sequence end = no_end);

  // Works for a bounded time and appends at most about `bytes_max`. REQUIRES: the hub is flushed.
  State run(Outbox& out, std::size_t bytes_max);

  const std::vector<StreamStart>& streams() const { return streams_; }
  std::uint64_t last_seq(std::uint32_t stream) const { return encoder_.last_seq(stream); }
  void forget(std::uint32_t stream);  // unsubscribed
  Sequence position() const { return cursor_.position(); }
  Sequence end() const { return end_; }
  std::uint64_t frames_sent() const { return frames_sent_; }
  std::string_view error() const { return error_; }

 private:
  struct Book {
    SymbolId symbol;
    DepthBook depth;
    bool is_defined = false;  // its definition has been passed
  };

  CatchUp(const Hub& hub, Cursor cursor, Sequence from, Sequence end,
          std::vector<StreamStart> streams);
  Result<void> start_books(const SnapshotReader& snapshot);
  State roll_forward();
  State send_snapshots(Outbox& out, std::size_t size_max);
  State stream(Outbox& out, std::size_t size_max);
  Cursor::Next advance();
  void follow(const TransactionView& transaction, bool is_streaming);
  void begin_history(TimeNs time);
  void begin_derived();
  void flush(Outbox& out);
  Book* book_of(SymbolId symbol);
  bool build_snapshot(const StreamStart& start);

  const Hub& hub_;
  Cursor cursor_;
  Sequence from_;
  Sequence end_;
  std::vector<StreamStart> streams_;
  StreamEncoder encoder_;
  DerivedStreams derived_;
  std::vector<StreamStart> begins_;  // of derived_, each once its last_seq is reached; last first
  FrameWriter writer_;
  std::vector<Book> books_;                // of the symbols for which they are needed
  std::vector<std::uint32_t> book_index_;  // by symbol id: 1 + index in books_; 0 = none
  bool is_rolling_ = false;
  std::size_t snapshots_sent_ = 0;       // of streams_
  std::optional<SnapshotFrames> chunk_;  // the snapshot that is being sent
  std::size_t chunk_at_ = 0;
  TimeNs time_{0};  // of the last transaction read
  Epoch epoch_{0};
  std::uint64_t frames_sent_ = 0;
  std::string error_;
};

}  // namespace bourse
