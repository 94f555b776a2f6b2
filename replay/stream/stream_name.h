// What things of one exchange are called on NATS. All begin with the setting stream.subject, so
// that several exchanges can share a cluster.
//   Shape:   subject "<base>.<what>.<channel>"; a channel's stream stores "<base>.tx.<channel>".
//   Owner:   pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace bourse {

// "bourse.tx.0". `what`: tx (transactions), cmd (commands of gateways), ...
inline std::string stream_subject(std::string_view base, std::string_view what,
                                  std::uint32_t channel) {
  return std::string(base) + "." + std::string(what) + "." + std::to_string(channel);
}

// "bourse-0": a stream's name has no dots.
inline std::string stream_name(std::string_view base, std::uint32_t channel) {
  std::string name(base);
  std::ranges::replace(name, '.', '_');
  return name + "-" + std::to_string(channel);
}

}  // namespace bourse
