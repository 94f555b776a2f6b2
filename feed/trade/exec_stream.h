// One session's private stream: the reports of its account, each transaction exactly once and in
// order, live or out of the log.
//   Shape:  live from an ExecInbox; behind, with a Cursor of its own that ends where the router
//           stands and hands over to the inbox. Memory does not grow with what is behind. A reader
//           that falls behind is told so at once, every second, and when it has caught up.
//   Owner:  the session, on the io thread of its router. Must not outlive router or log.
//   Errors: pump() answers `failed` when the log cannot be read; error() says why. Reports that the
//           log no longer has are named in a message on the stream (seq_expired).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "feed/feed_options.h"          // FeedOptions
#include "feed/market/market_frames.h"  // FrameWriter
#include "feed/net/outbox.h"            // Outbox
#include "feed/trade/exec_router.h"     // ExecRouter, ExecInbox, Report
#include "feed/trade/order_frames.h"    // ExecFrameEncoder, ExecFrameHead
#include "matching/types.h"             // AccountId, Sequence, ...
#include "replay/log/log.h"             // Log, Cursor

namespace bourse {

enum class ExecEncoding : std::uint8_t { flatbuffers = 1, json = 2 };

class ExecStream {
 public:
  enum class State : std::uint8_t {
    idle = 1,    // nothing is due
    more = 2,    // call again soon: the log has more
    failed = 3,  // the log could not be read
  };
  static constexpr std::size_t transactions_per_pump_max = 2048;

  // A transaction of this session that has just been told.
  struct Own {
    Sequence sequence;
    TimeNs time;
    ClientSequence client_sequence;  // of the command
    bool is_duplicate;               // refused: the client sequence was used before
    std::uint64_t out_bytes;         // of the outbox, ever: where its last message ends
  };

  // `session`: whose transactions own() names; 0: nobody's.
  ExecStream(ExecRouter& router, const Log& log, const FeedOptions& options, ExecEncoding encoding,
             AccountId account, SessionId session = {});

  // From the next transaction on, live.
  void start_live();
  // From `sequence` on, out of the log and then live; reports before `wanted` are left out.
  // REQUIRES: sequence <= router's position + 1.
  void start_at(Sequence sequence, ExecSequence wanted);

  State pump(Outbox& out, TimeNs now);

  // The last transaction the client was told of, or the place where its stream began.
  Sequence told() const { return told_; }
  bool is_live() const { return inbox_->is_open(); }
  const std::string& error() const { return error_; }
  // Since it was last taken; once each, also if the stream goes back and tells them again.
  std::vector<Own> take_own() { return std::exchange(own_, {}); }
  AccountId account() const { return account_; }
  void go_on_as(SessionId session) { session_ = session; }

 private:
  void tell_slow(Outbox& out, TimeNs now);
  void tell_caught_up(Outbox& out, TimeNs now);
  void note_own(const Report& first, const Outbox& out);
  void pump_live(Outbox& out, TimeNs now);
  State pump_log(Outbox& out, TimeNs now);
  void fall_back(Sequence next);
  void send(std::span<const Report> reports, ExecFrameHead head, Outbox& out);

  ExecRouter& router_;
  const Log& log_;
  const FeedOptions& options_;
  ExecEncoding encoding_;
  AccountId account_;
  std::unique_ptr<ExecInbox> inbox_;  // open: live
  std::optional<Cursor> cursor_;      // while reading the log
  Sequence next_{0};                  // of the log, when not live
  Sequence told_{0};
  ExecSequence wanted_{0};  // 0: all
  bool waits_for_room_ = false;
  bool is_slow_ = false;  // the client has been told SlowReader
  TimeNs slow_since_{0};
  TimeNs slow_told_{0};
  SessionId session_;
  Sequence own_told_{0};  // of the newest of own()
  std::vector<Own> own_;
  ExecFrameEncoder encoder_;
  std::optional<FrameWriter> notices_;  // made when the first one is due
  std::vector<Report> reports_;         // of the transaction that is read from the log
  std::string json_;
  std::string error_;
};

}  // namespace bourse
