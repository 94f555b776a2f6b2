// One trader on /v1/trade: hello, auth, orders in JSON or FlatBuffers, and everything that happens
// to the account on one ordered stream. docs/PROTOCOL.md, "Order entry", is the contract.
//   Shape:  passive and free of sockets: text and binary in, bytes into the Outbox. Reports come
//           live from an ExecInbox; above outbox_high_bytes the session reads its account's reports
//           from the log instead, with a Cursor of its own, and joins again: nothing is lost and
//           nothing comes twice.
//   Owner:  one io thread. Must not outlive what it was made with.
//   Errors: every mistake is answered by {"op":"error"} with a stable code; the session lives on,
//           except after failed proofs or without auth in time (close 4001) and when the client
//           asks but never reads (close 1008).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "feed/auth.h"          // Keys, ApiKey
#include "feed/exec_router.h"   // ExecRouter, ExecInbox, Report
#include "feed/feed_options.h"  // FeedOptions
#include "feed/order_entry.h"   // OrderEntry
#include "feed/outbox.h"        // Outbox
#include "feed/session_info.h"  // SessionInfo
#include "replay/log.h"         // Log, Cursor

namespace bourse {

class TradeSession {
 public:
  static constexpr std::uint32_t auth_failures_max = 3;
  static constexpr std::size_t sessions_per_account_max = 50;  // of one io thread

  TradeSession(ExecRouter& router, OrderEntry& entry, const Keys& keys, const Log& log,
               const FeedOptions& options, SessionInfo info);
  ~TradeSession();
  TradeSession(TradeSession&&) noexcept;
  TradeSession& operator=(TradeSession&&) = delete;

  void on_open(Outbox& out);
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
