#include "feed/trade/exec_json.h"

#include <string_view>

#include "feed/control/json_writer.h"  // JsonWriter
#include "replay/text/decimal.h"       // price_text, quantity_text
#include "replay/text/order_words.h"   // exec_type_name, ...

namespace bourse {
namespace {

// ,"key":"value" for values that need no escaping.
void add_text(std::string& out, std::string_view key, std::string_view value) {
  out += ",\"";
  out += key;
  out += "\":\"";
  out += value;
  out += '"';
}

void add_integer(std::string& out, std::string_view key, std::uint64_t value) {
  add_text(out, key, std::to_string(value));
}

void add_small(std::string& out, std::string_view key, std::uint32_t value) {
  out += ",\"";
  out += key;
  out += "\":";
  out += std::to_string(value);
}

void add_amounts(std::string& out, const ExecEvent& e, const InstrumentBody& instrument) {
  add_text(out, "symbol", instrument.symbol_view());
  if (e.price != no_price) add_text(out, "price", price_text(e.price, instrument));
  add_text(out, "qty", quantity_text(e.quantity, instrument));
  add_text(out, "cum_qty", quantity_text(e.filled, instrument));
  add_text(out, "leaves_qty", quantity_text(e.leaves, instrument));
  if (e.last_quantity) {
    add_text(out, "last_px", price_text(e.last_price, instrument));
    add_text(out, "last_qty", quantity_text(e.last_quantity, instrument));
  }
}

}  // namespace

void append_exec_json(const Report& report, bool replay, const InstrumentTable& instruments,
                      std::string& out) {
  const ExecEvent& e = report.event;
  out += R"({"op":"exec","exec_seq":")";
  out += std::to_string(e.exec_sequence.value());
  out += '"';
  add_integer(out, "seq", report.sequence.value());
  add_text(out, "ts_event", std::to_string(report.time.value()));
  add_small(out, "account_id", e.account.value());
  add_text(out, "exec_type", exec_type_name(e.type));
  add_text(out, "status", order_status_name(e.status));
  if (e.order_id) add_integer(out, "order_id", e.order_id.value());
  if (e.client_sequence) add_integer(out, "client_seq", e.client_sequence.value());
  if (!e.client_order_id.empty()) {
    JsonWriter quoted;  // printable ASCII, which has quotes and backslashes
    quoted.text(e.client_order_id.view());
    out += R"(,"cl_ord_id":)";
    out += quoted.view();
  }
  add_small(out, "instrument_id", e.symbol.value());
  if (const InstrumentBody* const instrument = instruments.find(e.symbol))
    add_amounts(out, e, *instrument);
  if (e.side != Side::none) add_text(out, "side", side_name(e.side));
  if (e.order_type != OrderType::none) add_text(out, "ord_type", order_type_name(e.order_type));
  if (e.time_in_force != TimeInForce::none)
    add_text(out, "tif", time_in_force_name(e.time_in_force));
  if (e.match_id) add_integer(out, "match_id", e.match_id.value());
  if (e.liquidity != Liquidity::none) add_text(out, "liquidity", liquidity_name(e.liquidity));
  if (e.group) add_small(out, "group", e.group.value());
  if (e.reject_reason != RejectReason::none) {
    add_small(out, "reject_code", static_cast<std::uint16_t>(e.reject_reason));
    add_text(out, "reject", reject_name(e.reject_reason));
  }
  if ((e.flags & exec_flags::duplicate) != 0) out += R"(,"duplicate":true)";
  if (e.flags != 0) add_small(out, "flags", e.flags);
  if (report.client_time) add_text(out, "client_ts", std::to_string(report.client_time.value()));
  if (replay) out += R"(,"replay":true)";
  out += '}';
}

}  // namespace bourse
