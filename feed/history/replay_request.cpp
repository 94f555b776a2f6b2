#include "feed/history/replay_request.h"

#include <charconv>
#include <utility>

#include "feed/control/json_fields.h"        // JsonFields
#include "feed/market/control_json.h"        // shortened
#include "feed/net/url_query.h"              // parse_url_query
#include "replay/snapshot/book_history.h"    // sequence_at
#include "replay/snapshot/market_history.h"  // first_of_epoch
#include "replay/text/time_text.h"           // parse_time

namespace bourse {
namespace {

constexpr std::size_t key_bytes_max = 64;
constexpr std::size_t id_bytes_max = 64;
constexpr std::uint32_t milliseconds_max = 86'400'000;

constexpr std::pair<std::string_view, ReplayOp> ops[] = {
    {"pause", ReplayOp::pause}, {"resume", ReplayOp::resume}, {"seek", ReplayOp::seek},
    {"step", ReplayOp::step},   {"speed", ReplayOp::pace},    {"replay_state", ReplayOp::state}};

std::unexpected<ControlFault> fault(ControlError code, std::string message) {
  return std::unexpected(
      ControlFault{.code = code, .message = std::move(message), .id = {}, .symbol = {}});
}
std::unexpected<ControlFault> bad(std::string_view field, std::string_view wanted) {
  return fault(ControlError::bad_type, std::string(field) + " must be " + std::string(wanted));
}

std::optional<std::uint64_t> integer_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::expected<ReplayPlace, ControlFault> sequence_place(std::string_view name,
                                                        std::string_view text) {
  const auto number = integer_of(text);
  if (!number) return bad(name, "an integer from 0 to 2^64-1");
  return ReplayPlace{.kind = ReplayPlace::Kind::sequence, .value = *number};
}
std::expected<ReplayPlace, ControlFault> time_place(std::string_view name, std::string_view text) {
  const auto time = parse_time(text);
  if (!time || time->value() < 0)
    return bad(name, "nanoseconds since 1970 or a time like 2026-01-30T14:30:00Z");
  return ReplayPlace{.kind = ReplayPlace::Kind::time,
                     .value = static_cast<std::uint64_t>(time->value())};
}
std::expected<ReplayPlace, ControlFault> epoch_place(std::string_view name, std::string_view text) {
  if (text == "last") return ReplayPlace{.kind = ReplayPlace::Kind::epoch, .value = 0};
  const auto number = integer_of(text);
  if (!number || *number == 0 || *number > 0xFFFFFFFF)
    return bad(name, "the number of an epoch or \"last\"");
  return ReplayPlace{.kind = ReplayPlace::Kind::epoch, .value = *number};
}

std::expected<std::uint32_t, ControlFault> milliseconds(std::string_view name,
                                                        std::string_view text) {
  const auto number = integer_of(text);
  if (!number || *number > milliseconds_max) return bad(name, "milliseconds, at most one day");
  return static_cast<std::uint32_t>(*number);
}

// Either is taken over, or the fault is what is returned.
template <class Value, class Parsed>
std::expected<void, ControlFault> take(Value& into, Parsed&& parsed) {
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  into = std::move(*parsed);
  return {};
}

std::expected<void, ControlFault> take_opening(ReplayOpening& opening, const std::string& name,
                                               const std::string& value) {
  if (name == "from_seq") return take(opening.from, sequence_place(name, value));
  if (name == "from_ts") return take(opening.from, time_place(name, value));
  if (name == "session") return take(opening.from, epoch_place(name, value));
  if (name == "to_seq") return take(opening.to, sequence_place(name, value));
  if (name == "to_ts") return take(opening.to, time_place(name, value));
  if (name == "max_gap_ms") return take(opening.idle_max_ms, milliseconds(name, value));
  if (name == "tick_ms") return take(opening.tick_ms, milliseconds(name, value));
  if (name == "speed") {
    const auto pace = ReplayPace::parse(value);
    if (!pace) return bad(name, "max, or 0.1 to 1000 with at most three decimals");
    opening.pace = *pace;
    return {};
  }
  if (name == "paused" || name == "stay") {
    if (value != "0" && value != "1") return bad(name, "0 or 1");
    (name == "stay" ? opening.stays : opening.is_paused) = value == "1";
    return {};
  }
  if (name == "key") {
    if (value.empty() || value.size() > key_bytes_max) return bad(name, "1 to 64 bytes");
    opening.key = value;
    return {};
  }
  if (name == "log") {
    const auto number = integer_of(value);
    if (!number) return bad(name, "the number of a log");
    opening.log = *number;
    return {};
  }
  return fault(ControlError::bad_type,
               "the query has an unknown name \"" + shortened(name) +
                   "\"; there are from_seq, from_ts, session, to_seq, to_ts, speed, max_gap_ms, "
                   "tick_ms, paused, stay, key");
}

std::string raw_json(const JsonField& field) {
  if (field.kind == JsonKind::number) return std::string(field.value);
  JsonWriter json;
  json.text(field.value);
  return std::string(json.view());
}

std::expected<void, ControlFault> read_place(const JsonFields& fields, ReplayPlace& place) {
  if (const JsonField* seq = fields.find("seq"))
    return take(place, sequence_place("seq", seq->value));
  if (const JsonField* ts = fields.find("ts")) return take(place, time_place("ts", ts->value));
  if (const JsonField* session = fields.find("session"))
    return take(place, epoch_place("session", session->value));
  return fault(ControlError::missing_field, "field seq, ts or session is missing");
}

std::expected<void, ControlFault> read_step(const JsonFields& fields, ReplayRequest& request) {
  constexpr std::pair<std::string_view, ReplayUnit> units[] = {
      {"transactions", ReplayUnit::transactions},
      {"events", ReplayUnit::events},
      {"trades", ReplayUnit::trades}};
  for (const auto& [name, unit] : units) {
    const JsonField* const field = fields.find(name);
    if (field == nullptr) continue;
    const auto count = fields.integer(*field);
    if (!count || *count == 0) return bad(name, "an integer from 1 on");
    request.unit = unit;
    request.count = *count;
    return {};
  }
  return fault(ControlError::missing_field, "field transactions, events or trades is missing");
}

std::expected<void, ControlFault> read_fields(const JsonFields& fields, ReplayRequest& request) {
  if (request.op == ReplayOp::seek) return read_place(fields, request.place);
  if (request.op == ReplayOp::step) return read_step(fields, request);
  if (request.op != ReplayOp::pace) return {};
  const JsonField* const speed = fields.find("speed");
  if (speed == nullptr) return fault(ControlError::missing_field, "field speed is missing");
  const auto pace = ReplayPace::parse(speed->value);
  if (!pace) return bad("speed", "\"max\", or 0.1 to 1000 with at most three decimals");
  request.pace = *pace;
  return {};
}

std::string range_text(Sequence from, Sequence to) {
  return std::to_string(from.value()) + " to " + std::to_string(to.value());
}

}  // namespace

std::expected<ReplayOpening, ControlFault> parse_replay_opening(std::string_view query,
                                                                ReplayOpening defaults) {
  const auto parsed = parse_url_query(query);
  if (!parsed) return fault(ControlError::bad_type, "the query has an escape that is none");
  for (const auto& [name, value] : *parsed) {
    if (auto taken = take_opening(defaults, name, value); !taken)
      return std::unexpected(std::move(taken.error()));
  }
  return defaults;
}

std::expected<ReplayRequest, ControlFault> parse_replay_request(std::string_view text) {
  thread_local JsonFields fields;
  ReplayRequest request;
  if (!fields.parse(text)) return request;
  const JsonField* const op = fields.find("op");
  if (op == nullptr || op->kind != JsonKind::text) return request;
  for (const auto& [name, value] : ops) {
    if (op->value == name) request.op = value;
  }
  if (request.op == ReplayOp::none) return request;
  if (const JsonField* id = fields.find("id")) {
    const bool is_scalar = id->kind == JsonKind::number || id->kind == JsonKind::text;
    if (!is_scalar) return bad("id", "a number or a string");
    std::string raw = raw_json(*id);
    if (raw.size() > id_bytes_max) return bad("id", "at most 64 bytes long");
    request.id = std::move(raw);
  }
  if (auto read = read_fields(fields, request); !read) {
    read.error().id = request.id;
    return std::unexpected(std::move(read.error()));
  }
  return request;
}

std::expected<Sequence, ControlFault> place_of(const ReplayPlace& place, const Log& log,
                                               Sequence from, Sequence to) {
  Sequence found = from;
  if (place.kind == ReplayPlace::Kind::sequence) {
    found = Sequence{place.value};
    if (found < from)
      return fault(ControlError::seq_expired, "sequence " + std::to_string(place.value) +
                                                  " is before the range, which is " +
                                                  range_text(from, to));
    if (found > to)
      return fault(ControlError::seq_in_future, "sequence " + std::to_string(place.value) +
                                                    " is beyond the range, which is " +
                                                    range_text(from, to));
    return found;
  }
  if (place.kind == ReplayPlace::Kind::time) {
    auto cursor = log.cursor(from);
    Result<void> sought = cursor ? cursor->seek(TimeNs{static_cast<std::int64_t>(place.value)})
                                 : std::unexpected(cursor.error());
    if (!sought) return fault(ControlError::journal_unavailable, sought.error().what);
    found = std::max(cursor->position(), from);
    if (found > to)
      return fault(
          ControlError::ts_out_of_range,
          "nothing happened from then on in the range, which is sequences " + range_text(from, to));
  }
  if (place.kind == ReplayPlace::Kind::epoch) {
    const Epoch epoch =
        place.value == 0 ? log.last_epoch() : Epoch{static_cast<std::uint32_t>(place.value)};
    const auto first = first_of_epoch(log, epoch);
    if (!first) return fault(ControlError::journal_unavailable, first.error().what);
    found = *first;
    if (found < from || found > to)
      return fault(ControlError::epoch_mismatch,
                   "session " + std::to_string(epoch.value()) +
                       " does not begin in the range, which is sequences " + range_text(from, to));
  }
  return found;
}

std::expected<ReplaySettings, ControlFault> settings_of(const ReplayOpening& opening,
                                                        const Log& log) {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  const Sequence earliest = log.earliest_sequence();
  const Sequence head = log.released_sequence();
  if (head < earliest) return fault(ControlError::journal_unavailable, "the log is empty");
  ReplaySettings settings;
  const auto from = place_of(opening.from, log, earliest, head);
  if (!from) return std::unexpected(from.error());
  settings.from = *from;
  settings.to = head;
  if (opening.to.kind == ReplayPlace::Kind::sequence) {
    const auto to = place_of(opening.to, log, settings.from, head);
    if (!to) return std::unexpected(to.error());
    settings.to = *to;
  } else if (opening.to.kind == ReplayPlace::Kind::time) {
    const auto to = sequence_at(log, TimeNs{static_cast<std::int64_t>(opening.to.value)});
    if (!to || *to < settings.from)
      return fault(ControlError::ts_out_of_range, "the range ends before it begins, at sequence " +
                                                      std::to_string(settings.from.value()));
    settings.to = *to;
  }
  settings.pace = opening.pace;
  settings.idle_max_ns = opening.idle_max_ms * ns_per_ms;
  settings.tick_ns = opening.tick_ms * ns_per_ms;
  settings.is_paused = opening.is_paused;
  return settings;
}

}  // namespace bourse
