// The part of MarketSession that begins and ends streams.
#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "feed/market/market_session_state.h"  // MarketSession::State
#include "feed/market/stream_shape.h"          // shape_of, stream_of

namespace bourse {
namespace {

std::string_view phase_name(StreamPhase phase) {
  switch (phase) {
    case StreamPhase::live:
      return "live";
    case StreamPhase::snapshot:
      return "snapshot";
    case StreamPhase::replay:
      return "replay";
    case StreamPhase::conflating:
      return "conflating";
    case StreamPhase::skipping:
      return "skipping";
  }
  return {};
}

std::string_view on_slow_name(OnSlow on_slow) {
  switch (on_slow) {
    case OnSlow::catchup:
      return "catchup";
    case OnSlow::conflate:
      return "conflate";
    case OnSlow::skip:
      return "skip";
    case OnSlow::disconnect:
      return "disconnect";
  }
  return {};
}

}  // namespace

void MarketSession::State::write_stream(std::uint32_t stream) {
  const Instrument& instrument = *hub.instruments().instrument(wire::symbol_of(stream));
  json.key("stream").number(stream);
  const StreamShape& shape = shape_of(stream);
  json.key("channel").text(channel_name(shape.channel));
  if (shape.depth > 0) json.key("depth").number(shape.depth);
  if (shape.conflate_ms > 0) json.key("conflate_ms").number(shape.conflate_ms);
  if (shape.interval_ms > 0) json.key("interval_ms").number(shape.interval_ms);
  if (shape.every > 0) json.key("every").number(shape.every);
  json.key("symbol").text(instrument.symbol());
  json.key("instrument_id").number(instrument.id.value());
}

std::optional<SubscribePlan> MarketSession::State::planned(const ControlRequest& request,
                                                           Outbox& out) {
  std::size_t symbols = 0;
  for (const SubscriptionRequest& sub : request.subscriptions) symbols += sub.symbols.size();
  if (symbols > options.limits.symbols_per_op_count) {
    refuse(
        request, ControlError::too_many_streams,
        "one op names at most " + std::to_string(options.limits.symbols_per_op_count) + " symbols",
        out);
    return std::nullopt;
  }
  return plan_subscriptions(request.subscriptions, hub, log, pump, options.limits,
                            request.op == ControlOp::set);
}

void MarketSession::State::subscribe(const ControlRequest& request, Outbox& out) {
  std::optional<SubscribePlan> plan = planned(request, out);
  if (plan) tell_planned(request, *plan, out, {});
}

// Streams that are named and subscribed already go on as if nothing had been asked; those that are
// not named end; the others begin.
void MarketSession::State::set(const ControlRequest& request, Outbox& out) {
  std::optional<SubscribePlan> plan = planned(request, out);
  if (!plan) return;
  std::vector<std::uint32_t> unnamed;
  for (const Stream& stream : pump.streams()) {
    if (std::ranges::find(plan->kept, stream.id) == plan->kept.end()) unnamed.push_back(stream.id);
  }
  std::vector<std::pair<std::uint32_t, std::uint64_t>> ended;
  for (const std::uint32_t stream : unnamed) ended.emplace_back(stream, pump.remove(stream));
  tell_planned(request, *plan, out, ended);
}

void MarketSession::State::tell_planned(
    const ControlRequest& request, SubscribePlan& plan, Outbox& out,
    const std::vector<std::pair<std::uint32_t, std::uint64_t>>& ended) {
  start(plan);
  hub.counts().refused += plan.rejected.size();
  has_subscribed = has_subscribed || !plan.streams.empty();
  begin_reply("subscribed", request);
  json.key("streams").open('[');
  for (const PlannedStream& planned : plan.streams) {
    json.open('{');
    write_stream(planned.stream);
    json.key("from_seq").wide(planned.from.value());
    if (planned.end != CatchUp::no_end) json.key("end_seq").wide(planned.end.value());
    json.key("live_seq").wide(hub.sequence().value()).close('}');
  }
  json.close(']');
  if (request.op == ControlOp::set) {
    json.key("kept").open('[');
    for (const std::uint32_t stream : plan.kept) json.number(stream);
    json.close(']').key("ended").open('[');
    write_ended(ended);
    json.close(']');
  }
  write_rejected(json, plan.rejected);
  json.close('}');
  tell(out);
  define(plan, out);
}

void MarketSession::State::write_ended(
    const std::vector<std::pair<std::uint32_t, std::uint64_t>>& ended) {
  for (const auto& [stream, last_seq] : ended) {
    json.open('{');
    write_stream(stream);
    json.key("last_seq").wide(last_seq).close('}');
  }
}

// Hands the streams to the pump; what the log refuses moves to the rejected ones.
void MarketSession::State::start(SubscribePlan& plan) {
  // One reader for all, so that frames keep their common order and a client may resume any number
  // of streams, each where it ended. Only a snapshot needs a reader that begins exactly there, an
  // end one that ends there, and bars one that begins before.
  struct Replay {
    Sequence from;
    std::vector<CatchUp::StreamStart> starts;
  };
  std::map<std::tuple<Sequence, Sequence, bool>, Replay> replays;
  for (const PlannedStream& planned : plan.streams) {
    if (planned.is_live) {
      pump.add_live(planned.stream, planned.wants_snapshot, planned.on_slow);
      continue;
    }
    const bool has_history = DerivedStreams::needs_history(planned.stream);
    const Sequence begin = planned.wants_snapshot ? planned.from : Sequence{0};
    Replay& replay = replays[{begin, planned.end, has_history}];
    replay.from = replay.starts.empty() ? planned.from : std::min(replay.from, planned.from);
    replay.starts.push_back({.stream = planned.stream,
                             .last_seq = planned.from.value() - 1,
                             .wants_snapshot = planned.wants_snapshot,
                             .on_slow = planned.on_slow});
  }
  for (auto& [key, replay] : replays) {
    const auto& [from, starts] = replay;
    ControlError code = ControlError::none;
    std::string message;
    if (pump.replay_count() >= options.limits.replays_per_connection_count) {
      code = ControlError::too_many_replays;
      message = "a connection has at most " +
                std::to_string(options.limits.replays_per_connection_count) + " replays at once";
    } else if (const Result<void> added = pump.add_replay(from, starts, std::get<1>(key)); !added) {
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
    const auto shape = shape_asked(sub);
    for (const std::string& symbol : sub.symbols) {
      bool has_ended = false;
      if (shape) {
        for (const SymbolId id : resolve(symbol, hub.instruments()))
          has_ended = end(*stream_of(*shape, id)) || has_ended;
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
  write_ended(ended);
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
    json.key("on_slow").text(on_slow_name(stream.on_slow));
    json.key("last_seq").wide(pump.last_seq(stream)).close('}');
  }
  json.close(']').close('}');
  tell(out);
}

}  // namespace bourse
