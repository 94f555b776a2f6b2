// Any bytes as the query of /v1/poll (a second line is a Last-Event-ID): refused in well-formed
// JSON, or a subscribe request that says nothing but what was asked.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "feed/http/feed_query.h"      // read_feed_query, subscribe_text
#include "feed/market/control_json.h"  // parse_control
#include "matching/check.h"            // CHECK

namespace {

using namespace bourse;

void must_parse(std::string_view json) {
  static simdjson::dom::parser parser;
  simdjson::dom::element root;
  CHECK(parser.parse(json.data(), json.size()).get(root) == simdjson::SUCCESS);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  HttpRequest request;
  request.path = "/v1/poll";
  request.query = std::string(text.substr(0, line));
  if (line != std::string_view::npos) request.last_event_id = std::string(text.substr(line + 1));
  FeedQuery query;
  if (const auto refusal = read_feed_query(request, query)) {
    CHECK(refusal->status == 400);
    must_parse(refusal->body);
    return 0;
  }
  CHECK(!query.channels.empty() && !query.symbols.empty());
  CHECK(!query.from || query.from->value() > 0);
  const std::string subscribe = subscribe_text(query, query.from.value_or(Sequence{1}));
  const auto asked = parse_control(subscribe);
  if (!asked) return 0;  // as the websocket would: an unknown channel, no UTF-8
  CHECK(asked->op == ControlOp::subscribe);
  CHECK(asked->subscriptions.size() == query.channels.size());
  return 0;
}
