// A figure of several runs: its median, and the least and the most.
//   Shape:  functions over the runs' values; text as `median (least..most)`.
//   Owner:  any thread.
//   Errors: none; REQUIRES at least one value.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace bourse {

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

inline std::string spread(const std::vector<double>& values, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f (%.*f..%.*f)", decimals, median(values), decimals,
                std::ranges::min(values), decimals, std::ranges::max(values));
  return text;
}

}  // namespace bourse
