// One session's private stream: the reports of its account, each transaction exactly once and in
// order, live or out of the log.
//   Shape:  live from an ExecInbox; behind, with a Cursor of its own that ends where the router
//           stands and hands over to the inbox. Memory does not grow with what is behind.
//   Owner:  the session, on the io thread of its router. Must not outlive router or log.
//   Errors: pump() answers `failed` when the log cannot be read; error() says why. Reports that the
//           log no longer has are named in a message on the stream (seq_expired).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "feed/exec_router.h"   // ExecRouter, ExecInbox, Report
#include "feed/feed_options.h"  // FeedOptions
#include "feed/order_frames.h"  // ExecFrameEncoder, ExecFrameHead
#include "feed/outbox.h"        // Outbox
#include "matching/types.h"     // AccountId, Sequence, ...
#include "replay/log.h"         // Log, Cursor

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

  ExecStream(ExecRouter& router, const Log& log, const FeedOptions& options, ExecEncoding encoding,
             AccountId account);

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

 private:
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
  ExecFrameEncoder encoder_;
  std::vector<Report> reports_;  // of the transaction that is read from the log
  std::string json_;
  std::string error_;
};

}  // namespace bourse
