// What an HTTP request for a websocket gets, and the first and last words of a session.
//   Shape:  free functions.
//   Errors: a refusal is an HTTP answer with a stable code and a hint.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "feed/feed_options.h"      // FeedOptions
#include "feed/net/http_message.h"  // HttpRequest, HttpAnswer
#include "matching/types.h"         // SessionId, Sequence, Epoch

namespace bourse {

struct UpgradeDecision {
  std::string subprotocol;  // to agree on; empty: the client offered none
  std::optional<HttpAnswer> refusal;
};

// `subprotocols` are those of the endpoint at request.path, empty if there is none; `certificate`
// is the name in the client's, empty if it has shown none.
UpgradeDecision decide_upgrade(const HttpRequest& request,
                               std::span<const std::string_view> subprotocols,
                               std::string_view certificate, const FeedOptions& options);

std::string session_name(SessionId id);
std::optional<SessionId> parse_session_name(std::string_view name);  // nothing if it is none
// `told`: the newest transaction that this server has fed; a client goes on from its own last one.
std::string shutdown_message(Sequence told, Epoch epoch);

}  // namespace bourse
