#include "feed/history/replay_session.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "feed/control/control_error.h"    // ControlFault, write_error
#include "feed/control/json_writer.h"      // JsonWriter
#include "feed/history/replay_playback.h"  // ReplayPlayback
#include "feed/market/market_session.h"    // MarketSession
#include "feed/market/system_notice.h"     // append_system_frames

namespace bourse {
namespace {

constexpr std::uint16_t close_normal = 1000;
constexpr std::uint16_t close_policy = 1008;
constexpr std::uint16_t close_internal = 1011;
constexpr std::size_t early_texts_max = 64;  // requests before hello

std::string_view phase_name(ReplayPhase phase) {
  switch (phase) {
    case ReplayPhase::waiting:
      return "waiting";
    case ReplayPhase::playing:
      return "playing";
    case ReplayPhase::paused:
      return "paused";
    case ReplayPhase::stepping:
      return "stepping";
  }
  return {};
}

// A key is of one log.
std::string group_key(const std::string& key, std::uint32_t log) {
  return key.empty() || log == 0 ? key : key + '\n' + std::to_string(log);
}

}  // namespace

struct ReplaySession::State {
  State(const ReplayParts& p, SessionInfo i, std::string_view query)
      : parts(p), info(std::move(i)) {
    if (auto opened = open(query); !opened) fault = std::move(opened.error());
  }

  std::expected<void, ControlFault> open(std::string_view query);
  bool reach_place(Outbox& out);
  void begin_here(Outbox& out);
  void send(Outbox& out, TimeNs now);
  void answer(std::string_view text, Outbox& out);
  void command(const ReplayRequest& request, Outbox& out);
  void tell_notice(wire::SystemCode code, TimeNs time, std::string_view text, Outbox& out);
  void tell_state(std::string_view id, Outbox& out);
  void tell_end(Outbox& out);
  void tell_failure(Outbox& out);
  void tell_fault(const ControlFault& wrong, Outbox& out) {
    write_error(json, wrong);
    tell(out);
  }
  void tell(Outbox& out) {
    out.append_text(json.view());
    json.clear();
  }

  ReplayParts parts;
  SessionInfo info;
  bool stays = false;                 // open after the end
  std::optional<ControlFault> fault;  // of the query; then there is no playback
  ReplayGroups::Ticket ticket;
  std::optional<ReplayPlayback> playback;
  std::optional<MarketSession> market;  // once the first place was found
  std::vector<std::string> early_texts;
  JsonWriter json;
  bool is_settled = true;  // every frame of what was played is in the outbox
  bool has_told_end = false;
  bool has_told_failure = false;
  std::uint64_t changes_told = 0;
  std::int64_t due_ns = 0;
};

std::expected<void, ControlFault> ReplaySession::State::open(std::string_view query) {
  const auto opening = parse_replay_opening(query, parts.defaults);
  if (!opening) return std::unexpected(opening.error());
  if (opening->log != parts.options.log)
    return std::unexpected(
        ControlFault{.code = ControlError::bad_type,
                     .message = "there is no log " + std::to_string(opening->log),
                     .id = {},
                     .symbol = {}});
  const auto settings = settings_of(*opening, parts.log);
  if (!settings) return std::unexpected(settings.error());
  ticket = parts.groups.take();
  if (!ticket) {
    return std::unexpected(
        ControlFault{.code = ControlError::too_many_replays,
                     .message = "the server runs at most " +
                                std::to_string(parts.options.limits.replays_per_server_count) +
                                " replays at once",
                     .id = {},
                     .symbol = {}});
  }
  stays = opening->stays;
  playback.emplace(parts.log, parts.options, parts.known,
                   parts.groups.group(group_key(opening->key, parts.options.log), *settings));
  return {};
}

void ReplaySession::State::tell_failure(Outbox& out) {
  if (std::exchange(has_told_failure, true)) return;
  tell_fault({.code = ControlError::journal_unavailable,
              .message = playback->error(),
              .id = {},
              .symbol = {}},
             out);
  out.request_close(close_internal, "the log cannot be read");
}

// False as long as the place is looked for.
bool ReplaySession::State::reach_place(Outbox& out) {
  switch (playback->reach()) {
    case ReplayPlayback::State::arrived:
      begin_here(out);
      return true;
    case ReplayPlayback::State::there:
      return true;
    case ReplayPlayback::State::failed:
      tell_failure(out);
      return false;
    case ReplayPlayback::State::seeking:
      break;
  }
  return false;
}

void ReplaySession::State::begin_here(Outbox& out) {
  is_settled = true;
  has_told_end = false;
  if (market) {
    market->move_to(playback->hub());
    playback->forget_previous();
    return tell_state({}, out);
  }
  market.emplace(playback->hub(), parts.log, parts.options, info);
  market->on_open(out);
  tell_state({}, out);
  for (const std::string& text : std::exchange(early_texts, {})) answer(text, out);
}

void ReplaySession::State::answer(std::string_view text, Outbox& out) {
  const auto request = parse_replay_request(text);
  if (request && request->op == ReplayOp::none) {
    market->on_text(text, out);
    is_settled = false;  // a snapshot is of here, not of what is played next
    if (market->stream_count() != 0) playback->group().begin(parts.steady());
    return;
  }
  if (!market->take_control(text.size(), out)) return;
  if (request)
    command(*request, out);
  else
    tell_fault(request.error(), out);
}

void ReplaySession::State::command(const ReplayRequest& request, Outbox& out) {
  ReplayGroup& group = playback->group();
  switch (request.op) {
    case ReplayOp::pause:
      group.pause();
      break;
    case ReplayOp::resume:
      group.resume(parts.steady());
      break;
    case ReplayOp::pace:
      group.set_pace(request.pace, parts.steady());
      break;
    case ReplayOp::step:
      playback->step(request.unit, request.count);
      break;
    case ReplayOp::seek: {
      auto place = place_of(request.place, parts.log, group.settings().from, group.settings().to);
      if (!place) {
        place.error().id = request.id;
        return tell_fault(place.error(), out);
      }
      group.seek(*place);
      break;
    }
    case ReplayOp::state:
    case ReplayOp::none:
      break;
  }
  tell_state(request.id, out);
}

void ReplaySession::State::tell_state(std::string_view id, Outbox& out) {
  const ReplayGroup::Summary summary = playback->group().summary();
  const ReplaySettings& settings = playback->group().settings();
  changes_told = summary.changes;
  const bool is_seeking = playback->is_seeking();
  const Sequence at = is_seeking ? summary.target : playback->position();
  json.open('{').key("op").text("replay_state");
  if (!id.empty()) json.key("id").raw(id);
  json.key("state").text(is_seeking             ? "seeking"
                         : playback->is_ended() ? "ended"
                                                : phase_name(summary.phase));
  json.key("seq").wide(at.value() - 1);
  json.key("ts").wide(static_cast<std::uint64_t>(summary.time.value()));
  json.key("speed").text(summary.pace.text());
  json.key("from_seq").wide(settings.from.value()).key("to_seq").wide(settings.to.value());
  json.key("members").number(static_cast<std::uint32_t>(summary.members)).close('}');
  tell(out);
}

void ReplaySession::State::tell_notice(wire::SystemCode code, TimeNs time, std::string_view text,
                                       Outbox& out) {
  Hub& hub = playback->hub();
  append_system_frames(out, hub.writer(),
                       {.code = code,
                        .epoch = hub.epoch(),
                        .now = time,
                        .up_to = hub.sequence(),
                        .text = text,
                        .log = parts.options.log});
}

void ReplaySession::State::tell_end(Outbox& out) {
  has_told_end = true;
  const Sequence to = playback->group().settings().to;
  playback->tally().write_end(json, to);
  tell(out);
  tell_notice(wire::SystemCode::end_of_replay, playback->last_time(), playback->tally().summary(to),
              out);
  if (!stays) out.request_close(close_normal, "end of replay");
}

// What was played goes out; what else there is to tell follows when all of it has.
void ReplaySession::State::send(Outbox& out, TimeNs now) {
  const std::size_t before = out.size();
  const bool has_more_frames = market->pump(out, now);
  playback->tally().add_messages(out.pending().subspan(before));
  is_settled = !has_more_frames && out.size() < parts.options.limits.outbox_high_bytes;
  if (is_settled) {
    if (const auto time = playback->take_tick())
      tell_notice(wire::SystemCode::clock_tick, *time, {}, out);
  }
  playback->report(out.size() >= parts.options.limits.outbox_low_bytes);
  if (!is_settled) return;
  const bool ends = playback->is_ended() && !has_told_end;
  if (ends || playback->group().summary().changes != changes_told) tell_state({}, out);
  if (ends) tell_end(out);
  if (playback->has_failed()) tell_failure(out);
}

ReplaySession::ReplaySession(const ReplayParts& parts, SessionInfo info, std::string_view query)
    : state_(std::make_unique<State>(parts, std::move(info), query)) {}
ReplaySession::~ReplaySession() = default;
ReplaySession::ReplaySession(ReplaySession&&) noexcept = default;

void ReplaySession::on_open(Outbox& out) {
  State& s = *state_;
  if (!s.fault) return;  // hello comes when the place is found
  s.tell_fault(*s.fault, out);
  out.request_close(close_policy, "this replay cannot be opened");
}

void ReplaySession::on_text(std::string_view text, Outbox& out) {
  State& s = *state_;
  if (s.fault || s.has_told_failure) return;
  if (s.market) return s.answer(text, out);
  if (s.early_texts.size() < early_texts_max) {
    s.early_texts.emplace_back(text);
    return;
  }
  s.tell_fault({.code = ControlError::overloaded,
                .message = "too many requests before hello",
                .id = {},
                .symbol = {}},
               out);
}

void ReplaySession::on_binary(std::span<const std::byte> bytes, Outbox& out) {
  if (state_->market) state_->market->on_binary(bytes, out);
}

bool ReplaySession::pump(Outbox& out, TimeNs now) {
  State& s = *state_;
  if (s.fault || s.has_told_failure) return false;
  const std::int64_t now_ns = s.parts.steady();
  bool is_more_due = false;
  if (s.reach_place(out)) {
    const auto counts = [&market = *s.market](SymbolId symbol) {
      return market.stream_count() == 0 || market.carries(symbol);
    };
    if (s.is_settled) is_more_due = s.playback->play(now_ns, counts);
    s.send(out, now);
    is_more_due = is_more_due || !s.is_settled || !out.empty();
  }
  s.due_ns = s.playback->due_ns(now_ns);
  return is_more_due;
}

void ReplaySession::on_timer(TimeNs now, Outbox& out) {
  State& s = *state_;
  if (s.market && !s.has_told_failure) s.market->on_timer(now, out);
}

std::int64_t ReplaySession::due_ns() const {
  const State& s = *state_;
  return s.fault || s.has_told_failure ? ReplayClock::never : s.due_ns;
}

}  // namespace bourse
