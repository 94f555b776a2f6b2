// One subscriber on /v1/md: subscriptions, snapshots, replay that becomes live, heartbeats.
// docs/PROTOCOL.md, "Market data", is the contract.
//   Shape:  passive and free of sockets: text and binary in, messages into the Outbox. A stream is
//           either live (copied from the hub's FrameLog), waits for its snapshot, or catches up
//           with a cursor of its own in the log; a session that is too slow for the FrameLog falls
//           back into the log the same way. Memory is O(streams), never O(backlog).
//   Owner:  one io thread. Must not outlive what it was made with.
//   Errors: every mistake is answered by {"op":"error"} with a stable code, or by an entry of
//           `rejected` for the symbol concerned; the session lives on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "feed/feed_options.h"      // FeedOptions
#include "feed/market/hub.h"        // Hub
#include "feed/net/outbox.h"        // Outbox
#include "feed/net/session_info.h"  // SessionInfo
#include "matching/types.h"         // TimeNs, SymbolId
#include "replay/log/log.h"         // Log

namespace bourse {

struct ControlFault;
struct ControlRequest;

class MarketSession {
 public:
  MarketSession(Hub& hub, const Log& log, const FeedOptions& options, SessionInfo info);
  ~MarketSession();
  MarketSession(MarketSession&&) noexcept;
  MarketSession& operator=(MarketSession&&) = delete;

  void on_open(Outbox& out);  // hello
  void on_text(std::string_view text, Outbox& out);
  void on_binary(std::span<const std::byte> bytes, Outbox& out);
  // Moves what is due into the outbox, up to outbox_high_bytes; true: more is due now.
  // REQUIRES: the hub is flushed.
  bool pump(Outbox& out, TimeNs now);
  void on_timer(TimeNs now, Outbox& out);  // about 10 times a second

  // For whoever serves something besides on the same connection: whether one more control message
  // is within the limits; if not, it has been answered.
  bool take_control(std::size_t bytes, Outbox& out);
  // Goes on with another hub: every stream begins again where that one stands, those that have a
  // state with a snapshot. The old one is not used any more.
  void move_to(Hub& hub);
  bool carries(SymbolId symbol) const;  // any stream of it

  // For whoever has one for each of several logs, and reads the requests himself.
  void answer(const ControlRequest& request, Outbox& out);
  void refuse(const ControlFault& fault, Outbox& out);
  bool has_subscribed() const;
  void note_subscribed();  // another one has

  // For metrics.
  std::size_t stream_count() const;
  bool is_live() const;  // nothing is read from the log for it

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
