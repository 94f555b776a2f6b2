// One answer out of those of several logs: docs/PROTOCOL.md, "Several logs".
//   Shape:  lists are joined; what all logs say alike stands once; what they say differently is
//           that of the first one, and each log's own stands in "logs".
//   Owner:  free functions, an io thread.
//   Errors: none: the replies are our own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bourse {

struct LogReply {
  std::uint32_t log;
  std::string text;  // a JSON object
};

// REQUIRES: not empty, in order of the logs.
std::string joined_reply(const std::vector<LogReply>& replies);

// The object with "log" as one field more.
std::string of_log(std::string_view reply, std::uint32_t log);

// The object with further fields at its end: `fields` is `"name":value,...`.
std::string with_fields(std::string_view object, std::string_view fields);

}  // namespace bourse
