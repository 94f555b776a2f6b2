// What moves frames into one session's outbox: live frames from the hub's frame log, snapshots, and
// catching up in the log. The sequence rules of docs/PROTOCOL.md are kept here.
//   Shape:  a position in the frame log for all live streams, a list of CatchUps, and marks in the
//           table of streams. Fills the outbox up to outbox_high_bytes, then waits until it has
//           fallen to outbox_low_bytes.
//   Units:  sequences, bytes.
//   Owner:  one session, on its io thread. Must not outlive the hub and the log.
//           Who is too slow gets what its streams' OnSlow says: the rest from the log, the newest
//           state, or a Gap; or is closed with 4008.
//   Errors: streams whose catch-up failed are removed and told by take_failures().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feed/feed_options.h"          // FeedOptions
#include "feed/market/catch_up.h"       // CatchUp
#include "feed/market/hub.h"            // Hub
#include "feed/market/lag_histogram.h"  // LagHistogram
#include "feed/market/stream_table.h"   // StreamTable, Stream
#include "feed/net/outbox.h"            // Outbox
#include "matching/types.h"             // Sequence, TimeNs
#include "replay/log/log.h"             // Log
#include "replay/result.h"              // Result

namespace bourse {

class StreamPump {
 public:
  struct Failure {
    std::uint32_t stream;
    std::uint64_t last_seq;
    std::string why;
    bool has_ended;  // the stream; else only the gap fill that was asked for
  };
  // Since the beginning.
  struct Counts {
    std::uint64_t live_frames = 0;
    std::uint64_t replay_frames = 0;  // read from the log
    std::uint64_t snapshots = 0;
    std::uint64_t conflated = 0;  // streams that a slow session got in one frame
    std::uint64_t gaps = 0;       // told instead of frames, as asked
    std::uint64_t slow_times = 0;
    std::uint64_t falls = 0;  // out of the frame log
  };

  StreamPump(Hub& hub, const Log& log, const FeedOptions& options);
  ~StreamPump();
  StreamPump(const StreamPump&) = delete;
  StreamPump& operator=(const StreamPump&) = delete;

  // Live from the hub's sequence + 1 on, after a snapshot if one is wanted.
  // REQUIRES: not subscribed.
  void add_live(std::uint32_t stream, bool wants_snapshot, OnSlow on_slow);
  // Transactions from `from` on, then live; with an `end` up to there, and then no longer
  // subscribed. Fails if the log cannot serve them: nothing is added.
  Result<void> add_replay(Sequence from, std::vector<CatchUp::StreamStart> streams,
                          Sequence end = CatchUp::no_end);
  // Once more what was sent, flagged REPLAY. REQUIRES: subscribed, from <= to <= last_seq.
  Result<void> add_gap_fill(std::uint32_t stream, Sequence from, Sequence to);
  // Its state once more, then live. REQUIRES: live, has_state().
  void request_snapshot(std::uint32_t stream);
  // Returns its last_seq. REQUIRES: subscribed.
  std::uint64_t remove(std::uint32_t stream);

  // REQUIRES: the hub is flushed. True: more is due now.
  bool pump(Outbox& out, TimeNs now);
  // The notice of a slow reader, once a second while it is one.
  void tell_slow(Outbox& out, TimeNs now);
  void tell_heartbeat(Outbox& out, TimeNs now);
  void tell(Outbox& out, TimeNs now, wire::SystemCode code);  // about the whole connection

  StreamTable& streams() { return streams_; }
  std::uint64_t last_seq(const Stream& stream) const;
  std::size_t replay_count() const;  // asked for by the client and running
  bool is_live() const;              // nothing is read from the log, nothing is left behind
  bool is_slow() const { return slow_since_ != TimeNs{0}; }
  Sequence delivered() const;        // every live stream has all up to it
  std::uint64_t lag_events() const;  // transactions; 0 unless slow
  TimeNs slow_since() const { return slow_since_; }
  const Counts& counts() const { return counts_; }
  // From when frames were ready until they had their place among what is due to this connection;
  // of the oldest of each turn. A recovery counts once, as long as it took.
  const LagHistogram& lag() const { return lag_; }
  std::vector<Failure> take_failures() { return std::exchange(failures_, {}); }

 private:
  enum class Purpose : std::uint8_t {
    request = 1,   // a start in the past
    range = 4,     // one that has an end too
    gap_fill = 5,  // what a live stream has had once more
    snapshot = 2,  // the rest after a snapshot that did not fit into the outbox at once
    recovery = 3,  // the session was too slow
  };
  struct Reader {
    std::unique_ptr<CatchUp> catch_up;
    Purpose purpose;
  };

  bool has_room(const Outbox& out) const;
  void pump_live(Outbox& out, TimeNs now);
  void note_lag(TimeNs now);
  void send_entry(std::uint64_t position, std::uint8_t added_flags, Outbox& out);
  void fall_back(Outbox& out, TimeNs now);
  void start_reader(Purpose purpose, Sequence from, std::vector<CatchUp::StreamStart> starts);
  void end_stream(std::uint32_t stream);
  bool pump_snapshots(Outbox& out);
  bool send_snapshot(Stream& stream, Outbox& out);
  void end_snapshot(Stream& stream);
  bool pump_readers(Outbox& out, TimeNs now);
  bool can_join(const Reader& reader) const;
  void finish(Reader& reader, Outbox& out, TimeNs now);
  void fail(const Reader& reader);
  void apply_policies(Outbox& out);
  void send_held(Outbox& out, TimeNs now);
  void send_conflated(Stream& stream, Outbox& out);
  void send_gap(Stream& stream, Outbox& out, TimeNs now);
  void watch_lag(Outbox& out, TimeNs now);
  void become_slow(Outbox& out, TimeNs now);
  void end_slowness(Outbox& out, TimeNs now);
  void become_live(Stream& stream, std::uint64_t told);
  void send_notice(Outbox& out, TimeNs now, wire::SystemCode code, Sequence up_to,
                   std::uint32_t stream = 0, std::optional<wire::Gap> gap = {});
  bool has_reader(Purpose purpose) const;

  Hub& hub_;
  const Log& log_;
  const FeedLimits& limits_;
  const std::uint32_t log_number_;  // of the exchange's logs
  StreamTable streams_;
  std::uint64_t position_;      // in the frame log, of the next entry for live streams
  std::uint64_t delivered_;     // sequence of the last burst that was passed on whole
  std::size_t live_count_ = 0;  // streams in phase live
  bool is_full_ = false;        // the outbox reached its high mark and not yet its low one
  std::size_t held_count_ = 0;  // streams in phase conflating or skipping
  std::vector<Reader> readers_;
  std::size_t next_reader_ = 0;               // whose turn it is
  std::vector<std::uint32_t> snapshots_due_;  // in order, from snapshots_done_ on
  std::size_t snapshots_done_ = 0;
  std::shared_ptr<const SnapshotFrames> snapshot_;  // the one that is being sent
  std::size_t snapshot_at_ = 0;
  std::vector<wire::StreamPosition> positions_;  // for system frames
  std::vector<Failure> failures_;
  Counts counts_;
  LagHistogram lag_;
  std::uint64_t oldest_ready_ = 0;  // ts_pub of this turn's first live frame; 0: there was none
  TimeNs slow_since_{0};
  TimeNs slow_told_{0};
  TimeNs behind_since_{0};  // as the clock saw it first
};

}  // namespace bourse
