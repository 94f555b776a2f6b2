// /v1/dropcopy: the reports of other accounts, read only, for risk desks and back offices. A key
// with the scope dropcopy hears its own account and those it names.
//   Shape:  as a trade session without orders: the door of trade_door.h, and one ExecStream for
//           each account, each with its own chain (stream_id 13 << 24 | account). A stream is
//           begun live or from any exec_seq on.
//   Owner:  one io thread. Must not outlive what it was made with.
//   Errors: answered with a stable code; an account that the key does not name is refused alone.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include "feed/net/outbox.h"           // Outbox
#include "feed/net/session_info.h"     // SessionInfo
#include "feed/trade/exec_stream.h"    // ExecStream
#include "feed/trade/trade_door.h"     // TradeDoor
#include "feed/trade/trade_session.h"  // TradeParts

namespace bourse {

class DropcopySession {
 public:
  DropcopySession(const TradeParts& parts, SessionInfo info);
  ~DropcopySession();
  DropcopySession(DropcopySession&&) noexcept;
  DropcopySession& operator=(DropcopySession&&) = delete;

  void on_open(Outbox& out);
  void on_text(std::string_view text, Outbox& out);
  void on_binary(std::span<const std::byte> bytes, Outbox& out);
  bool pump(Outbox& out, TimeNs now);
  void on_timer(TimeNs now, Outbox& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
