// Streams of orders in the five shapes of the public matching challenge, made here from a seed (its
// own streams are not ours to ship): what differs is how the middle price moves.
//   Shape:  a vector of messages; about half are new orders, the rest cancels and modifies of
//           orders that mostly still rest. Lifetimes are short for many and long for some, so that
//           thousands of orders stand in the book.
//   Units:  ticks and units of quantity; the middle starts at 33,504 ticks.
//   Owner:  a value; the same seed gives the same stream.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/challenge_adapter/challenge_abi.h"  // me_msg_t

namespace bourse {

enum class MarketShape : std::uint8_t {
  still = 0,          // "static": the middle does not move, levels are deep
  normal = 1,         // a small random walk
  swing_25 = 2,       // up and down by 25 %
  swing_40 = 3,       // by 40 %
  flash_crash_60 = 4  // down by 60 % and back
};
inline constexpr MarketShape market_shapes[] = {MarketShape::still, MarketShape::normal,
                                                MarketShape::swing_25, MarketShape::swing_40,
                                                MarketShape::flash_crash_60};
const char* name_of(MarketShape shape);

struct ChallengeWorkload {
  std::vector<me_msg_t> messages;
  std::uint32_t new_count = 0;
  std::uint32_t ioc_count = 0;
  std::uint32_t cancel_count = 0;
  std::uint32_t modify_count = 0;

  std::string mix() const;  // one line
};

ChallengeWorkload make_challenge_workload(MarketShape shape, std::uint64_t seed,
                                          std::uint32_t new_orders);

}  // namespace bourse
