// A name that nothing else has: of a log, of a segment, of one start of the machine.
//   Shape:  16 bytes, compared as they are.
//   Owner:  values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bourse {

struct Uuid {
  std::array<std::uint8_t, 16> bytes;
  friend bool operator==(const Uuid&, const Uuid&) = default;
};

// "0123abcd-ef01-2345-6789-abcdef012345"
inline std::string to_string(const Uuid& uuid) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += digits[uuid.bytes[i] >> 4];
    out += digits[uuid.bytes[i] & 0xf];
  }
  return out;
}

}  // namespace bourse
