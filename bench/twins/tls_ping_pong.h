// The floor of everything over wss: one record of 100 bytes there and one back over TLS 1.3 on
// loopback, two processes, blocking reads, nothing of ours but the TLS settings.
//   Units:  nanoseconds one way: half of there and back.
//   Owner:  the calling thread; the peer is a child process.
//   Errors: an empty vector if a connection could not be made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bourse {

struct PingPong {
  std::vector<std::int64_t> one_way_ns;
  std::string cipher;  // "TLSv1.3 TLS_AES_128_GCM_SHA256"
};

PingPong tls_ping_pong(std::size_t count);

}  // namespace bourse
