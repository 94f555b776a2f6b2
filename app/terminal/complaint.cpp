#include "app/terminal/complaint.h"

#include <fmt/format.h>

#include <cstdio>

#include "replay/text/time_text.h"  // parse_time

namespace bourse {

int complain(std::string_view command, const Error& error) {
  fmt::print(stderr, "bourse {}: {}\n", command, error.text());
  return static_cast<int>(error.code);
}

std::optional<bool> wants_json(std::string_view command, std::string_view format) {
  if (format == "table" || format == "json") return format == "json";
  complain(command, {.code = ExitCode::usage,
                     .what = fmt::format("'{}' is no format", format),
                     .where = {},
                     .next = "choose table or json"});
  return std::nullopt;
}

std::optional<TimeNs> time_of(std::string_view command, std::string_view text) {
  const auto time = parse_time(text);
  if (!time) {
    complain(command, {.code = ExitCode::usage,
                       .what = fmt::format("'{}' is no time", text),
                       .where = {},
                       .next = "2026-01-30T14:30:00Z, with up to nine decimals, or nanoseconds "
                               "since 1970"});
  }
  return time;
}

}  // namespace bourse
