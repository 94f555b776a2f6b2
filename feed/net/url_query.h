// The query of a URL taken apart: a=1&b=x%3Ay.
//   Shape:  one function; names and values decoded, in the order they came.
//   Owner:  pure.
//   Errors: nullopt for an escape that is none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bourse {

using UrlQuery = std::vector<std::pair<std::string, std::string>>;

std::optional<UrlQuery> parse_url_query(std::string_view text);

}  // namespace bourse
