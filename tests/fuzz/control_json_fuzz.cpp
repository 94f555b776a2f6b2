// Any bytes as a control message: an answer or a fault, and what is echoed is well-formed again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "feed/control/control_error.h"  // write_error
#include "feed/control/json_writer.h"    // JsonWriter
#include "feed/market/control_json.h"    // parse_control
#include "feed/market/stream_shape.h"    // stream_of, shape_of
#include "feed/market/subscribe_plan.h"  // shape_asked

namespace {

void must_parse(std::string_view json) {
  static simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto request = bourse::parse_control(text);
  bourse::JsonWriter json;
  if (!request) {
    bourse::write_error(json, request.error());
  } else {
    if (request->op == bourse::ControlOp::none) std::abort();
    json.open('{');
    if (!request->id.empty()) json.key("id").raw(request->id);
    if (!request->ping_time.empty()) json.key("t").raw(request->ping_time);
    for (const bourse::SubscriptionRequest& sub : request->subscriptions) {
      const std::string channel = bourse::shortened(sub.channel);
      if (channel.size() > 48) std::abort();
      json.key("channel").text(channel);
      for (const std::string& symbol : sub.symbols)
        json.key("symbol").text(bourse::shortened(symbol));
      // What is asked for is one of the streams that there are, or a mistake with a text.
      const auto shape = bourse::shape_asked(sub);
      if (shape) {
        const auto stream = bourse::stream_of(*shape, bourse::SymbolId{7});
        if (!stream || bourse::shape_of(*stream) != *shape) std::abort();
      } else {
        json.key("code").number(static_cast<std::uint32_t>(shape.error().code));
        json.key("msg").text(shape.error().message);
      }
      if (sub.end && sub.end->kind != bourse::StartKind::sequence &&
          sub.end->kind != bourse::StartKind::time)
        std::abort();
    }
    const bool names_one = request->op == bourse::ControlOp::snapshot ||
                           request->op == bourse::ControlOp::check ||
                           request->op == bourse::ControlOp::replay;
    if (names_one && request->streams.size() != 1) std::abort();
    json.close('}');
  }
  must_parse(json.view());
  return 0;
}
