// What moves frames into one session's outbox: live frames from the hub's frame log, snapshots, and
// catching up in the log. The sequence rules of docs/PROTOCOL.md are kept here.
//   Shape:  a position in the frame log for all live streams, a list of CatchUps, and marks in the
//           table of streams. Fills the outbox up to outbox_high_bytes, then waits until it has
//           fallen to outbox_low_bytes.
//   Units:  sequences, bytes.
//   Owner:  one session, on its io thread. Must not outlive the hub and the log.
//   Errors: streams whose catch-up failed are removed and told by take_failures().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feed/catch_up.h"      // CatchUp
#include "feed/feed_options.h"  // FeedOptions
#include "feed/hub.h"           // Hub
#include "feed/outbox.h"        // Outbox
#include "feed/stream_table.h"  // StreamTable, Stream
#include "matching/types.h"     // Sequence, TimeNs
#include "replay/log.h"         // Log
#include "replay/result.h"      // Result

namespace bourse {

class StreamPump {
 public:
  struct Failure {
    std::uint32_t stream;
    std::uint64_t last_seq;
    std::string why;
  };

  StreamPump(Hub& hub, const Log& log, const FeedOptions& options);

  // Live from the hub's sequence + 1 on, after a snapshot if one is wanted.
  // REQUIRES: not subscribed.
  void add_live(std::uint32_t stream, bool wants_snapshot);
  // Transactions from `from` on, then live. Fails if the log cannot serve them: nothing is added.
  Result<void> add_replay(Sequence from, std::vector<CatchUp::StreamStart> streams);
  // Returns its last_seq. REQUIRES: subscribed.
  std::uint64_t remove(std::uint32_t stream);

  // REQUIRES: the hub is flushed. True: more is due now.
  bool pump(Outbox& out, TimeNs now);
  // The notice of a slow reader, once a second while it is one.
  void tell_slow(Outbox& out, TimeNs now);
  void tell_heartbeat(Outbox& out, TimeNs now);

  StreamTable& streams() { return streams_; }
  std::uint64_t last_seq(const Stream& stream) const;
  std::size_t replay_count() const;  // asked for by the client and running
  bool is_live() const;              // nothing is read from the log, nothing is left behind
  bool is_slow() const { return slow_since_ != TimeNs{0}; }
  Sequence delivered() const;  // every live stream has all up to it
  std::vector<Failure> take_failures() { return std::exchange(failures_, {}); }

 private:
  enum class Purpose : std::uint8_t {
    request = 1,   // a start in the past
    snapshot = 2,  // the rest after a snapshot that did not fit into the outbox at once
    recovery = 3,  // the session was too slow
  };
  struct Reader {
    std::unique_ptr<CatchUp> catch_up;
    Purpose purpose;
  };

  bool has_room(const Outbox& out) const;
  void pump_live(Outbox& out, TimeNs now);
  void send_entry(std::uint64_t position, std::uint8_t added_flags, Outbox& out);
  std::uint64_t lag_events() const;
  void fall_back(Outbox& out, TimeNs now);
  void pump_snapshots(Outbox& out);
  bool send_snapshot(Stream& stream, Outbox& out);
  void end_snapshot(Stream& stream);
  bool pump_readers(Outbox& out, TimeNs now);
  void finish(Reader& reader, Outbox& out, TimeNs now);
  void fail_streams(const CatchUp& catch_up, std::string_view why);
  void send_conflated(Outbox& out);
  void become_slow(Outbox& out, TimeNs now);
  void end_slowness(Outbox& out, TimeNs now);
  void become_live(Stream& stream, std::uint64_t told);
  void send_notice(Outbox& out, TimeNs now, wire::SystemCode code, Sequence up_to);
  bool has_reader(Purpose purpose) const;

  Hub& hub_;
  const Log& log_;
  const FeedLimits& limits_;
  StreamTable streams_;
  std::uint64_t position_;       // in the frame log, of the next entry for live streams
  std::uint64_t delivered_;      // sequence of the last burst that was passed on whole
  std::size_t live_count_ = 0;   // streams in phase live
  bool is_full_ = false;         // the outbox reached its high mark and not yet its low one
  bool has_conflating_ = false;  // streams in that phase exist
  std::vector<Reader> readers_;
  std::size_t next_reader_ = 0;               // whose turn it is
  std::vector<std::uint32_t> snapshots_due_;  // in order, from snapshots_done_ on
  std::size_t snapshots_done_ = 0;
  std::shared_ptr<const SnapshotFrames> snapshot_;  // the one that is being sent
  std::size_t snapshot_at_ = 0;
  std::vector<wire::StreamPosition> positions_;  // for system frames
  std::vector<Failure> failures_;
  TimeNs slow_since_{0};
  TimeNs slow_told_{0};
};

}  // namespace bourse
