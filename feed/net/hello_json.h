// What every session is told first, and the limits that it names.
//   Shape:  {"op":"hello", ...}; docs/PROTOCOL.md, "hello".
//   Owner:  free functions.
#pragma once

#include <span>
#include <string>

#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/feed_options.h"         // FeedOptions
#include "feed/net/session_info.h"     // SessionInfo
#include "matching/types.h"            // Sequence, Epoch

namespace bourse {

struct HelloPoint {
  Epoch epoch;
  Sequence earliest;
  Sequence head;
};

void write_hello(JsonWriter& json, const FeedOptions& options, const SessionInfo& info,
                 const HelloPoint& point);
// `"logs":[...]`, of each log in their order: what hello has besides if there are several.
std::string log_points(std::span<const HelloPoint> points);
// The object of limits, names and numbers; for hello, op limits and GET /v1/limits.
void write_limits(JsonWriter& json, const FeedLimits& limits);

}  // namespace bourse
