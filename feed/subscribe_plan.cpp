#include "feed/subscribe_plan.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bourse {
namespace {

constexpr std::pair<std::string_view, wire::Channel> channels[] = {
    {"mbo", wire::Channel::mbo},
    {"trade", wire::Channel::trade},
    {"bbo", wire::Channel::bbo},
    {"status", wire::Channel::status},
    {"imbalance", wire::Channel::imbalance}};

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
      if (start.error != ControlError::none) return start;
      break;
  }
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

}  // namespace

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
                                 const Log& log, StreamPump& pump, const FeedLimits& limits) {
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
    const wire::Channel channel = channel_named(request.channel);
    if (channel == wire::Channel::none) {
      reject_all(ControlError::unknown_channel, "unknown channel");
      continue;
    }
    if (request.depth != 0) {
      reject_all(ControlError::bad_depth, "only depth 0, the whole book, is served");
      continue;
    }
    if (request.conflate_ms != 0) {
      reject_all(ControlError::bad_conflation, "only conflate_ms 0, every event, is served");
      continue;
    }
    const Start start = start_of(request.start, hub, log);
    if (start.error != ControlError::none) {
      reject_all(start.error, start.message);
      continue;
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
        const std::uint32_t stream = wire::stream_id(channel, id);
        if (pump.streams().find(stream) != nullptr || planned.contains(stream)) continue;
        is_too_many = pump.streams().size() + planned.size() >= limits.streams_per_connection_count;
        if (is_too_many) break;
        planned.insert(stream);
        plan.streams.push_back({.stream = stream,
                                .wants_snapshot = request.wants_snapshot,
                                .is_live = start.is_live,
                                .from = start.from});
        ++taken;
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
