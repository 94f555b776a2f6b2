// A name that nothing else has: of a log, of a segment, of one start of the machine.
//   Shape:  16 bytes, compared as they are.
//   Owner:  values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bourse {

struct Uuid {
  std::array<std::uint8_t, 16> bytes;
  friend bool operator==(const Uuid&, const Uuid&) = default;
};

}  // namespace bourse
