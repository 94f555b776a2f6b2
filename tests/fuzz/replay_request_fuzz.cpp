// Any bytes as a control message of a replay, and as the query that opens one: a request or a
// fault, and what is echoed is well-formed again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "feed/control/control_error.h"   // write_error
#include "feed/control/json_writer.h"     // JsonWriter
#include "feed/history/replay_request.h"  // parse_replay_request, parse_replay_opening

namespace {

void must_parse(std::string_view json) {
  static simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) std::abort();
}

void check_pace(bourse::ReplayPace pace) {
  const auto again = bourse::ReplayPace::parse(pace.text());
  if (!again || again->thousandths != pace.thousandths) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  bourse::JsonWriter json;
  const auto request = bourse::parse_replay_request(text);
  if (!request) {
    bourse::write_error(json, request.error());
    must_parse(json.view());
  } else {
    check_pace(request->pace);
    if (request->count == 0) std::abort();
    if (!request->id.empty()) must_parse(request->id);
  }
  const auto opening = bourse::parse_replay_opening(text);
  if (opening) {
    check_pace(opening->pace);
    if (opening->key.size() > 64) std::abort();
  } else if (simdjson::validate_utf8(text.data(), text.size())) {
    json.clear();
    bourse::write_error(json, opening.error());
    if (simdjson::validate_utf8(json.view().data(), json.view().size())) must_parse(json.view());
  }
  return 0;
}
