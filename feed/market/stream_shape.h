// What a stream shows of an instrument: its channel and how much of it. A channel's canonical
// stream is the one without parameters; depths, intervals and rates beside it are streams of their
// own, shared by all who ask for the same.
//   Shape:  a stream id is `channel << 24 | instrument` for a canonical stream, and
//           `variant_bit | place in the table << 24 | instrument` for the others. The table only
//           grows at its end, so that ids stay what they are in every process of every version.
//   Units:  milliseconds of the log's time, levels of each side, events of mbo.
//   Owner:  constants.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "feed/wire.h"       // Channel, variant_bit
#include "matching/types.h"  // SymbolId

namespace bourse {

struct StreamShape {
  wire::Channel channel = wire::Channel::none;
  std::uint16_t depth = 0;        // level: so many of each side, 0 = all
  std::uint32_t conflate_ms = 0;  // 0 = whatever happens; bar: 0 = closed ones only
  std::uint32_t interval_ms = 0;  // bar
  std::uint32_t every = 0;        // check: once in so many events of mbo

  friend bool operator==(const StreamShape&, const StreamShape&) = default;
};

inline constexpr std::array<std::uint16_t, 10> level_depths = {0,  1,  5,   10,  20,
                                                               25, 50, 100, 500, 1000};
inline constexpr std::array<std::uint32_t, 4> book_conflations_ms = {0, 10, 50, 100};
inline constexpr std::array<std::uint32_t, 5> best_conflations_ms = {0, 10, 50, 100, 1000};
inline constexpr std::array<std::uint32_t, 3> bar_conflations_ms = {0, 100, 1000};
inline constexpr std::array<std::uint32_t, 16> bar_intervals_ms = {
    1'000,   5'000,     10'000,    15'000,    30'000,     60'000,     180'000,    300'000,
    900'000, 1'800'000, 3'600'000, 7'200'000, 14'400'000, 21'600'000, 43'200'000, 86'400'000};
inline constexpr std::array<std::uint32_t, 5> check_rates = {1, 10, 100, 1'000, 10'000};

// Of the channel's canonical stream.
constexpr StreamShape canonical_shape(wire::Channel channel) {
  StreamShape shape{.channel = channel};
  if (channel == wire::Channel::bar) shape.interval_ms = 60'000;
  if (channel == wire::Channel::stat) shape.conflate_ms = 1'000;
  if (channel == wire::Channel::check) shape.every = 1'000;
  return shape;
}

const StreamShape& shape_of(std::uint32_t stream);
// nullopt if there is no such stream.
std::optional<std::uint32_t> stream_of(const StreamShape& shape, SymbolId symbol);

// Whether its frames stand for all that happened since the one before.
inline bool is_conflated(std::uint32_t stream) { return shape_of(stream).conflate_ms != 0; }

}  // namespace bourse
