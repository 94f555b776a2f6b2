// What a MarketSession is made of.
//   Shape:  private to market_session.cpp, which keeps its time, market_subscriptions.cpp and
//           market_requests.cpp, which answer what its client asks.
//   Owner:  its session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feed/control/control_error.h"    // ControlFault, write_error
#include "feed/control/json_writer.h"      // JsonWriter
#include "feed/market/control_json.h"      // ControlRequest
#include "feed/market/market_session.h"    // MarketSession
#include "feed/market/stream_pump.h"       // StreamPump
#include "feed/market/subscribe_plan.h"    // SubscribePlan
#include "feed/market/told_definitions.h"  // ToldDefinitions
#include "feed/net/token_bucket.h"         // TokenBucket

namespace bourse {

struct MarketSession::State {
  State(Hub& h, const Log& l, const FeedOptions& o, SessionInfo i)
      : hub(h),
        log(l),
        options(o),
        info(std::move(i)),
        pump(h, l, o),
        control(o.limits.control_per_second_count, o.limits.control_burst_count) {}

  void tell(Outbox& out) {
    out.append_text(json.view());
    json.clear();
  }
  void tell_fault(Outbox& out, const ControlFault& fault) {
    ++hub.counts().refused;
    write_error(json, fault);
    tell(out);
  }
  bool take_control(std::size_t bytes, Outbox& out);
  void answer(const ControlRequest& request, Outbox& out);
  void subscribe(const ControlRequest& request, Outbox& out);
  void set(const ControlRequest& request, Outbox& out);
  std::optional<SubscribePlan> planned(const ControlRequest& request, Outbox& out);
  void tell_planned(const ControlRequest& request, SubscribePlan& plan, Outbox& out,
                    const std::vector<std::pair<std::uint32_t, std::uint64_t>>& ended);
  void start(SubscribePlan& plan);
  void define(const SubscribePlan& plan, Outbox& out);
  void unsubscribe(const ControlRequest& request, Outbox& out);
  void list(const ControlRequest& request, Outbox& out);
  void pong(const ControlRequest& request, Outbox& out);
  void send_snapshot(const ControlRequest& request, Outbox& out);
  void check(const ControlRequest& request, Outbox& out);
  void replay(const ControlRequest& request, Outbox& out);
  void tell_stats(const ControlRequest& request, Outbox& out);
  Stream* stream_named(const ControlRequest& request, Outbox& out);
  void refuse(const ControlRequest& request, ControlError code, std::string message, Outbox& out) {
    tell_fault(out, {.code = code, .message = std::move(message), .id = request.id, .symbol = {}});
  }
  void tell_failures(Outbox& out);
  void watch_upstream(Outbox& out);
  void write_stream(std::uint32_t stream);
  void write_ended(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& ended);
  void begin_reply(std::string_view op, const ControlRequest& request) {
    json.open('{').key("op").text(op);
    if (!request.id.empty()) json.key("id").raw(request.id);
  }

  Hub& hub;
  const Log& log;
  const FeedOptions& options;
  SessionInfo info;
  StreamPump pump;
  TokenBucket control;
  JsonWriter json;
  ToldDefinitions definitions;
  bool has_subscribed = false;
  TimeNs now{0};  // as the io thread told last
  TimeNs opened{0};
  TimeNs heartbeat_at{0};
  bool was_stale = false;  // as it was told
};

}  // namespace bourse
