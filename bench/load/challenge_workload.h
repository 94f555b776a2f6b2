// Streams of orders in the shapes of the public matching challenge, made here from a seed (its own
// streams are not ours to ship), and further shapes that its rules do not name.
//   Shape:  a vector of messages, about two for each new order: an order arrives far from or near
//           to the middle price, most are cancelled before the next one comes, what is left fills
//           the book. The shapes differ in how the middle moves and in what stays behind.
//   Units:  ticks of 0.005 and units of quantity; the middle starts at 33,504 ticks (167.52).
//   Owner:  a value; the same seed gives the same stream, whatever the compiler.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/challenge_adapter/challenge_abi.h"  // me_msg_t

namespace bourse {

// What is drawn alike in all shapes is in challenge_workload.cpp.
struct MarketShape {
  const char* name = "";
  // Standard deviation of the logarithm of the middle over the whole stream.
  double swing = 0;
  // In the middle, of one new order: how likely it is that it leaps, by up to 20 % either way.
  double leap_chance = 0;
  double cancel_share = 0.95;  // of the orders that may rest
  std::uint32_t level_count = 800;
  enum class Levels : std::uint8_t { near = 0, even = 1 } levels = Levels::near;
  bool wide_ids = false;  // spread over 64 bits instead of dense from 1
  bool is_of_challenge = false;
};

inline constexpr MarketShape market_shapes[] = {
    {.name = "static", .is_of_challenge = true},
    {.name = "normal", .swing = 0.02, .is_of_challenge = true},
    {.name = "swing-25", .swing = 0.25, .is_of_challenge = true},
    {.name = "swing-40", .swing = 0.40, .is_of_challenge = true},
    {.name = "flash-crash", .swing = 0.60, .is_of_challenge = true},
    {.name = "leaps", .swing = 0.02, .leap_chance = 0.001},
    // A handful of orders, each alone at its price, far from one another.
    {.name = "thin",
     .swing = 0.02,
     .cancel_share = 0.9999,
     .level_count = 20'000,
     .levels = MarketShape::Levels::even},
    // Hundreds of thousands of orders on sixteen prices.
    {.name = "deep", .cancel_share = 0.30, .level_count = 8, .levels = MarketShape::Levels::even},
    {.name = "wide-ids", .swing = 0.02, .wide_ids = true},
};

struct ChallengeWorkload {
  std::vector<me_msg_t> messages;
  std::uint32_t new_count = 0;
  std::uint32_t ioc_count = 0;
  std::uint32_t cancel_count = 0;
  std::uint32_t modify_count = 0;

  std::string mix() const;  // one line
};

ChallengeWorkload make_challenge_workload(const MarketShape& shape, std::uint64_t seed,
                                          std::uint32_t new_orders);

}  // namespace bourse
