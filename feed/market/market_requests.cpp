// The part of MarketSession that answers requests about streams that are there, and about itself.
#include <algorithm>
#include <string>
#include <utility>

#include "feed/market/market_session_state.h"  // MarketSession::State
#include "feed/market/wire_events.h"           // check_event
#include "feed/wall_clock.h"                   // wall_clock_now

namespace bourse {

void MarketSession::State::pong(const ControlRequest& request, Outbox& out) {
  const auto received = static_cast<std::uint64_t>(wall_clock_now().value());
  begin_reply("pong", request);
  if (!request.ping_time.empty()) json.key("t").raw(request.ping_time);
  json.key("ts_recv").wide(received);
  json.key("ts_send").wide(static_cast<std::uint64_t>(wall_clock_now().value())).close('}');
  tell(out);
}

// nullptr: it has been refused.
Stream* MarketSession::State::stream_named(const ControlRequest& request, Outbox& out) {
  Stream* const stream = pump.streams().find(request.streams.front());
  if (stream == nullptr) {
    refuse(request, ControlError::not_subscribed,
           "stream " + std::to_string(request.streams.front()) + " is not subscribed", out);
  }
  return stream;
}

void MarketSession::State::send_snapshot(const ControlRequest& request, Outbox& out) {
  const Stream* const stream = stream_named(request, out);
  if (stream == nullptr) return;
  const std::uint32_t id = stream->id;
  if (!has_state(id)) {
    return refuse(request, ControlError::bad_type,
                  "streams of this channel have no state that a snapshot could show", out);
  }
  if (stream->phase != StreamPhase::live)
    return refuse(request, ControlError::stream_busy, "the stream is not live", out);
  pump.request_snapshot(id);
  begin_reply("snapshot", request);
  write_stream(id);
  json.key("live_seq").wide(hub.sequence().value()).close('}');
  tell(out);
}

void MarketSession::State::check(const ControlRequest& request, Outbox& out) {
  const Stream* const stream = stream_named(request, out);
  if (stream == nullptr) return;
  const SymbolId symbol = wire::symbol_of(stream->id);
  const wire::BookCheck check = check_event(*hub.instruments().instrument(symbol),
                                            *hub.state().book(symbol), hub.sequence().value());
  begin_reply("check", request);
  write_stream(stream->id);
  json.key("seq").wide(check.seq).key("rpt_seq").wide(check.rpt_seq);
  json.key("book_hash").wide(check.book_hash).key("crc32c_top10").number(check.crc32c_top10);
  json.key("bid_levels").number(check.bid_levels).key("ask_levels").number(check.ask_levels);
  json.close('}');
  tell(out);
}

void MarketSession::State::replay(const ControlRequest& request, Outbox& out) {
  const Stream* const stream = stream_named(request, out);
  if (stream == nullptr) return;
  const std::uint32_t id = stream->id;
  const std::uint64_t last = pump.last_seq(*stream);
  const auto from = request.from.value();
  const auto to = request.to.value();
  if (from > to || request.from == Sequence{0})
    return refuse(request, ControlError::range_too_large, "from_seq is 0 or above to_seq", out);
  if (to > last) {
    return refuse(request, ControlError::seq_in_future,
                  "the stream has come to " + std::to_string(last) +
                      ": what comes after that is still to be sent",
                  out);
  }
  if (to - from >= options.limits.replay_range_count) {
    return refuse(request, ControlError::range_too_large,
                  "a range has at most " + std::to_string(options.limits.replay_range_count) +
                      " transactions",
                  out);
  }
  if (request.from < log.earliest_sequence()) {
    return refuse(request, ControlError::seq_expired,
                  "the earliest sequence is " + std::to_string(log.earliest_sequence().value()),
                  out);
  }
  if (pump.replay_count() >= options.limits.replays_per_connection_count) {
    return refuse(request, ControlError::too_many_replays,
                  "a connection has at most " +
                      std::to_string(options.limits.replays_per_connection_count) +
                      " replays at once",
                  out);
  }
  if (const Result<void> added = pump.add_gap_fill(id, request.from, request.to); !added)
    return refuse(request, ControlError::journal_unavailable, added.error().what, out);
  begin_reply("replay", request);
  write_stream(id);
  json.key("from_seq").wide(from).key("to_seq").wide(to).close('}');
  tell(out);
}

// What this session has had, and how far behind it is.
void MarketSession::State::tell_stats(const ControlRequest& request, Outbox& out) {
  const StreamPump::Counts& counts = pump.counts();
  const std::int64_t slow_ns =
      pump.is_slow() ? std::max<std::int64_t>(now.value() - pump.slow_since().value(), 0) : 0;
  begin_reply("stats", request);
  json.key("streams").number(static_cast<std::uint32_t>(pump.streams().size()));
  json.key("head_seq").wide(hub.sequence().value());
  json.key("delivered_seq").wide(pump.delivered().value());
  json.key("frames").wide(counts.live_frames + counts.replay_frames);
  json.key("replay_frames").wide(counts.replay_frames);
  json.key("snapshots").wide(counts.snapshots).key("conflated").wide(counts.conflated);
  json.key("gaps").wide(counts.gaps).key("slow_times").wide(counts.slow_times);
  json.key("bytes").wide(out.consumed_bytes()).key("bytes_due").wide(out.size());
  json.key("slow").boolean(pump.is_slow());
  json.key("lag_ns").wide(static_cast<std::uint64_t>(slow_ns));
  json.key("lag_events").wide(pump.lag_events());
  const LagHistogram& lag = pump.lag();
  json.key("lag_samples").wide(lag.count()).key("lag_p50_ns").wide(lag.at(50));
  json.key("lag_p99_ns").wide(lag.at(99)).key("lag_max_ns").wide(lag.most());
  if (const Upstream* const upstream = hub.upstream()) {
    json.key("upstream").open('{');
    json.key("stale").boolean(upstream->is_stale.load(std::memory_order_relaxed));
    json.key("behind").wide(upstream->behind());
    json.key("lag_ns").wide(
        static_cast<std::uint64_t>(upstream->lag_ns.load(std::memory_order_relaxed)));
    json.close('}');
  }
  json.close('}');
  tell(out);
}

}  // namespace bourse
