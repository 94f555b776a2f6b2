// One trader on /v1/trade, or one watcher on /v1/dropcopy, of an exchange with several logs: one
// connection, a session for each log. docs/PROTOCOL.md, "Several logs", is the contract.
//   Shape:  a template over TradeSession and DropcopySession, passive like them. An order goes to
//           the log of its symbol; what is about the account goes to all, and their answers are
//           joined into one. Reports of all logs go out as they come; each log numbers its own.
//   Owner:  one io thread. Must not outlive what it was made with.
//   Errors: as of the session; a request that does not say which log it is about is refused (1003).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "feed/control/json_fields.h"     // JsonFields
#include "feed/trade/dropcopy_session.h"  // DropcopySession
#include "feed/trade/trade_session.h"     // TradeSession, TradeParts

namespace bourse {

template <class Session>
class TradeChannels {
 public:
  // channels: of each log; only the first one counts the connection.
  TradeChannels(std::vector<TradeParts> channels, const SessionInfo& info);

  void on_open(Outbox& out);
  void on_received(TimeNs time);
  void on_text(std::string_view text, Outbox& out);
  void on_binary(std::span<const std::byte> bytes, Outbox& out);
  bool pump(Outbox& out, TimeNs now);
  void on_timer(TimeNs now, Outbox& out);

 private:
  // Whom a request is for. `all`: each log; else one, or none when the request does not say.
  struct Route {
    bool is_all = false;
    std::uint32_t log = 0;
    std::string refusal = {};
  };
  Route route();
  bool is_talking(Outbox& out);
  void refuse(std::string message, Outbox& out);
  // What one log has answered: to be joined, or to be told at once.
  void tell_all(std::string_view text, Outbox& out);
  void tell_one(std::uint32_t log, std::string_view text, Outbox& out);
  void pass_on(Outbox& out);  // what answers_ says besides messages
  std::uint32_t count() const { return static_cast<std::uint32_t>(channels_.size()); }

  std::vector<TradeParts> channels_;
  std::vector<Session> members_;  // of each log
  std::unique_ptr<JsonFields> json_;
  std::unique_ptr<Outbox> answers_;  // of one member
  std::size_t first_ = 0;            // who is pumped first: each in its turn
};

extern template class TradeChannels<TradeSession>;
extern template class TradeChannels<DropcopySession>;

}  // namespace bourse
