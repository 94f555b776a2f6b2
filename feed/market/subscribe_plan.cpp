#include "feed/market/subscribe_plan.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

namespace bourse {
namespace {

constexpr std::pair<std::string_view, wire::Channel> channels[] = {
    {"mbo", wire::Channel::mbo},
    {"level", wire::Channel::level},
    {"bbo", wire::Channel::bbo},
    {"trade", wire::Channel::trade},
    {"depth10", wire::Channel::depth10},
    {"bar", wire::Channel::bar},
    {"stat", wire::Channel::stat},
    {"status", wire::Channel::status},
    {"imbalance", wire::Channel::imbalance},
    {"check", wire::Channel::check}};
constexpr std::int64_t ns_per_day = 86'400'000'000'000;

struct Start {
  ControlError error = ControlError::none;
  std::string message;
  bool is_live = true;
  Sequence from;
};

std::string text_of(Sequence sequence) { return std::to_string(sequence.value()); }

Start refused(ControlError code, std::string message) {
  return {.error = code, .message = std::move(message), .is_live = false, .from = Sequence{0}};
}

// Whether the transaction before `from` is the one that the client has seen.
bool is_of_epoch(const Log& log, Sequence from, Epoch epoch) {
  if (from <= log.earliest_sequence()) return true;  // nothing to compare with
  Result<Cursor> cursor = log.cursor(Sequence{from.value() - 1});
  if (!cursor || cursor->next() != Cursor::Next::transaction) return true;
  return cursor->transaction().epoch() == epoch;
}

Start start_at_time(const Log& log, TimeNs time) {
  Result<Cursor> cursor = log.cursor(log.earliest_sequence());
  if (!cursor) return refused(ControlError::journal_unavailable, cursor.error().what);
  if (const Result<void> sought = cursor->seek(time); !sought) {
    return refused(ControlError::ts_out_of_range, sought.error().what);
  }
  return {.error = ControlError::none, .message = {}, .is_live = false, .from = cursor->position()};
}

Start start_of(const StartRequest& request, const Hub& hub, const Log& log) {
  const Sequence live = next(hub.sequence());
  Start start{.error = ControlError::none, .message = {}, .is_live = false, .from = live};
  switch (request.kind) {
    case StartKind::live:
      start.is_live = true;
      return start;
    case StartKind::sequence:
      start.from = request.sequence;
      break;
    case StartKind::earliest:
      start.from = std::min(log.earliest_sequence(), live);
      break;
    case StartKind::time:
      start = start_at_time(log, request.time);
      break;
    case StartKind::session:  // the day of UTC
      start = start_at_time(log, TimeNs{hub.time().value() / ns_per_day * ns_per_day});
      break;
  }
  if (start.error != ControlError::none) return start;
  // Another io thread may be further than this one's hub, and a client may come from there.
  const Sequence head = std::max(hub.sequence(), log.released_sequence());
  if (start.from < log.earliest_sequence() || start.from == Sequence{0}) {
    return refused(ControlError::seq_expired, "sequence " + text_of(start.from) +
                                                  " is not in the log: the earliest is " +
                                                  text_of(log.earliest_sequence()));
  }
  if (start.from > next(head)) {
    return refused(
        ControlError::seq_in_future,
        "sequence " + text_of(start.from) + " is beyond the head, which is " + text_of(head));
  }
  if (request.epoch && !is_of_epoch(log, start.from, *request.epoch)) {
    return refused(ControlError::epoch_mismatch,
                   "sequence " + std::to_string(start.from.value() - 1) + " is not of epoch " +
                       std::to_string(request.epoch->value()));
  }
  start.is_live = start.from == live;
  return start;
}

// Where a range ends; its `from` is the last transaction that is wanted.
Start end_of(const StartRequest& request, Sequence from, const Hub& hub, const Log& log) {
  Start end{.error = ControlError::none, .message = {}, .is_live = false, .from = request.sequence};
  if (request.kind == StartKind::time) {
    end = start_at_time(log, request.time);
    if (end.error != ControlError::none) return end;
    end.from = Sequence{end.from.value() - 1};
  }
  if (end.from > hub.sequence()) {
    return refused(ControlError::seq_in_future, "the end, " + text_of(end.from) +
                                                    ", is beyond the head, which is " +
                                                    text_of(hub.sequence()));
  }
  if (end.from < from) return refused(ControlError::ts_out_of_range, "the end is before the start");
  return end;
}

template <class Values>
std::string choices(const Values& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return text;
}

std::span<const std::uint32_t> conflations_of(wire::Channel channel) {
  static constexpr std::array<std::uint32_t, 1> none = {0};
  switch (channel) {
    case wire::Channel::level:
    case wire::Channel::depth10:
      return book_conflations_ms;
    case wire::Channel::bbo:
      return best_conflations_ms;
    case wire::Channel::bar:
      return bar_conflations_ms;
    default:
      return none;
  }
}

bool is_one_of(const auto& values, std::uint64_t value) {
  return std::ranges::find(values, value) != values.end();
}

bool can_conflate(const StreamShape& shape) {
  return shape.channel == wire::Channel::level || shape.channel == wire::Channel::bbo ||
         shape.channel == wire::Channel::depth10 || shape.channel == wire::Channel::stat;
}

}  // namespace

std::expected<StreamShape, ShapeFault> shape_asked(const SubscriptionRequest& request) {
  const auto fault = [](ControlError code, std::string message) {
    return std::unexpected(ShapeFault{code, std::move(message)});
  };
  const wire::Channel channel = channel_named(request.channel);
  if (channel == wire::Channel::none)
    return fault(ControlError::unknown_channel, "unknown channel");
  StreamShape shape = canonical_shape(channel);
  if (channel == wire::Channel::level ? !is_one_of(level_depths, request.depth)
                                      : request.depth != 0) {
    return fault(ControlError::bad_depth, channel == wire::Channel::level
                                              ? "depth is one of " + choices(level_depths)
                                              : "depth is for level only");
  }
  shape.depth = static_cast<std::uint16_t>(request.depth);
  if (request.conflate_ms && *request.conflate_ms != shape.conflate_ms) {
    const auto offered = conflations_of(channel);
    if (!is_one_of(offered, *request.conflate_ms)) {
      return fault(ControlError::bad_conflation,
                   "conflate_ms of " + request.channel + " is one of " + choices(offered));
    }
    shape.conflate_ms = static_cast<std::uint32_t>(*request.conflate_ms);
  }
  if (request.interval_ms) {
    if (channel != wire::Channel::bar || !is_one_of(bar_intervals_ms, *request.interval_ms)) {
      return fault(ControlError::bad_interval,
                   "interval_ms is for bar, and one of " + choices(bar_intervals_ms));
    }
    shape.interval_ms = static_cast<std::uint32_t>(*request.interval_ms);
  }
  if (request.every) {
    if (channel != wire::Channel::check || !is_one_of(check_rates, *request.every)) {
      return fault(ControlError::bad_interval,
                   "every is for check, and one of " + choices(check_rates));
    }
    shape.every = static_cast<std::uint32_t>(*request.every);
  }
  if (request.on_slow == OnSlow::conflate && !can_conflate(shape)) {
    return fault(ControlError::bad_conflation,
                 request.channel + " has no state that could stand for what was missed");
  }
  return shape;
}

OnSlow default_on_slow(const StreamShape& shape) {
  return can_conflate(shape) ? OnSlow::conflate : OnSlow::catchup;
}

std::string_view channel_name(wire::Channel channel) {
  for (const auto& [name, known] : channels) {
    if (known == channel) return name;
  }
  return {};
}

wire::Channel channel_named(std::string_view name) {
  for (const auto& [known, channel] : channels) {
    if (known == name) return channel;
  }
  return wire::Channel::none;
}

std::vector<SymbolId> resolve(std::string_view symbol, const InstrumentTable& instruments) {
  if (is_pattern(symbol)) return instruments.matching(symbol);
  const SymbolId id = instruments.find(symbol);
  return id ? std::vector<SymbolId>{id} : std::vector<SymbolId>{};
}

SubscribePlan plan_subscriptions(const std::vector<SubscriptionRequest>& requests, const Hub& hub,
                                 const Log& log, StreamPump& pump, const FeedLimits& limits,
                                 bool keeps) {
  SubscribePlan plan;
  std::set<std::uint32_t> planned;
  for (const SubscriptionRequest& request : requests) {
    const auto reject = [&](std::string_view symbol, ControlError code, std::string message) {
      plan.rejected.push_back({.channel = shortened(request.channel),
                               .symbol = shortened(symbol),
                               .code = code,
                               .message = std::move(message),
                               .did_you_mean = {}});
    };
    const auto reject_all = [&](ControlError code, const std::string& message) {
      for (const std::string& symbol : request.symbols) reject(symbol, code, message);
    };
    const auto shape = shape_asked(request);
    if (!shape) {
      reject_all(shape.error().code, shape.error().message);
      continue;
    }
    const Start start = start_of(request.start, hub, log);
    if (start.error != ControlError::none) {
      reject_all(start.error, start.message);
      continue;
    }
    Sequence end = CatchUp::no_end;
    if (request.end) {
      const Start found = end_of(*request.end, start.from, hub, log);
      if (found.error != ControlError::none) {
        reject_all(found.error, found.message);
        continue;
      }
      end = found.from;
    }
    for (const std::string& symbol : request.symbols) {
      const std::vector<SymbolId> ids = resolve(symbol, hub.instruments());
      if (ids.empty()) {
        reject(symbol, ControlError::unknown_symbol,
               is_pattern(symbol) ? "no symbol fits the pattern" : "unknown symbol");
        plan.rejected.back().did_you_mean = hub.instruments().suggestions(symbol);
        continue;
      }
      std::size_t taken = 0;
      bool is_too_many = false;
      for (const SymbolId id : ids) {
        const std::uint32_t stream = *stream_of(*shape, id);
        const bool is_subscribed = pump.streams().find(stream) != nullptr;
        if (planned.contains(stream) || (is_subscribed && !keeps)) continue;
        const std::size_t others = keeps ? 0 : pump.streams().size();
        is_too_many = others + planned.size() >= limits.streams_per_connection_count;
        if (is_too_many) break;
        planned.insert(stream);
        ++taken;
        if (is_subscribed) {
          plan.kept.push_back(stream);
          continue;
        }
        plan.streams.push_back({.stream = stream,
                                .wants_snapshot = request.wants_snapshot,
                                .is_live = start.is_live && !request.end,
                                .from = start.from,
                                .end = end,
                                .on_slow = request.on_slow.value_or(default_on_slow(*shape))});
      }
      if (is_too_many) {
        reject(symbol, ControlError::too_many_streams,
               "a connection has at most " + std::to_string(limits.streams_per_connection_count) +
                   " streams");
      } else if (taken == 0) {
        reject(symbol, ControlError::already_subscribed, "already subscribed");
      }
    }
  }
  return plan;
}

void write_rejected(JsonWriter& json, const std::vector<Rejection>& rejected) {
  if (rejected.empty()) return;
  json.key("rejected").open('[');
  for (const Rejection& rejection : rejected) {
    json.open('{');
    if (!rejection.channel.empty()) json.key("channel").text(rejection.channel);
    json.key("symbol").text(rejection.symbol);
    write_error_fields(json, rejection.code, rejection.message);
    if (!rejection.did_you_mean.empty()) {
      json.key("did_you_mean").open('[');
      for (const std::string& name : rejection.did_you_mean) json.text(name);
      json.close(']');
    }
    json.close('}');
  }
  json.close(']');
}

}  // namespace bourse
