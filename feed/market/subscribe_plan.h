// What a subscribe request comes to: streams that start live, streams that start in the past, and
// what is refused, each by name. Success is by symbol: one that is wrong spoils no other.
//   Shape:  a value made from the request and the state of hub, log and session; plan() changes
//           nothing.
//   Owner:  one session, for the time of one request.
//   Errors: entries of `rejected`.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/feed_options.h"         // FeedLimits
#include "feed/market/control_json.h"  // SubscriptionRequest, ControlError
#include "feed/market/hub.h"           // Hub
#include "feed/market/stream_pump.h"   // StreamPump
#include "feed/market/stream_shape.h"  // StreamShape
#include "feed/wire.h"                 // Channel
#include "matching/types.h"            // Sequence
#include "replay/log/log.h"            // Log

namespace bourse {

struct Rejection {
  std::string channel;
  std::string symbol;  // as the client named it
  ControlError code;
  std::string message;
  std::vector<std::string> did_you_mean;
};

struct PlannedStream {
  std::uint32_t stream;
  bool wants_snapshot;
  bool is_live;
  Sequence from;  // the first transaction that it can carry
  Sequence end;   // the last one; CatchUp::no_end if it goes on
  OnSlow on_slow;
};

struct SubscribePlan {
  std::vector<PlannedStream> streams;
  std::vector<std::uint32_t> kept;  // named, and subscribed already; op `set` only
  std::vector<Rejection> rejected;
};

// `keeps`: streams that are subscribed already are fine and named in `kept`, and the others are not
// counted; otherwise they are refused.
SubscribePlan plan_subscriptions(const std::vector<SubscriptionRequest>& requests, const Hub& hub,
                                 const Log& log, StreamPump& pump, const FeedLimits& limits,
                                 bool keeps);

// The stream's shape as the request asks for it, or why there is none.
struct ShapeFault {
  ControlError code;
  std::string message;
};
std::expected<StreamShape, ShapeFault> shape_asked(const SubscriptionRequest& request);
// What a slow reader gets unless it asks for something else.
OnSlow default_on_slow(const StreamShape& shape);

std::string_view channel_name(wire::Channel channel);
// Channel::none if it is not one that can be subscribed to.
wire::Channel channel_named(std::string_view name);
// The instruments that a name or a pattern stands for; empty if there are none.
std::vector<SymbolId> resolve(std::string_view symbol, const InstrumentTable& instruments);
void write_rejected(JsonWriter& json, const std::vector<Rejection>& rejected);

}  // namespace bourse
