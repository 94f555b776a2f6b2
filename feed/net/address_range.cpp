#include "feed/net/address_range.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace bourse {

AddressRange::Address AddressRange::address_of(std::string_view text) {
  const std::string copy(text);
  Address address;
  if (::inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) {
    address.length = 4;
  } else if (::inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
    address.length = 16;
    constexpr std::array<unsigned char, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(address.bytes.data(), mapped.data(), mapped.size()) == 0) {
      std::memmove(address.bytes.data(), address.bytes.data() + mapped.size(), 4);
      address.length = 4;
    }
  }
  return address;
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  AddressRange range;
  range.network_ = address_of(text.substr(0, slash));
  if (range.network_.length == 0) return std::nullopt;
  range.bits_ = range.network_.length * 8;
  if (slash == std::string_view::npos) return range;
  const std::string_view bits = text.substr(slash + 1);
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
  if (error != std::errc{} || end != bits.data() + bits.size() || count > range.bits_)
    return std::nullopt;
  range.bits_ = count;
  return range;
}

bool AddressRange::holds(std::string_view peer) const {
  std::string_view text = peer.substr(0, peer.rfind(':'));
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const Address address = address_of(text);
  if (address.length != network_.length) return false;
  const std::size_t whole = bits_ / 8;
  if (std::memcmp(address.bytes.data(), network_.bytes.data(), whole) != 0) return false;
  const unsigned left = bits_ % 8;
  if (left == 0) return true;
  const unsigned mask = 0xffu << (8 - left) & 0xffu;
  return ((address.bytes[whole] ^ network_.bytes[whole]) & mask) == 0;
}

}  // namespace bourse
