#include "feed/net/proxy_header.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace bourse {
namespace {

constexpr std::array<unsigned char, 12> signature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                     0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr unsigned version_2 = 0x20;
constexpr unsigned command_local = 0;
constexpr unsigned command_proxy = 1;
constexpr unsigned tcp_over_v4 = 0x11;
constexpr unsigned tcp_over_v6 = 0x21;
constexpr std::size_t v4_bytes = 4 + 4 + 2 + 2;
constexpr std::size_t v6_bytes = 16 + 16 + 2 + 2;

unsigned at(std::span<const std::byte> bytes, std::size_t index) {
  return std::to_integer<unsigned>(bytes[index]);
}

unsigned port_at(std::span<const std::byte> bytes, std::size_t index) {
  return at(bytes, index) << 8 | at(bytes, index + 1);
}

}  // namespace

ProxyHeader parse_proxy_header(std::span<const std::byte> bytes) {
  using State = ProxyHeader::State;
  // What is there is judged at once: who speaks something else is not waited for.
  const std::size_t begun = bytes.size() < signature.size() ? bytes.size() : signature.size();
  if (std::memcmp(bytes.data(), signature.data(), begun) != 0) return {};
  if (bytes.size() < ProxyHeader::fixed_bytes)
    return {.state = State::incomplete, .bytes = ProxyHeader::fixed_bytes};
  const unsigned version_and_command = at(bytes, 12);
  if ((version_and_command & 0xf0) != version_2) return {};
  const unsigned command = version_and_command & 0x0f;
  if (command != command_local && command != command_proxy) return {};
  const std::size_t rest = port_at(bytes, 14);
  const std::size_t whole = ProxyHeader::fixed_bytes + rest;
  if (whole > ProxyHeader::bytes_max) return {};
  if (bytes.size() < whole) return {.state = State::incomplete, .bytes = whole};
  ProxyHeader header{.state = State::whole, .bytes = whole};
  if (command == command_local) return header;

  const auto addresses = bytes.subspan(ProxyHeader::fixed_bytes, rest);
  char text[INET6_ADDRSTRLEN] = "";
  switch (at(bytes, 13)) {
    case tcp_over_v4:
      if (rest < v4_bytes) return {};
      ::inet_ntop(AF_INET, addresses.data(), text, sizeof text);
      header.client = std::string(text) + ':' + std::to_string(port_at(addresses, 8));
      return header;
    case tcp_over_v6:
      if (rest < v6_bytes) return {};
      ::inet_ntop(AF_INET6, addresses.data(), text, sizeof text);
      header.client = '[' + std::string(text) + "]:" + std::to_string(port_at(addresses, 32));
      return header;
    default:
      return header;  // a local socket, or nothing that is known: no address
  }
}

}  // namespace bourse
