#include "feed/http/feed_query.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/net/url_query.h"        // parse_url_query

namespace bourse {
namespace {

constexpr std::string_view hint =
    "GET /v1/poll?channels=mbo,trade&symbols=BTC-USD&from_seq=N, see docs/PROTOCOL.md";

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

std::optional<HttpAnswer> read_feed_query(const HttpRequest& request, FeedQuery& out) {
  if (!request.is_http11 && request.path == "/v1/events")
    return http_error(400, "bad_request", 1001, "events come in pieces: HTTP/1.1 only", hint);
  const auto query = parse_url_query(request.query);
  if (!query) return http_error(400, "bad_request", 1001, "this is no URL", hint);
  const auto read_sequence = [&out](const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == 0) return false;
    out.from = Sequence{number};
    return true;
  };
  for (const auto& [name, value] : *query) {
    bool is_good = true;
    if (name == "channels") {
      out.channels = words_of(value);
    } else if (name == "symbols") {
      out.symbols = words_of(value);
    } else if (name == "from_seq") {
      is_good = read_sequence(value);
    } else if (name == "snapshot") {
      out.snapshot = value == "1" || value == "true";
      is_good = out.snapshot || value == "0" || value == "false";
    } else if (name == "encoding") {
      out.base64 = value == "base64";
      is_good = out.base64 || value == "binary";
    }
    if (!is_good)
      return http_error(400, "bad_request", 1004, "'" + name + "' cannot be " + value, hint);
  }
  // An EventSource that comes back says where it was.
  if (!request.last_event_id.empty() && !read_sequence(request.last_event_id))
    return http_error(400, "bad_request", 1004, "Last-Event-ID is no sequence", hint);
  if (out.channels.empty() || out.symbols.empty())
    return http_error(400, "bad_request", 1003, "channels and symbols must not be empty", hint);
  return std::nullopt;
}

std::string subscribe_text(const FeedQuery& query, Sequence from) {
  JsonWriter json;
  json.open('{').key("op").text("subscribe").key("subs").open('[');
  for (const std::string& channel : query.channels) {
    json.open('{').key("channel").text(channel).key("symbols").open('[');
    for (const std::string& symbol : query.symbols) json.text(symbol);
    json.close(']').key("start").open('{').key("seq").wide(from.value()).close('}');
    const bool has_state = channel != "trade" && channel != "status" && channel != "imbalance";
    if (query.snapshot && has_state) json.key("snapshot").boolean(true);
    json.close('}');
  }
  return std::string(json.close(']').close('}').view());
}

}  // namespace bourse
