#include "feed/market/stream_shape.h"

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::size_t variants_max = 128;

struct Variants {
  std::array<StreamShape, variants_max> shapes{};
  std::size_t count = 0;

  constexpr void add(const StreamShape& shape) {
    if (shape != canonical_shape(shape.channel)) shapes[count++] = shape;
  }
};

// The order is part of the ids: new shapes go to the end.
constexpr Variants make_variants() {
  Variants made;
  for (const std::uint16_t depth : level_depths) {
    for (const std::uint32_t ms : book_conflations_ms)
      made.add({.channel = wire::Channel::level, .depth = depth, .conflate_ms = ms});
  }
  for (const std::uint32_t ms : best_conflations_ms)
    made.add({.channel = wire::Channel::bbo, .conflate_ms = ms});
  for (const std::uint32_t ms : book_conflations_ms)
    made.add({.channel = wire::Channel::depth10, .conflate_ms = ms});
  for (const std::uint32_t interval : bar_intervals_ms) {
    for (const std::uint32_t ms : bar_conflations_ms)
      made.add({.channel = wire::Channel::bar, .conflate_ms = ms, .interval_ms = interval});
  }
  for (const std::uint32_t every : check_rates)
    made.add({.channel = wire::Channel::check, .every = every});
  return made;
}

constexpr Variants variants = make_variants();

constexpr std::size_t channels_count = 16;
constexpr std::array<StreamShape, channels_count> make_canonical() {
  std::array<StreamShape, channels_count> shapes;
  for (std::size_t i = 0; i < channels_count; ++i)
    shapes[i] = canonical_shape(static_cast<wire::Channel>(i));
  return shapes;
}
constexpr std::array<StreamShape, channels_count> canonical = make_canonical();

}  // namespace

const StreamShape& shape_of(std::uint32_t stream) {
  const std::size_t kind = stream >> 24;
  if ((stream & wire::variant_bit) == 0) return canonical[kind & (channels_count - 1)];
  return variants.shapes[kind & (variants_max - 1)];
}

std::optional<std::uint32_t> stream_of(const StreamShape& shape, SymbolId symbol) {
  if (shape == canonical_shape(shape.channel)) return wire::stream_id(shape.channel, symbol);
  for (std::size_t i = 0; i < variants.count; ++i) {
    if (variants.shapes[i] == shape)
      return wire::variant_bit | static_cast<std::uint32_t>(i) << 24 | symbol.value();
  }
  return std::nullopt;
}

namespace wire {

Channel channel_of(std::uint32_t stream) { return shape_of(stream).channel; }

}  // namespace wire

}  // namespace bourse
