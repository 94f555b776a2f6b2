// Why a connection ended: the label `reason` of bourse_sessions_ended_total.
//   Shape:  one byte and its name.
//   Owner:  a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bourse {

enum class Ending : std::uint8_t {
  none = 0,
  closed_by_peer = 1,
  closed_by_us = 2,  // code and reason were sent
  peer_gone = 3,     // without a close frame
  http_done = 4,     // plain HTTP, answered
  tls_failed = 5,
  plain_http = 6,         // HTTP without TLS
  handshake_timeout = 7,  // TLS, HTTP or upgrade took too long
  bad_request = 8,        // not HTTP, or an upgrade that is none
  no_progress = 9,        // took nothing for no_progress_ms
  dead = 10,              // said nothing for dead_ms, pings included
  protocol_error = 11,    // a frame against RFC 6455, or over the limit
  stopped = 12,           // the server stopped before the peer was done
};
inline constexpr std::size_t endings_count = 13;

constexpr std::string_view name_of(Ending ending) {
  constexpr std::array<std::string_view, endings_count> names = {
      "none",        "closed_by_peer", "closed_by_us", "peer_gone",
      "http_done",   "tls_failed",     "plain_http",   "handshake_timeout",
      "bad_request", "no_progress",    "dead",         "protocol_error",
      "stopped"};
  return names[static_cast<std::size_t>(ending)];
}

}  // namespace bourse
