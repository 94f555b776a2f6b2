// A session and what is talked about in it.
//   Shape:  a Session with a conversation: of a websocket, or of an HTTP request that is not
//           answered at once. Nothing is called through a pointer.
//   Owner:  the session loop of one io thread.
//   Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "feed/control/auth.h"      // make_nonce
#include "feed/net/conversation.h"  // with
#include "feed/net/http_message.h"  // http_error
#include "feed/net/session.h"       // Session
#include "feed/net/session_info.h"  // SessionInfo
#include "feed/net/token_bucket.h"  // TokenBucket
#include "feed/net/upgrade.h"       // session_name
#include "matching/types.h"         // TimeNs

namespace bourse {

// What became of an HTTP request that takes its time.
struct HttpServed {
  bool is_over = false;  // it has been answered, or its stream has ended
  bool is_more = false;  // more is due now
};

template <class Conversation>
struct Seat : Session {
  using Session::Session;

  SessionInfo info(std::string_view subprotocol) {
    return {.id = id(),
            .name = session_name(id()),
            .nonce = make_nonce(),
            .subprotocol = std::string(subprotocol),
            .peer = peer(),
            .certificate = wire().peer_name()};
  }
  // False: too many HTTP requests, and that was answered.
  bool may_ask(TimeNs now) {
    if (requests.take(now)) return true;
    answer(http_error(429, "control_rate", 6001, "too many requests", "ask more slowly"));
    return false;
  }
  // The message that has come. REQUIRES: conversation.
  void hear() {
    const Message said = message();
    with(*conversation, [&](auto& c) {
      if constexpr (requires { c.on_received(said.received); }) c.on_received(said.received);
      if (said.is_text)
        c.on_text({reinterpret_cast<const char*>(said.bytes.data()), said.bytes.size()}, outbox());
      else
        c.on_binary(said.bytes, outbox());
    });
  }
  // What is due, as far as it has room. REQUIRES: conversation.
  void pump_up_to(std::size_t bytes, TimeNs now) {
    constexpr int rounds_max = 16;
    for (int round = 0; round < rounds_max && outbox().size() < bytes; ++round)
      if (!with(*conversation, [&](auto& c) { return c.pump(outbox(), now); })) return;
  }
  // REQUIRES: conversation. Of a websocket nothing is due here.
  HttpServed serve_http(TimeNs now, bool ends) {
    return with(*conversation, [&](auto& c) {
      if constexpr (requires { c.serve(*this, now, ends); })
        return c.serve(*this, now, ends);
      else
        return HttpServed{};
    });
  }

  std::optional<Conversation> conversation;
  TokenBucket requests{this->limits().http_per_second_count, this->limits().http_burst_count};
  std::size_t index = 0;
  bool is_due = false;
  bool reading_paused = false;
};

}  // namespace bourse
