#include "feed/market/control_json.h"

#include <charconv>
#include <initializer_list>
#include <utility>

#include <simdjson.h>

namespace bourse {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t id_bytes_max = 64;
constexpr std::pair<std::string_view, ControlOp> ops[] = {
    {"subscribe", ControlOp::subscribe},
    {"unsubscribe", ControlOp::unsubscribe},
    {"subscriptions", ControlOp::subscriptions},
    {"ping", ControlOp::ping},
    {"limits", ControlOp::limits},
    {"set", ControlOp::set},
    {"snapshot", ControlOp::snapshot},
    {"check", ControlOp::check},
    {"replay", ControlOp::replay},
    {"stats", ControlOp::stats},
};
constexpr std::pair<std::string_view, OnSlow> slow_words[] = {
    {"catchup", OnSlow::catchup},
    {"conflate", OnSlow::conflate},
    {"skip", OnSlow::skip},
    {"disconnect", OnSlow::disconnect},
};

// What stops the parsing; thrown and caught in this file only, on a cold path.
struct Stop {
  ControlError code;
  std::string message;
};

[[noreturn]] void missing(std::string_view field) {
  throw Stop{ControlError::missing_field, "field " + std::string(field) + " is missing"};
}
[[noreturn]] void bad_type(std::string_view field, std::string_view wanted) {
  throw Stop{ControlError::bad_type, std::string(field) + " must be " + std::string(wanted)};
}

std::optional<dom::element> find(const dom::object& object, std::string_view key) {
  dom::element value;
  if (object.at_key(key).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::string_view string_of(const dom::element& value, std::string_view field) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) bad_type(field, "a string");
  return text;
}

std::uint64_t integer_of(const dom::element& value, std::string_view field) {
  std::uint64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number;
  std::string_view digits;
  if (value.get(digits) == simdjson::SUCCESS && !digits.empty()) {
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number);
    if (error == std::errc{} && stopped == end) return number;
  }
  bad_type(field, "an integer from 0 to 2^64-1, as number or string");
}

bool boolean_of(const dom::element& value, std::string_view field) {
  bool is_true = false;
  if (value.get(is_true) != simdjson::SUCCESS) bad_type(field, "true or false");
  return is_true;
}

dom::array array_of(const dom::element& value, std::string_view field) {
  dom::array array;
  if (value.get(array) != simdjson::SUCCESS) bad_type(field, "an array");
  return array;
}

dom::object object_of(const dom::element& value, std::string_view field) {
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS) bad_type(field, "an object");
  return object;
}

// Number or string, echoed as it came.
std::string scalar_of(const dom::element& value, std::string_view field) {
  if (!value.is_number() && !value.is_string()) bad_type(field, "a number or a string");
  std::string json = simdjson::minify(value);
  if (json.size() > id_bytes_max) bad_type(field, "at most 64 bytes long");
  return json;
}

// {"seq":...} or {"ts":...}.
StartRequest point_of(const dom::object& object, const std::string& field) {
  StartRequest point;
  if (const auto seq = find(object, "seq")) {
    point.kind = StartKind::sequence;
    point.sequence = Sequence{integer_of(*seq, field + ".seq")};
    return point;
  }
  if (const auto ts = find(object, "ts")) {
    const std::uint64_t ns = integer_of(*ts, field + ".ts");
    if (ns > INT64_MAX) bad_type(field + ".ts", "nanoseconds since 1970");
    point.kind = StartKind::time;
    point.time = TimeNs{static_cast<std::int64_t>(ns)};
    return point;
  }
  missing(field + ".seq");
}

StartRequest start_of(const dom::element& value) {
  StartRequest start;
  std::string_view word;
  if (value.get(word) == simdjson::SUCCESS) {
    if (word != "earliest" && word != "session")
      bad_type("start", "\"earliest\", \"session\" or an object with seq or ts");
    start.kind = word == "earliest" ? StartKind::earliest : StartKind::session;
    return start;
  }
  const dom::object object = object_of(value, "start");
  start = point_of(object, "start");
  if (const auto epoch = find(object, "epoch")) {
    const std::uint64_t number = integer_of(*epoch, "start.epoch");
    if (number > 0xFFFFFFFF) bad_type("start.epoch", "an integer of 32 bits");
    start.epoch = Epoch{static_cast<std::uint32_t>(number)};
  }
  return start;
}

OnSlow on_slow_of(const dom::element& value) {
  const std::string_view name = string_of(value, "on_slow");
  for (const auto& [word, known] : slow_words) {
    if (name == word) return known;
  }
  bad_type("on_slow", "\"catchup\", \"conflate\", \"skip\" or \"disconnect\"");
}

SubscriptionRequest subscription_of(const dom::element& value, bool with_start) {
  const dom::object object = object_of(value, "subs[]");
  SubscriptionRequest request;
  const auto channel = find(object, "channel");
  if (!channel) missing("subs[].channel");
  request.channel = string_of(*channel, "channel");
  const auto symbols = find(object, "symbols");
  if (!symbols) missing("subs[].symbols");
  for (const dom::element symbol : array_of(*symbols, "symbols")) {
    request.symbols.emplace_back(string_of(symbol, "symbols[]"));
  }
  if (const auto log = find(object, "log")) request.log = integer_of(*log, "log");
  // Which of the channel's streams.
  if (const auto depth = find(object, "depth")) request.depth = integer_of(*depth, "depth");
  if (const auto conflate = find(object, "conflate_ms"))
    request.conflate_ms = integer_of(*conflate, "conflate_ms");
  if (const auto interval = find(object, "interval_ms"))
    request.interval_ms = integer_of(*interval, "interval_ms");
  if (const auto every = find(object, "every")) request.every = integer_of(*every, "every");
  if (!with_start) return request;
  if (const auto start = find(object, "start")) request.start = start_of(*start);
  if (const auto end = find(object, "end")) request.end = point_of(object_of(*end, "end"), "end");
  if (const auto snapshot = find(object, "snapshot"))
    request.wants_snapshot = boolean_of(*snapshot, "snapshot");
  if (const auto on_slow = find(object, "on_slow")) request.on_slow = on_slow_of(*on_slow);
  return request;
}

std::uint32_t stream_id_of(const dom::element& value, std::string_view field) {
  const std::uint64_t id = integer_of(value, field);
  if (id > 0xFFFFFFFF) bad_type(field, "an integer of 32 bits");
  return static_cast<std::uint32_t>(id);
}

void read_stream(const dom::object& object, ControlRequest& request) {
  const auto stream = find(object, "stream");
  if (!stream) missing("stream");
  request.streams.push_back(stream_id_of(*stream, "stream"));
}

void read_streams(const dom::object& object, ControlRequest& request) {
  const auto streams = find(object, "streams");
  const auto subs = find(object, "subs");
  if (!streams && !subs) missing("streams or subs");
  if (streams) {
    for (const dom::element stream : array_of(*streams, "streams"))
      request.streams.push_back(stream_id_of(stream, "streams[]"));
  }
  if (subs) {
    for (const dom::element sub : array_of(*subs, "subs")) {
      request.subscriptions.push_back(subscription_of(sub, false));
    }
  }
}

void read_request(const dom::object& object, ControlRequest& request) {
  const auto op = find(object, "op");
  if (!op) missing("op");
  const std::string_view name = string_of(*op, "op");
  for (const auto& [known, value] : ops) {
    if (name == known) request.op = value;
  }
  switch (request.op) {
    case ControlOp::none:
      throw Stop{ControlError::unknown_op, "unknown op \"" + shortened(name) + "\""};
    case ControlOp::subscribe:
    case ControlOp::set: {
      const auto subs = find(object, "subs");
      if (!subs) missing("subs");
      for (const dom::element sub : array_of(*subs, "subs")) {
        request.subscriptions.push_back(subscription_of(sub, true));
      }
      break;
    }
    case ControlOp::unsubscribe:
      read_streams(object, request);
      break;
    case ControlOp::ping:
      if (const auto t = find(object, "t")) request.ping_time = scalar_of(*t, "t");
      break;
    case ControlOp::snapshot:
    case ControlOp::check:
      read_stream(object, request);
      break;
    case ControlOp::replay: {
      read_stream(object, request);
      const auto from = find(object, "from_seq");
      if (!from) missing("from_seq");
      request.from = Sequence{integer_of(*from, "from_seq")};
      const auto to = find(object, "to_seq");
      if (!to) missing("to_seq");
      request.to = Sequence{integer_of(*to, "to_seq")};
      break;
    }
    case ControlOp::subscriptions:
    case ControlOp::limits:
    case ControlOp::stats:
      break;
  }
}

}  // namespace

std::expected<ControlRequest, ControlFault> parse_control(std::string_view text) {
  // One for all sessions of the thread: it keeps the memory of the largest message it has seen.
  thread_local dom::parser parser;
  ControlRequest request;
  try {
    // An empty view may point nowhere, and simdjson copies from where it points.
    if (text.empty()) throw Stop{ControlError::bad_json, "the message is empty"};
    dom::element root;
    const simdjson::error_code error = parser.parse(text.data(), text.size()).get(root);
    if (error != simdjson::SUCCESS) {
      throw Stop{ControlError::bad_json, simdjson::error_message(error)};
    }
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      throw Stop{ControlError::bad_json, "a control message is a JSON object"};
    }
    if (const auto id = find(object, "id")) request.id = scalar_of(*id, "id");
    read_request(object, request);
    return request;
  } catch (Stop& stop) {
    return std::unexpected(ControlFault{.code = stop.code,
                                        .message = std::move(stop.message),
                                        .id = std::move(request.id),
                                        .symbol = {},
                                        .retry_after_ms = 0});
  }
}

std::string shortened(std::string_view text) {
  constexpr std::size_t bytes_max = 48;
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max - 3;
  // Not between the bytes of one character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace bourse
