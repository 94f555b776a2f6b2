#include "feed/http/http_feed.h"

#include <cstring>
#include <utility>
#include <vector>

#include "feed/control/auth.h"          // encode_base64
#include "feed/control/json_writer.h"   // JsonWriter
#include "feed/http/feed_query.h"       // read_feed_query, subscribe_text
#include "feed/market/market_frames.h"  // header_of, read_frame
#include "feed/net/upgrade.h"           // shutdown_message
#include "feed/wire.h"                  // frame_flags

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

// Of the refusal of everything, as the websocket tells it.
unsigned status_of(std::string_view text) {
  return text.find("\"code\":4001") != std::string_view::npos   ? 410
         : text.find("\"code\":2003") != std::string_view::npos ? 404
                                                                : 400;
}

void append_length(std::string& out, std::uint32_t length, bool is_text) {
  const std::uint32_t kind = is_text ? 1 : 2;
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out.append(reinterpret_cast<const char*>(&kind), sizeof kind);
}

}  // namespace

bool ResumePoint::on_frame(std::span<const std::byte> frame) {
  const wire::FrameHeader header = header_of(frame);
  const auto advance = [this](std::uint64_t sequence) {
    next_ = std::max(next_, Sequence{sequence + 1});
    newest_ = {};
    return true;
  };
  if (header.channel == wire::Channel::system) {
    const auto view = read_frame(frame);
    if (!view || !view->system) return false;
    if (view->system->code == wire::SystemCode::replay_completed) {
      is_live_ = true;
      return advance(view->system->journal_seq);
    }
    return view->system->code == wire::SystemCode::heartbeat && is_live_ &&
           advance(view->system->journal_seq);
  }
  if (header.prev_seq == 0 || (header.flags & wire::frame_flags::snapshot) != 0) return false;
  newest_ = std::max(newest_, Sequence{header.last_seq});
  const bool is_whole = (header.flags & wire::frame_flags::partial) == 0;
  return is_whole && (header.flags & wire::frame_flags::flush_last) != 0 &&
         advance(newest_.value());
}

struct HttpFeed::State {
  State(Hub& h, const Log& log, const FeedOptions& o, SessionInfo info)
      : hub(h), options(o), market(h, log, o, std::move(info)), resume(Sequence{1}, false) {}

  void take_messages();
  void add(std::string_view message, bool is_text);
  HttpAnswer answer() const;
  HttpServed serve_poll(Session& session, TimeNs now, bool ends);
  HttpServed serve_events(Session& session, TimeNs now, bool ends);

  const Hub& hub;
  const FeedOptions& options;
  MarketSession market;
  Outbox out;
  ResumePoint resume;
  bool is_stream = false;
  bool base64 = false;
  bool has_begun = false;   // the head of a stream was sent
  bool has_data = false;    // something besides the reply and heartbeats
  bool is_refused = false;  // nothing could be subscribed
  unsigned status = 200;
  std::string body;            // whole messages
  std::size_t told_bytes = 0;  // of body: up to where all streams stand at one sequence
  Sequence told_next{0};       // and this is where they go on
  TimeNs wait_until{0};
  alignas(8) std::byte frame[wire::frame_bytes_max];
};

HttpFeed::HttpFeed(Hub& hub, const Log& log, const FeedOptions& options, SessionInfo info,
                   const HttpRequest& request, std::optional<HttpAnswer>& refusal)
    : state_(std::make_unique<State>(hub, log, options, std::move(info))) {
  State& s = *state_;
  s.is_stream = request.path == events_path;
  FeedQuery query;
  refusal = read_feed_query(request, query);
  if (refusal) return;
  s.base64 = query.base64 || s.is_stream;
  const Sequence head = next(hub.sequence());
  const Sequence from = query.from.value_or(head);
  s.resume = ResumePoint(from, from >= head);
  s.told_next = from;
  s.market.on_open(s.out);
  s.out.consume(s.out.size());  // hello tells of a nonce and limits that nobody needs here
  s.market.on_text(subscribe_text(query, from), s.out);
}

HttpFeed::~HttpFeed() = default;
HttpFeed::HttpFeed(HttpFeed&&) noexcept = default;

void HttpFeed::State::add(std::string_view message, bool is_text) {
  if (!base64) {
    append_length(body, static_cast<std::uint32_t>(message.size()), is_text);
    body.append(message);
    body.append((8 - message.size() % 8) % 8, '\0');
  } else if (is_stream) {
    body.append(is_text ? "event: text\ndata: " : "event: frame\ndata: ");
    body.append(is_text ? std::string(message) : encode_base64(message)).append("\n\n");
  } else {
    JsonWriter json;
    json.open('{').key(is_text ? "text" : "frame");
    if (is_text)
      json.raw(message);
    else
      json.text(encode_base64(message));
    body.append(json.close('}').view()).push_back('\n');
  }
}

void HttpFeed::State::take_messages() {
  while (!out.empty()) {
    const auto pending = out.pending();
    const std::size_t header = ws_header_bytes(pending.data());
    const std::size_t length = ws_frame_bytes(pending.data());
    const std::string_view message(reinterpret_cast<const char*>(pending.data()) + header,
                                   length - header);
    const bool is_text = (pending.front() & std::byte{0x0f}) == std::byte{0x1};
    const bool was_even = told_bytes == body.size();
    if (is_text) {
      is_refused |= message.starts_with(R"({"op":"error")") ||
                    message.find(R"("streams":[])") != std::string_view::npos;
      if (is_refused) status = status_of(message);
      add(message, true);
      if (was_even || is_refused) told_bytes = body.size();
    } else {
      std::memcpy(frame, message.data(), message.size());
      const std::span<const std::byte> bytes(frame, message.size());
      const bool is_even = resume.on_frame(bytes);
      const wire::Channel channel = header_of(bytes).channel;
      const bool is_data = channel != wire::Channel::system && channel != wire::Channel::definition;
      has_data |= is_data;
      add(message, false);
      if (was_even && !is_data) told_bytes = body.size();
      if (is_even) {
        if (is_stream)
          body.insert(body.size() - 1, "id: " + std::to_string(resume.next().value()) + "\n");
        told_bytes = body.size();
        told_next = resume.next();
      }
    }
    out.consume(length);
  }
}

HttpAnswer HttpFeed::State::answer() const {
  HttpAnswer made;
  made.status = is_refused ? status : 200;
  made.content_type = base64 ? "application/x-ndjson" : "application/vnd.bourse.messages";
  made.headers = "Bourse-Next-Seq: " + std::to_string(told_next.value()) + "\r\n";
  made.body = body.substr(0, told_bytes);
  return made;
}

HttpServed HttpFeed::State::serve_poll(Session& session, TimeNs now, bool ends) {
  if (!wait_until) {
    wait_until = TimeNs{now.value() + options.limits.poll_wait_ms * ns_per_ms};
    session.hold(options.limits.poll_wait_ms + options.limits.handshake_ms);
  }
  market.on_timer(now, out);  // a heartbeat moves a quiet client on
  const bool is_more = !is_refused && market.pump(out, now);
  take_messages();
  const bool is_full = told_bytes >= answer_bytes_max;
  const bool is_ready = is_full || (has_data && !is_more && told_bytes == body.size());
  if (!is_refused && !is_ready && now < wait_until && !ends && !out.close_requested())
    return {false, is_more};
  session.answer(answer());
  return {true, false};
}

HttpServed HttpFeed::State::serve_events(Session& session, TimeNs now, bool ends) {
  if (!has_begun) {
    take_messages();
    if (is_refused) {
      base64 = true;
      session.answer(answer());
      return {true, false};
    }
    has_begun = true;
    HttpAnswer head;
    head.content_type = "text/event-stream";
    session.begin_stream(head);
  }
  if (session.stream_backlog() >= options.limits.outbox_low_bytes) return {false, false};
  market.on_timer(now, out);
  const bool is_more = market.pump(out, now);
  take_messages();
  if (!body.empty()) session.stream(body);
  body.clear();
  told_bytes = 0;
  const bool is_over = ends || out.close_requested();
  if (is_over) {
    session.stream("event: text\ndata: " + shutdown_message(hub.sequence(), hub.epoch()) + "\n\n");
    session.end_stream();
  }
  return {is_over, is_more && !is_over};
}

HttpServed HttpFeed::serve(Session& session, TimeNs now, bool ends) {
  return state_->is_stream ? state_->serve_events(session, now, ends)
                           : state_->serve_poll(session, now, ends);
}

}  // namespace bourse
