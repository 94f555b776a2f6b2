// The header of the PROXY protocol, version 2: what a TCP load balancer says first on a connection
// that it passes on, so that the server knows whose it is.
//   Shape:  pure functions on bytes. 16 bytes say how many more belong to it; addresses come next,
//           extensions (TLV) after them are skipped.
//   Owner:  any thread.
//   Errors: bytes that are no such header are `bad`; the connection has nothing to say then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace bourse {

struct ProxyHeader {
  // The fixed part, and the longest header that is read: addresses and a few extensions.
  static constexpr std::size_t fixed_bytes = 16;
  static constexpr std::size_t bytes_max = 2048;

  enum class State : std::uint8_t {
    whole = 1,
    incomplete = 2,  // `bytes` says how many are needed to go on
    bad = 3,
  };
  State state = State::bad;
  std::size_t bytes = 0;  // whole: its length
  // "address:port" as in Accepted; empty: the balancer speaks for itself (a health check), or the
  // client came over something that has no address.
  std::string client = {};
};

ProxyHeader parse_proxy_header(std::span<const std::byte> bytes);

}  // namespace bourse
