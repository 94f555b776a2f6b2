#include "feed/net/hello_json.h"

#include <cstdint>

#include "feed/wall_clock.h"  // wall_clock_now

#ifndef BOURSE_MARKET_DATA_SHA256
#error "schemas/CMakeLists.txt defines BOURSE_MARKET_DATA_SHA256"
#endif

namespace bourse {

void write_hello(JsonWriter& json, const FeedOptions& options, const SessionInfo& info,
                 const HelloPoint& point) {
  json.open('{').key("op").text("hello").key("proto").number(1);
  json.key("server").text(options.server_name).key("session").text(info.name);
  json.key("epoch").number(point.epoch.value());
  json.key("time_ns").wide(static_cast<std::uint64_t>(wall_clock_now().value()));
  json.key("schema").open('{').key("ver").number(1);
  json.key("sha256").text(BOURSE_MARKET_DATA_SHA256).key("deprecated").boolean(false).close('}');
  json.key("journal").open('{').key("earliest_seq").wide(point.earliest.value());
  json.key("head_seq").wide(point.head.value()).close('}');
  json.key("heartbeat_ms").number(options.heartbeat_ms).key("nonce").text(info.nonce);
  json.key("limits");
  write_limits(json, options.limits);
  json.close('}');
}

std::string log_points(std::span<const HelloPoint> points) {
  JsonWriter json;
  json.open('[');
  std::uint32_t log = 0;
  for (const HelloPoint& point : points) {
    json.open('{').key("log").number(log++).key("epoch").number(point.epoch.value());
    json.key("earliest_seq").wide(point.earliest.value());
    json.key("head_seq").wide(point.head.value()).close('}');
  }
  return "\"logs\":" + std::string(json.close(']').view());
}

void write_limits(JsonWriter& json, const FeedLimits& limits) {
  const auto bytes = [](std::size_t count) { return static_cast<std::uint32_t>(count); };
  json.open('{');
  json.key("streams").number(limits.streams_per_connection_count);
  json.key("symbols_per_op").number(limits.symbols_per_op_count);
  json.key("replays").number(limits.replays_per_connection_count);
  json.key("replays_per_server").number(limits.replays_per_server_count);
  json.key("replay_range").number(limits.replay_range_count);
  json.key("ctl_per_s").number(limits.control_per_second_count);
  json.key("ctl_burst").number(limits.control_burst_count);
  json.key("orders_per_s").number(limits.orders_per_second_count);
  json.key("orders_burst").number(limits.orders_burst_count);
  json.key("max_frame").number(bytes(limits.frame_bytes));
  json.key("max_inbound").number(bytes(limits.inbound_message_bytes));
  json.key("max_order").number(bytes(limits.order_bytes));
  json.key("outbox_high").number(bytes(limits.outbox_high_bytes));
  json.key("outbox_low").number(bytes(limits.outbox_low_bytes));
  json.key("http_per_s").number(limits.http_per_second_count);
  json.key("http_burst").number(limits.http_burst_count);
  json.key("dropcopy_accounts").number(limits.dropcopy_accounts_count);
  json.key("open_orders_page").number(limits.open_orders_page_count);
  json.key("lag_ms").number(limits.lag_ms);
  json.key("first_request_ms").number(limits.first_request_ms);
  json.key("ping_ms").number(limits.ping_ms);
  json.key("dead_ms").number(limits.dead_ms);
  json.key("no_progress_ms").number(limits.no_progress_ms);
  json.key("disconnect_grace_ms").number(limits.disconnect_grace_ms);
  json.close('}');
}

}  // namespace bourse
