// What an HTTP request for a websocket gets, and the first and last words of a session.
//   Shape:  free functions.
//   Errors: a refusal is an HTTP answer with a stable code and a hint.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "feed/feed_options.h"  // FeedOptions
#include "feed/http_message.h"  // HttpRequest, HttpAnswer
#include "matching/types.h"     // SessionId

namespace bourse {

struct UpgradeDecision {
  std::string subprotocol;  // to agree on; empty: the client offered none
  std::optional<HttpAnswer> refusal;
};

// `subprotocols` are those of the endpoint at request.path, empty if there is none.
UpgradeDecision decide_upgrade(const HttpRequest& request,
                               std::span<const std::string_view> subprotocols,
                               const FeedOptions& options);

std::string session_name(SessionId id);
std::optional<SessionId> parse_session_name(std::string_view name);  // nothing if it is none
std::string shutdown_message();

}  // namespace bourse
