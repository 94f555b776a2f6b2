// The field types of Nasdaq's binary feeds and how their bytes are read and written.
//   Shape:  big-endian unsigned integers of 1, 2, 4, 6 or 8 bytes; text left-justified, padded with
//           spaces; every field at a fixed offset, no padding between them.
//   Units:  in the type (Price4: 1e-4 dollars, Price8: 1e-8 of a percent or point as the field
//   says,
//           Timestamp: nanoseconds since midnight, US Eastern time).
//   Owner:  values; reader and writer step over memory of the caller.
//   Errors: none; the caller has compared the message's length with the sum of its fields.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace bourse::itch {

struct Timestamp {
  std::uint64_t ns;  // 48 bits on the wire
};
struct Price4 {
  std::uint32_t value;
};
struct Price8 {
  std::uint64_t value;
};

template <std::size_t N>
struct Text {
  char text[N];

  // Without the trailing spaces.
  constexpr std::string_view view() const {
    std::size_t length = N;
    while (length > 0 && text[length - 1] == ' ') --length;
    return {text, length};
  }
};

template <class T>
inline constexpr std::size_t field_bytes = sizeof(T);
template <>
inline constexpr std::size_t field_bytes<Timestamp> = 6;

// Begins every message, after the byte of its type.
struct MessageHeader {
  std::uint16_t
      stock_locate;  // number of the stock in the day's directory; 0 = not about one stock
  std::uint16_t tracking_number;
  Timestamp timestamp;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock_locate", m.stock_locate);
    visit("tracking_number", m.tracking_number);
    visit("timestamp", m.timestamp);
  }
};
using Stock = Text<8>;

// Steps over a message and fills one field after the other.
class FieldReader {
 public:
  explicit FieldReader(const std::byte* at) : at_(at) {}

  template <class T>
  void operator()(std::string_view, T& field) {
    field = read<T>();
    at_ += field_bytes<T>;
  }

 private:
  template <class T>
  T read() const {
    if constexpr (std::is_same_v<T, char>) {
      return static_cast<char>(*at_);
    } else if constexpr (std::is_integral_v<T>) {
      return integer<T>(at_);
    } else if constexpr (std::is_same_v<T, Timestamp>) {
      return {std::uint64_t{integer<std::uint16_t>(at_)} << 32 | integer<std::uint32_t>(at_ + 2)};
    } else if constexpr (std::is_same_v<T, Price4>) {
      return {integer<std::uint32_t>(at_)};
    } else if constexpr (std::is_same_v<T, Price8>) {
      return {integer<std::uint64_t>(at_)};
    } else {
      T text;
      std::memcpy(text.text, at_, sizeof text.text);
      return text;
    }
  }

  template <class T>
  static T integer(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (sizeof value == 1)
      return value;
    else
      return std::byteswap(value);
  }

  const std::byte* at_;
};

// The inverse: appends each field to `to`, which has room for the message.
class FieldWriter {
 public:
  explicit FieldWriter(std::byte* to) : to_(to) {}

  template <class T>
  void operator()(std::string_view, const T& field) {
    if constexpr (std::is_integral_v<T>) {
      put(static_cast<std::make_unsigned_t<T>>(field), sizeof(T));
    } else if constexpr (std::is_same_v<T, Timestamp>) {
      put(field.ns, field_bytes<Timestamp>);
    } else if constexpr (std::is_same_v<T, Price4> || std::is_same_v<T, Price8>) {
      put(field.value, sizeof field.value);
    } else {
      std::memcpy(to_, field.text, sizeof field.text);
      to_ += sizeof field.text;
    }
  }

 private:
  void put(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      *to_++ = static_cast<std::byte>(value >> (8 * (bytes - 1 - i)));
    }
  }

  std::byte* to_;
};

}  // namespace bourse::itch
