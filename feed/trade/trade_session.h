// One trader on /v1/trade: hello, auth, orders in JSON or FlatBuffers, and everything that happens
// to the account on one ordered stream. docs/PROTOCOL.md, "Order entry", is the contract.
//   Shape:  passive and free of sockets: text and binary in, bytes into the Outbox. Reports come
//           live from an ExecInbox; above outbox_high_bytes the session reads its account's reports
//           from the log instead, with a Cursor of its own, and joins again: nothing is lost and
//           nothing comes twice. A client sequence that is used up is never sequenced again: its
//           outcome is looked up.
//   Owner:  one io thread. Must not outlive what it was made with.
//   Errors: every mistake is answered by {"op":"error"} with a stable code; the session lives on,
//           except where feed/trade/trade_door.h closes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "feed/control/auth.h"           // Keys, ApiKey
#include "feed/feed_options.h"           // FeedOptions
#include "feed/net/connection_limits.h"  // ConnectionLimits
#include "feed/net/outbox.h"             // Outbox
#include "feed/net/session_info.h"       // SessionInfo
#include "feed/net/stage_clock.h"        // StageClock
#include "feed/trade/exec_router.h"      // ExecRouter, ExecInbox, Report
#include "feed/trade/order_entry.h"      // OrderEntry
#include "feed/trade/order_stages.h"     // OrderStages
#include "replay/log/log.h"              // Log, Cursor

namespace bourse {

// What sessions of order entry are joined with. Everything outlives them.
struct TradeParts {
  ExecRouter& router;
  OrderEntry& entry;
  const Keys& keys;
  ConnectionLimits& limits;
  StageClock& stages;
  const Log& log;
  const FeedOptions& options;
  OrderStages& order_stages;
};

class TradeSession {
 public:
  TradeSession(const TradeParts& parts, SessionInfo info);
  ~TradeSession();
  TradeSession(TradeSession&&) noexcept;
  TradeSession& operator=(TradeSession&&) = delete;

  void on_open(Outbox& out);
  // When the bytes of the next message were read, for timing.
  void on_received(TimeNs time);
  void on_text(std::string_view text, Outbox& out);
  void on_binary(std::span<const std::byte> bytes, Outbox& out);
  // Moves reports into the outbox; true: more is due now.
  bool pump(Outbox& out, TimeNs now);
  void on_timer(TimeNs now, Outbox& out);  // about 10 times a second

  bool is_authenticated() const;
  bool is_live() const;  // reports come from the inbox, not from the log
  AccountId account() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
