// The feed for networks that let no websocket through: GET /v1/poll answers with what came after a
// sequence, GET /v1/events (server-sent events) goes on for as long as the client stays.
//   Shape:  a MarketSession without a socket: the same messages in the same order; each message is
//           a line of base64, or bytes behind a length (docs/PROTOCOL.md, section 10). A piece ends
//           where all streams stand at one sequence, so that the next one begins there.
//   Units:  messages.
//   Owner:  one io thread; lives while its request is open.
//   Errors: a query that is wrong is answered 400; what the subscription is refused is told as
//           on the websocket, with status 404 (unknown symbols) or 410 (the log begins later).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "feed/feed_options.h"           // FeedOptions
#include "feed/market/hub.h"             // Hub
#include "feed/market/market_session.h"  // MarketSession
#include "feed/net/http_message.h"       // HttpRequest, HttpAnswer
#include "feed/net/outbox.h"             // Outbox
#include "feed/net/seat.h"               // Session, HttpServed
#include "matching/types.h"              // Sequence, TimeNs
#include "replay/log/log.h"              // Log

namespace bourse {

inline constexpr std::string_view poll_path = "/v1/poll";
inline constexpr std::string_view events_path = "/v1/events";

// How far everything that was told reaches: a client goes on from next().
class ResumePoint {
 public:
  ResumePoint(Sequence from, bool is_live) : next_(from), is_live_(is_live) {}
  // A binary message has been told. True: all streams stand at next() - 1 now.
  bool on_frame(std::span<const std::byte> frame);
  Sequence next() const { return next_; }

 private:
  Sequence next_;
  Sequence newest_{0};  // of the burst that has not ended
  bool is_live_;        // a heartbeat speaks for all streams
};

class HttpFeed {
 public:
  static constexpr std::size_t answer_bytes_max = 1 << 20;  // about; a burst is never cut

  // `refusal` is set if the query is wrong: then there is nothing to serve.
  HttpFeed(Hub& hub, const Log& log, const FeedOptions& options, SessionInfo info,
           const HttpRequest& request, std::optional<HttpAnswer>& refusal);
  ~HttpFeed();
  HttpFeed(HttpFeed&&) noexcept;
  HttpFeed& operator=(HttpFeed&&) = delete;

  // Answers, or streams, what is due. `ends`: say what there is and nothing more.
  HttpServed serve(Session& session, TimeNs now, bool ends);

  // Of a websocket's conversation nothing happens here.
  void on_open(Outbox&) {}
  void on_text(std::string_view, Outbox&) {}
  void on_binary(std::span<const std::byte>, Outbox&) {}
  bool pump(Outbox&, TimeNs) { return false; }
  void on_timer(TimeNs, Outbox&) {}

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
