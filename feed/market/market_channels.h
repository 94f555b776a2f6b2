// One subscriber on /v1/md of an exchange with several logs: one connection, a MarketSession for
// each log. docs/PROTOCOL.md, "Several logs", is the contract.
//   Shape:  passive, like a MarketSession. A request goes to the logs of its symbols or streams,
//           their answers are joined into one; frames of all logs go out as they come.
//   Owner:  one io thread. Must not outlive what it was made with.
//   Errors: as of a MarketSession; a place of the log that is named for symbols of several logs is
//           refused (1004).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "feed/control/log_replies.h"    // LogReply
#include "feed/market/control_json.h"    // ControlRequest
#include "feed/market/market_session.h"  // MarketSession

namespace bourse {

// What a session of one log is made with.
struct MarketChannel {
  Hub& hub;
  const Log& log;
  const FeedOptions& options;  // whose `log` is the number of this one
};

class MarketChannels {
 public:
  MarketChannels(std::vector<MarketChannel> channels, const SessionInfo& info);

  void on_open(Outbox& out);
  void on_text(std::string_view text, Outbox& out);
  void on_binary(std::span<const std::byte> bytes, Outbox& out);
  bool pump(Outbox& out, TimeNs now);
  void on_timer(TimeNs now, Outbox& out);

 private:
  // The requests of each log; log by log. A fault: it was answered.
  bool divide(const ControlRequest& request, std::vector<ControlRequest>& parts, Outbox& out);
  bool divide(const SubscriptionRequest& sub, const ControlRequest& request,
              std::vector<ControlRequest>& parts, Outbox& out);
  void refuse(const ControlRequest& request, std::string message, Outbox& out);
  std::uint32_t log_of_symbol(std::string_view symbol) const;
  std::vector<std::uint32_t> logs_of_pattern(std::string_view pattern) const;
  std::uint32_t count() const { return static_cast<std::uint32_t>(channels_.size()); }

  std::vector<MarketChannel> channels_;
  std::vector<MarketSession> members_;  // of each log
  std::unique_ptr<Outbox> answers_;     // of one member, until they are joined
  std::size_t first_ = 0;               // who is pumped first: each in its turn
};

}  // namespace bourse
