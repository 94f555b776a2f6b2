#include "feed/trade/order_fields.h"

#include <cstdint>

namespace bourse {

void read_order_fields(FieldReader& fields, OrderText& order) {
  const auto signed_integer = [&](std::string_view key) {
    return static_cast<std::int64_t>(fields.integer(key));
  };
  order.symbol = fields.text("symbol");
  order.order_id = OrderId{fields.integer("order_id")};
  order.side = fields.text("side");
  order.type = fields.text("type");
  order.price = fields.decimal("px");
  order.quantity = fields.decimal("qty");
  order.time_in_force = fields.text("tif");
  order.self_trade_prevention = fields.text("stp");
  order.stop_price = fields.decimal("stop_px");
  order.distance = fields.decimal("distance");
  order.peg = fields.text("peg");
  order.display = fields.decimal("display_qty");
  order.minimum = fields.decimal("min_qty");
  order.expire_at = TimeNs{signed_integer("expire_at")};
  order.slide = fields.flag("slide");
  order.hidden = fields.flag("hidden");
  order.cancel_on_disconnect = fields.flag("cancel_on_disconnect");
  order.prevent_in_group = fields.flag("stp_in_group");
  order.this_session = fields.flag("this_session");
  order.after_ms = signed_integer("ms");
  order.post_only = fields.flag("post_only");
  order.lose_priority = fields.flag("lose_priority");
  order.group = GroupId{static_cast<std::uint32_t>(fields.integer("group", UINT32_MAX))};
  order.valid_ms = signed_integer("valid_ms");
  order.client_time = TimeNs{signed_integer("client_ts")};
}

}  // namespace bourse
