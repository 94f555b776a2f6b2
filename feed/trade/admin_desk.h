// What an administrator asks on /v1/trade, and the one decision about each of it.
//   Shape:  a request becomes a Command in the gate, or is refused at the edge; its decision comes
//           back with the log, in the order of the requests. docs/PROTOCOL.md, "Administration".
//   Owner:  a session whose key has the scope `admin`; must not outlive what it was made with.
//   Errors: in the TradeError given: nothing was sequenced then.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "feed/feed_options.h"          // FeedOptions
#include "feed/net/outbox.h"            // Outbox
#include "feed/trade/decision_inbox.h"  // DecisionInbox
#include "feed/trade/exec_router.h"     // ExecRouter
#include "feed/trade/field_reader.h"    // FieldReader
#include "feed/trade/order_entry.h"     // OrderEntry
#include "feed/trade/trade_replies.h"   // TradeError
#include "replay/log/log.h"             // Log

namespace bourse {

class AdminDesk {
 public:
  static constexpr std::size_t undecided_max = 64;  // requests of one session

  AdminDesk(ExecRouter& router, OrderEntry& entry, const Log& log, SessionId session,
            const FeedOptions& options);
  ~AdminDesk();
  AdminDesk(const AdminDesk&) = delete;
  AdminDesk& operator=(const AdminDesk&) = delete;

  static bool knows(std::string_view op);
  // REQUIRES: knows(op); error.id is the request's.
  void submit(std::string_view op, FieldReader& fields, TimeNs now, TradeError& error);
  // Tells what has been decided.
  void pump(Outbox& out);

 private:
  ExecRouter& router_;
  OrderEntry& entry_;
  const Log& log_;
  const FeedOptions& options_;
  DecisionInbox inbox_;
  std::deque<std::string> undecided_;  // ids of requests, oldest first
};

}  // namespace bourse
