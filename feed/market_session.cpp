#include "feed/market_session.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "feed/control_error.h"     // ControlFault, write_error
#include "feed/control_json.h"      // parse_control, ControlRequest
#include "feed/hello_json.h"        // write_hello, write_limits
#include "feed/json_writer.h"       // JsonWriter
#include "feed/stream_pump.h"       // StreamPump
#include "feed/subscribe_plan.h"    // plan_subscriptions
#include "feed/system_notice.h"     // append_system_frames
#include "feed/token_bucket.h"      // TokenBucket
#include "feed/told_definitions.h"  // ToldDefinitions
#include "feed/wall_clock.h"        // wall_clock_now

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
// A client that asks but does not read: over so many times the high mark it is closed.
constexpr std::size_t backlog_factor_max = 4;
constexpr std::uint16_t close_policy = 1008;
constexpr std::uint16_t close_slow = 4008;

std::string_view phase_name(StreamPhase phase) {
  constexpr std::string_view names[] = {"", "live", "snapshot", "replay", "conflating"};
  return names[static_cast<std::size_t>(phase)];
}

}  // namespace

struct MarketSession::State {
  State(Hub& h, const Log& l, const FeedOptions& o, SessionInfo i)
      : hub(h),
        log(l),
        options(o),
        info(std::move(i)),
        pump(h, l, o),
        control(o.limits.control_per_second_count, o.limits.control_burst_count) {}

  void tell(Outbox& out) {
    out.append_text(json.view());
    json.clear();
  }
  void tell_fault(Outbox& out, const ControlFault& fault) {
    write_error(json, fault);
    tell(out);
  }
  bool take_control(std::size_t bytes, Outbox& out);
  void answer(const ControlRequest& request, Outbox& out);
  void subscribe(const ControlRequest& request, Outbox& out);
  void start(SubscribePlan& plan);
  void define(const SubscribePlan& plan, Outbox& out);
  void unsubscribe(const ControlRequest& request, Outbox& out);
  void list(const ControlRequest& request, Outbox& out);
  void pong(const ControlRequest& request, Outbox& out);
  void tell_failures(Outbox& out);
  void watch_progress(Outbox& out);
  void write_stream(std::uint32_t stream);
  void begin_reply(std::string_view op, const ControlRequest& request) {
    json.open('{').key("op").text(op);
    if (!request.id.empty()) json.key("id").raw(request.id);
  }

  Hub& hub;
  const Log& log;
  const FeedOptions& options;
  SessionInfo info;
  StreamPump pump;
  TokenBucket control;
  JsonWriter json;
  ToldDefinitions definitions;
  bool has_subscribed = false;
  TimeNs now{0};  // as the io thread told last
  TimeNs opened{0};
  TimeNs heartbeat_at{0};
  TimeNs progress_at{0};
  std::uint64_t consumed = 0;
};

MarketSession::MarketSession(Hub& hub, const Log& log, const FeedOptions& options, SessionInfo info)
    : state_(std::make_unique<State>(hub, log, options, std::move(info))) {}
MarketSession::~MarketSession() = default;
MarketSession::MarketSession(MarketSession&&) noexcept = default;

void MarketSession::on_open(Outbox& out) {
  State& s = *state_;
  write_hello(
      s.json, s.options, s.info,
      {.epoch = s.hub.epoch(), .earliest = s.log.earliest_sequence(), .head = s.hub.sequence()});
  s.tell(out);
}

bool MarketSession::State::take_control(std::size_t bytes, Outbox& out) {
  const FeedLimits& limits = options.limits;
  if (out.size() > backlog_factor_max * limits.outbox_high_bytes) {
    out.request_close(close_policy, "asks but does not read");
    return false;
  }
  if (!control.take(now)) {
    tell_fault(out, {.code = ControlError::control_rate,
                     .message = "more than " + std::to_string(limits.control_per_second_count) +
                                " control messages a second",
                     .id = {},
                     .symbol = {},
                     .retry_after_ms = control.retry_after_ms()});
    return false;
  }
  if (bytes > limits.inbound_message_bytes) {
    tell_fault(out, {.code = ControlError::frame_too_large,
                     .message = "a control message has at most " +
                                std::to_string(limits.inbound_message_bytes) + " bytes",
                     .id = {},
                     .symbol = {}});
    return false;
  }
  return true;
}

void MarketSession::on_text(std::string_view text, Outbox& out) {
  State& s = *state_;
  if (!s.take_control(text.size(), out)) return;
  const auto request = parse_control(text);
  if (request) {
    s.answer(*request, out);
  } else {
    s.tell_fault(out, request.error());
  }
}

void MarketSession::on_binary(std::span<const std::byte> bytes, Outbox& out) {
  State& s = *state_;
  if (!s.take_control(bytes.size(), out)) return;
  s.tell_fault(out, {.code = ControlError::bad_type,
                     .message = "binary messages mean nothing here: send JSON as text",
                     .id = {},
                     .symbol = {}});
}

void MarketSession::State::answer(const ControlRequest& request, Outbox& out) {
  switch (request.op) {
    case ControlOp::subscribe:
      return subscribe(request, out);
    case ControlOp::unsubscribe:
      return unsubscribe(request, out);
    case ControlOp::subscriptions:
      return list(request, out);
    case ControlOp::ping:
      return pong(request, out);
    case ControlOp::limits:
      begin_reply("limits", request);
      json.key("limits");
      write_limits(json, options.limits);
      json.close('}');
      return tell(out);
    case ControlOp::none:
      return;
  }
}

void MarketSession::State::write_stream(std::uint32_t stream) {
  const Instrument& instrument = *hub.instruments().instrument(wire::symbol_of(stream));
  json.key("stream").number(stream);
  json.key("channel").text(channel_name(wire::channel_of(stream)));
  json.key("symbol").text(instrument.symbol());
  json.key("instrument_id").number(instrument.id.value());
}

void MarketSession::State::subscribe(const ControlRequest& request, Outbox& out) {
  std::size_t symbols = 0;
  for (const SubscriptionRequest& sub : request.subscriptions) symbols += sub.symbols.size();
  if (symbols > options.limits.symbols_per_op_count) {
    return tell_fault(out,
                      {.code = ControlError::too_many_streams,
                       .message = "one op names at most " +
                                  std::to_string(options.limits.symbols_per_op_count) + " symbols",
                       .id = request.id,
                       .symbol = {}});
  }
  SubscribePlan plan = plan_subscriptions(request.subscriptions, hub, log, pump, options.limits);
  start(plan);
  has_subscribed = has_subscribed || !plan.streams.empty();

  begin_reply("subscribed", request);
  json.key("streams").open('[');
  for (const PlannedStream& planned : plan.streams) {
    json.open('{');
    write_stream(planned.stream);
    json.key("from_seq").wide(planned.from.value());
    json.key("live_seq").wide(hub.sequence().value()).close('}');
  }
  json.close(']');
  write_rejected(json, plan.rejected);
  json.close('}');
  tell(out);
  define(plan, out);
}

// Hands the streams to the pump; what the log refuses moves to the rejected ones.
void MarketSession::State::start(SubscribePlan& plan) {
  // One reader for all, so that frames keep their common order and a client may resume any number
  // of streams, each where it ended. Only a snapshot needs a reader that begins exactly there.
  struct Replay {
    Sequence from;
    std::vector<CatchUp::StreamStart> starts;
  };
  std::map<Sequence, Replay> replays;
  for (const PlannedStream& planned : plan.streams) {
    if (planned.is_live) {
      pump.add_live(planned.stream, planned.wants_snapshot);
      continue;
    }
    Replay& replay = replays[planned.wants_snapshot ? planned.from : Sequence{0}];
    replay.from = replay.starts.empty() ? planned.from : std::min(replay.from, planned.from);
    replay.starts.push_back({.stream = planned.stream,
                             .last_seq = planned.from.value() - 1,
                             .wants_snapshot = planned.wants_snapshot});
  }
  for (auto& [key, replay] : replays) {
    const auto& [from, starts] = replay;
    ControlError code = ControlError::none;
    std::string message;
    if (pump.replay_count() >= options.limits.replays_per_connection_count) {
      code = ControlError::too_many_replays;
      message = "a connection has at most " +
                std::to_string(options.limits.replays_per_connection_count) + " replays at once";
    } else if (const Result<void> added = pump.add_replay(from, starts); !added) {
      code = ControlError::journal_unavailable;
      message = added.error().what;
    }
    if (code == ControlError::none) continue;
    for (const CatchUp::StreamStart& refused : starts) {
      std::erase_if(plan.streams,
                    [&](const PlannedStream& planned) { return planned.stream == refused.stream; });
      plan.rejected.push_back(
          {.channel = std::string(channel_name(wire::channel_of(refused.stream))),
           .symbol =
               std::string(hub.instruments().instrument(wire::symbol_of(refused.stream))->symbol()),
           .code = code,
           .message = message,
           .did_you_mean = {}});
    }
  }
}

// The definition of an instrument precedes its first tick on the connection.
void MarketSession::State::define(const SubscribePlan& plan, Outbox& out) {
  for (const PlannedStream& planned : plan.streams) {
    const SymbolId symbol = wire::symbol_of(planned.stream);
    if (definitions.note_first(*hub.instruments().instrument(symbol)))
      out.append_binary(hub.definition(symbol));
  }
}

void MarketSession::State::unsubscribe(const ControlRequest& request, Outbox& out) {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> ended;
  std::vector<Rejection> rejected;
  const auto end = [&](std::uint32_t stream) {
    if (pump.streams().find(stream) == nullptr) return false;
    ended.emplace_back(stream, pump.remove(stream));
    return true;
  };
  for (const std::uint32_t stream : request.streams) {
    if (end(stream)) continue;
    rejected.push_back({.channel = {},
                        .symbol = std::to_string(stream),
                        .code = ControlError::not_subscribed,
                        .message = "no such stream",
                        .did_you_mean = {}});
  }
  for (const SubscriptionRequest& sub : request.subscriptions) {
    const wire::Channel channel = channel_named(sub.channel);
    for (const std::string& symbol : sub.symbols) {
      bool has_ended = false;
      for (const SymbolId id : resolve(symbol, hub.instruments())) {
        has_ended = end(wire::stream_id(channel, id)) || has_ended;
      }
      if (has_ended) continue;
      rejected.push_back({.channel = shortened(sub.channel),
                          .symbol = shortened(symbol),
                          .code = ControlError::not_subscribed,
                          .message = "not subscribed",
                          .did_you_mean = {}});
    }
  }
  begin_reply("unsubscribed", request);
  json.key("streams").open('[');
  for (const auto& [stream, last_seq] : ended) {
    json.open('{');
    write_stream(stream);
    json.key("last_seq").wide(last_seq).close('}');
  }
  json.close(']');
  write_rejected(json, rejected);
  json.close('}');
  tell(out);
}

void MarketSession::State::list(const ControlRequest& request, Outbox& out) {
  begin_reply("subscriptions", request);
  json.key("head_seq").wide(hub.sequence().value()).key("streams").open('[');
  for (const Stream& stream : pump.streams()) {
    json.open('{');
    write_stream(stream.id);
    json.key("state").text(phase_name(stream.phase));
    json.key("last_seq").wide(pump.last_seq(stream)).close('}');
  }
  json.close(']').close('}');
  tell(out);
}

void MarketSession::State::pong(const ControlRequest& request, Outbox& out) {
  const auto received = static_cast<std::uint64_t>(wall_clock_now().value());
  begin_reply("pong", request);
  if (!request.ping_time.empty()) json.key("t").raw(request.ping_time);
  json.key("ts_recv").wide(received);
  json.key("ts_send").wide(static_cast<std::uint64_t>(wall_clock_now().value())).close('}');
  tell(out);
}

void MarketSession::State::tell_failures(Outbox& out) {
  for (const StreamPump::Failure& failure : pump.take_failures()) {
    json.open('{').key("op").text("error");
    write_error_fields(json, ControlError::journal_unavailable, failure.why);
    write_stream(failure.stream);
    json.key("last_seq").wide(failure.last_seq);
    json.key("hint").text(info_of(ControlError::journal_unavailable).hint).close('}');
    tell(out);
  }
}

bool MarketSession::pump(Outbox& out, TimeNs now) {
  State& s = *state_;
  s.now = now;
  const bool is_more_due = s.pump.pump(out, now);
  s.tell_failures(out);
  return is_more_due;
}

void MarketSession::State::watch_progress(Outbox& out) {
  const bool has_progress = out.consumed_bytes() != consumed || out.empty();
  if (has_progress || progress_at == TimeNs{0}) {
    consumed = out.consumed_bytes();
    progress_at = now;
    return;
  }
  const std::int64_t limit_ns = options.limits.no_progress_ms * ns_per_ms;
  if (now.value() - progress_at.value() >= limit_ns) {
    out.request_close(close_slow, "no progress; resume at the last sequence + 1");
  }
}

void MarketSession::on_timer(TimeNs now, Outbox& out) {
  State& s = *state_;
  s.now = now;
  if (s.opened == TimeNs{0}) {
    s.opened = now;
    s.heartbeat_at = TimeNs{now.value() + s.options.heartbeat_ms * ns_per_ms};
  }
  s.watch_progress(out);
  s.pump.tell_slow(out, now);
  if (now >= s.heartbeat_at) {
    for (const SymbolId symbol : s.definitions.take_changed(s.hub.instruments()))
      out.append_binary(s.hub.definition(symbol));
    s.pump.tell_heartbeat(out, now);
    s.heartbeat_at = TimeNs{now.value() + s.options.heartbeat_ms * ns_per_ms};
  }
  const std::int64_t idle_ns = now.value() - s.opened.value();
  if (!s.has_subscribed && idle_ns > s.options.limits.first_request_ms * ns_per_ms) {
    out.request_close(close_policy, "no subscription within first_request_ms");
  }
}

bool MarketSession::take_control(std::size_t bytes, Outbox& out) {
  return state_->take_control(bytes, out);
}
void MarketSession::move_to(Hub& hub) {
  State& old = *state_;
  auto moved = std::make_unique<State>(hub, old.log, old.options, std::move(old.info));
  moved->control = old.control;
  moved->definitions = std::move(old.definitions);
  moved->has_subscribed = old.has_subscribed;
  moved->now = old.now;
  moved->opened = old.opened;
  moved->heartbeat_at = old.heartbeat_at;
  for (const Stream& stream : old.pump.streams()) moved->pump.add_live(stream.id, true);
  state_ = std::move(moved);
}
bool MarketSession::carries(SymbolId symbol) const { return state_->pump.streams().has(symbol); }
std::size_t MarketSession::stream_count() const { return state_->pump.streams().size(); }
bool MarketSession::is_live() const { return state_->pump.is_live(); }

}  // namespace bourse
