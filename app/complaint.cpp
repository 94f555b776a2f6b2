#include "app/complaint.h"

#include <fmt/format.h>

#include <cstdio>

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

}  // namespace bourse
