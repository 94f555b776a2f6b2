#include "feed/market/market_session.h"

#include <string>
#include <utility>

#include "feed/market/market_session_state.h"  // MarketSession::State
#include "feed/net/hello_json.h"               // write_hello, write_limits
#include "feed/wall_clock.h"                   // wall_clock_now

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
// A client that asks but does not read: over so many times the high mark it is closed.
constexpr std::size_t backlog_factor_max = 4;
constexpr std::uint16_t close_policy = 1008;

}  // namespace

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
    case ControlOp::set:
      return set(request, out);
    case ControlOp::snapshot:
      return send_snapshot(request, out);
    case ControlOp::check:
      return check(request, out);
    case ControlOp::replay:
      return replay(request, out);
    case ControlOp::stats:
      return tell_stats(request, out);
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

void MarketSession::State::tell_failures(Outbox& out) {
  for (const StreamPump::Failure& failure : pump.take_failures()) {
    json.open('{').key("op").text("error");
    write_error_fields(json, ControlError::journal_unavailable, failure.why);
    write_stream(failure.stream);
    if (failure.has_ended) json.key("last_seq").wide(failure.last_seq);
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

void MarketSession::State::watch_upstream(Outbox& out) {
  const Upstream* const upstream = hub.upstream();
  if (upstream == nullptr) return;
  const bool is_stale = upstream->is_stale.load(std::memory_order_relaxed);
  if (is_stale == was_stale || !has_subscribed) return;
  was_stale = is_stale;
  pump.tell(out, now, is_stale ? wire::SystemCode::stale : wire::SystemCode::current);
}

void MarketSession::on_timer(TimeNs now, Outbox& out) {
  State& s = *state_;
  s.now = now;
  if (s.opened == TimeNs{0}) {
    s.opened = now;
    s.heartbeat_at = TimeNs{now.value() + s.options.heartbeat_ms * ns_per_ms};
  }
  s.watch_upstream(out);
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
  for (const Stream& stream : old.pump.streams()) {
    moved->pump.add_live(stream.id, true, stream.on_slow);
  }
  state_ = std::move(moved);
}
void MarketSession::answer(const ControlRequest& request, Outbox& out) {
  state_->answer(request, out);
}
void MarketSession::refuse(const ControlFault& fault, Outbox& out) {
  state_->tell_fault(out, fault);
}
bool MarketSession::has_subscribed() const { return state_->has_subscribed; }
void MarketSession::note_subscribed() { state_->has_subscribed = true; }
bool MarketSession::carries(SymbolId symbol) const { return state_->pump.streams().has(symbol); }
std::size_t MarketSession::stream_count() const { return state_->pump.streams().size(); }
bool MarketSession::is_live() const { return state_->pump.is_live(); }

}  // namespace bourse
