// Addresses of one network: "10.0.0.0/8", "2001:db8::/32", or a single one.
//   Shape:  a value. An IPv4 address that a socket shows as IPv6 (::ffff:10.0.0.1) is an IPv4 one.
//   Owner:  any thread.
//   Errors: parse() gives nothing for text that is no network.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bourse {

class AddressRange {
 public:
  static std::optional<AddressRange> parse(std::string_view text);
  // `peer` is "address:port", as in Accepted.
  bool holds(std::string_view peer) const;

 private:
  struct Address {
    std::array<unsigned char, 16> bytes{};
    std::size_t length = 0;  // 4 or 16; 0: none
  };
  static Address address_of(std::string_view text);

  Address network_;
  std::size_t bits_ = 0;
};

}  // namespace bourse
