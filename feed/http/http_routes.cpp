#include "feed/http/http_routes.h"

#include <algorithm>
#include <utility>

#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/http/page_files.h"      // find_page_file, page_answer
#include "feed/http/schema_files.h"    // schema_files
#include "feed/net/hello_json.h"       // write_limits
#include "feed/wall_clock.h"           // wall_clock_now
#include "replay/text/decimal.h"       // format_decimal, price_text, quantity_text

namespace bourse {

namespace {

constexpr std::string_view schema_path = "/v1/schema/";

HttpAnswer json_answer(const JsonWriter& json) {
  HttpAnswer answer;
  answer.body = std::string(json.view()) + '\n';
  return answer;
}

void write_instrument(JsonWriter& json, const Instrument& instrument) {
  const InstrumentBody& body = instrument.body;
  const auto lots = [&body](std::uint64_t count) {
    return quantity_text(QuantityLots{count}, body);
  };
  json.open('{');
  json.key("instrument_id").number(instrument.id.value()).key("symbol").text(body.symbol_view());
  json.key("base").text({body.base, ::strnlen(body.base, sizeof body.base)});
  json.key("quote").text({body.quote, ::strnlen(body.quote, sizeof body.quote)});
  json.key("tick_size").text(format_decimal(body.tick_size_e9, price_decimals));
  json.key("lot_size").text(lots(1));
  json.key("min_qty").text(quantity_text(body.quantity_min, body));
  json.key("max_qty").text(quantity_text(body.quantity_max, body));
  json.key("min_px").text(price_text(body.price_min, body));
  json.key("max_px").text(price_text(body.price_max, body));
  json.key("price_exponent").raw("-9");
  json.key("qty_exponent").raw(std::to_string(body.quantity_exponent));
  json.key("seq").wide(instrument.sequence.value());
  json.close('}');
}

void write_journal(JsonWriter& json, const Hub& hub, const Log& log) {
  json.key("earliest_seq").wide(log.earliest_sequence().value());
  json.key("head_seq").wide(log.released_sequence().value());
  json.key("fed_seq").wide(hub.sequence().value());
}

}  // namespace

HttpRoutes::HttpRoutes(const FeedOptions& options, const Hub& hub, const Log& log,
                       const Metrics& metrics, NotReady not_ready, StatusOf status_of)
    : options_(options),
      feeds_{{hub, log}},
      started_(wall_clock_now()),
      metrics_(metrics),
      not_ready_(std::move(not_ready)),
      status_of_(std::move(status_of)) {}

HttpAnswer HttpRoutes::answer(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpAnswer refusal = http_error(405, "method_not_allowed", 1002,
                                    request.method + " is not served here", "use GET");
    refusal.headers = "Allow: GET, HEAD\r\n";
    return refusal;
  }
  const std::string& path = request.path;
  // Browsers ask for HTML; a terminal gets text.
  const bool is_text_wanted = path == "/" && request.accept.find("text/html") == std::string::npos;
  if (const PageFile* const file = find_page_file(path); file != nullptr && !is_text_wanted)
    return page_answer(*file, request);
  if (path == "/") return welcome(request);
  if (path == "/healthz") return {200, "application/json", "{\"alive\":true}\n", ""};
  if (path == "/readyz") return readiness();
  if (path == "/metrics")
    return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text(), ""};
  if (path == "/v1/instruments") return instruments();
  if (path == "/v1/limits") return limits();
  if (path == "/v1/status") return status();
  if (path == "/v1/schema") return schema("");
  if (path.starts_with(schema_path))
    return schema(std::string_view(path).substr(schema_path.size()));
  if (path == "/v1/time") {
    JsonWriter json;
    json.open('{').key("time_ns").wide(static_cast<std::uint64_t>(wall_clock_now().value()));
    return json_answer(json.close('}'));
  }
  return http_error(
      404, "not_found", 1002, "there is nothing at " + path,
      "/ /healthz /readyz /metrics /v1/instruments /v1/book/SYMBOL /v1/time /v1/limits "
      "/v1/schema /v1/status /v1/poll /v1/events, and wss at /v1/md /v1/replay /v1/trade "
      "/v1/dropcopy");
}

HttpAnswer HttpRoutes::readiness() const {
  const std::vector<std::string> reasons = not_ready_ ? not_ready_() : std::vector<std::string>();
  JsonWriter json;
  json.open('{').key("ready").boolean(reasons.empty()).key("reasons").open('[');
  for (const std::string& reason : reasons) json.text(reason);
  HttpAnswer answer = json_answer(json.close(']').close('}'));
  answer.status = reasons.empty() ? 200 : 503;
  return answer;
}

std::vector<std::pair<const Instrument*, const Hub*>> HttpRoutes::all_instruments() const {
  std::vector<std::pair<const Instrument*, const Hub*>> all;
  for (const Feed& feed : feeds_) {
    const InstrumentTable& table = feed.hub.instruments();
    for (std::uint32_t id = 1; id <= table.symbol_count(); ++id)
      if (const Instrument* const found = table.instrument(SymbolId{id}); found != nullptr)
        all.emplace_back(found, &feed.hub);
  }
  std::ranges::sort(all, {}, [](const auto& one) { return one.first->id; });
  return all;
}

HttpAnswer HttpRoutes::instruments() const {
  JsonWriter json;
  json.open('{').key("instruments").open('[');
  for (const auto& [instrument, hub] : all_instruments()) write_instrument(json, *instrument);
  return json_answer(json.close(']').close('}'));
}

HttpAnswer HttpRoutes::limits() const {
  JsonWriter json;
  write_limits(json, options_.limits);
  return json_answer(json);
}

HttpAnswer HttpRoutes::schema(std::string_view name) const {
  if (name.empty()) {
    JsonWriter json;
    json.open('{').key("ver").number(1).key("schemas").open('[');
    for (const SchemaFile& one : schema_files()) {
      json.open('{').key("name").text(one.name).key("sha256").text(one.sha256);
      json.key("url").text(std::string(schema_path).append(one.name)).close('}');
    }
    return json_answer(json.close(']').close('}'));
  }
  for (const SchemaFile& one : schema_files())
    if (name == one.name) {
      HttpAnswer answer{200, "text/plain; charset=utf-8", std::string(one.text), ""};
      answer.headers = "ETag: \"" + std::string(one.sha256) + "\"\r\n";
      return answer;
    }
  return http_error(404, "not_found", 1002, "there is no schema " + std::string(name),
                    "GET /v1/schema lists them");
}

HttpAnswer HttpRoutes::status() const {
  const std::vector<std::string> reasons = not_ready_ ? not_ready_() : std::vector<std::string>();
  const TimeNs now = wall_clock_now();
  JsonWriter json;
  json.open('{').key("server").text(options_.server_name);
  json.key("epoch").number(feeds_.front().hub.epoch().value());
  json.key("time_ns").wide(static_cast<std::uint64_t>(now.value()));
  json.key("started_ns").wide(static_cast<std::uint64_t>(started_.value()));
  json.key("ready").boolean(reasons.empty()).key("reasons").open('[');
  for (const std::string& reason : reasons) json.text(reason);
  json.close(']').key("journal").open('{');
  write_journal(json, feeds_.front().hub, feeds_.front().log);
  json.close('}');
  if (feeds_.size() > 1) {
    json.key("logs").open('[');
    for (const Feed& feed : feeds_) {
      json.open('{').key("log").number(static_cast<std::uint32_t>(&feed - feeds_.data()));
      json.key("epoch").number(feed.hub.epoch().value());
      write_journal(json, feed.hub, feed.log);
      json.close('}');
    }
    json.close(']');
  }
  const auto all = all_instruments();
  json.key("symbols").number(static_cast<std::uint32_t>(all.size()));
  json.key("markets").open('[');
  for (const auto& [instrument, hub] : all) {
    json.open('{').key("symbol").text(instrument->symbol());
    const auto status =
        status_of_ ? status_of_(instrument->id) : hub->state().status(instrument->id);
    json.key("status").raw(status ? std::to_string(*status) : "null").close('}');
  }
  return json_answer(json.close(']').close('}'));
}

HttpAnswer HttpRoutes::welcome(const HttpRequest& request) const {
  const std::string host = request.host.empty() ? "HOST:PORT" : request.host;
  std::string text = "This is " + options_.server_name + ", an exchange.\n\n";
  text += "  wss://" + host + "/v1/md      market data: JSON asks, FlatBuffers frames answer\n";
  text += "  wss://" + host + "/v1/replay  the market of the past, at any pace\n";
  text += "  wss://" + host + "/v1/trade   orders and your own reports\n";
  text +=
      "  https://" + host + "/v1/instruments /v1/status /v1/limits /healthz /readyz /metrics\n\n";
  if (page_files().empty()) {
    text += "The trading page is not in this build: it is made where Node is. On Debian:\n";
    text += "  apt-get install nodejs npm    then    ./dev run\n\n";
  } else {
    text += "Trade in a browser:        https://" + host + "/\n";
    text +=
        "  The browser warns of a certificate that nobody has signed but the exchange itself:\n";
    text +=
        "  on your own machine go on (Advanced, Proceed); elsewhere set feed.certificate_file.\n\n";
  }
  text += "Look at it in a terminal:  bourse tail";
  if (const auto all = all_instruments(); !all.empty())
    text.append(" ").append(all.front().first->symbol());
  return {200, "text/plain; charset=utf-8", text + " --url wss://" + host + "/v1/md\n", ""};
}

}  // namespace bourse
