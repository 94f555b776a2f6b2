// The JSON of subscriptions, with parameters by chance.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "feed/market/stream_shape.h"  // book_conflations_ms
#include "tests/feed/market_truth.h"   // MarketTruth

namespace bourse {

inline std::string sub(std::string_view channel, const std::string& symbol,
                       const std::string& more) {
  return R"({"channel":")" + std::string(channel) + R"(","symbols":[")" + symbol + "\"]" + more +
         "}";
}

inline std::string field(const char* name, std::uint64_t value) {
  return std::string(",\"") + name + "\":" + std::to_string(value);
}

// Of those that MarketTruth knows.
inline std::string random_parameters(std::mt19937_64& random, std::string_view channel) {
  static constexpr std::array<std::uint64_t, 4> depths = {0, 1, 5, 10};
  const auto one_in = [&random](std::size_t count) { return random() % count == 0; };
  const auto any_of = [&random](const auto& values) -> std::uint64_t {
    return values[random() % std::size(values)];
  };
  std::string more;
  if (channel == "level") more += field("depth", any_of(depths));
  if (channel == "check") more += field("every", MarketTruth::check_every);
  if (channel == "bar") more += field("interval_ms", MarketTruth::bar_ms);
  const bool may_conflate = channel == "level" || channel == "depth10" || channel == "bbo";
  if (may_conflate && one_in(3)) more += field("conflate_ms", any_of(book_conflations_ms));
  if (channel == "bar" && one_in(3)) more += field("conflate_ms", 100);
  if (one_in(6))
    more += R"(,"on_slow":"skip")";
  else if (one_in(20))
    more += R"(,"on_slow":"disconnect")";
  else if (may_conflate && one_in(4))
    more += R"(,"on_slow":"catchup")";
  return more;
}

}  // namespace bourse
