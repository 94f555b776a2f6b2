// The query of /v1/poll and /v1/events, and what it means on a websocket.
//   Shape:  values.
//   Owner:  pure functions.
//   Errors: what is wrong in a query is answered 400, with the name of what it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "feed/net/http_message.h"  // HttpRequest, HttpAnswer
#include "matching/types.h"         // Sequence

namespace bourse {

struct FeedQuery {
  std::vector<std::string> channels = {"mbo"};
  std::vector<std::string> symbols = {"*"};
  std::optional<Sequence> from;
  bool snapshot = false;
  bool base64 = false;
};

// Nothing: it has been read into `out`.
std::optional<HttpAnswer> read_feed_query(const HttpRequest& request, FeedQuery& out);

// The subscribe request that it stands for.
std::string subscribe_text(const FeedQuery& query, Sequence from);

}  // namespace bourse
