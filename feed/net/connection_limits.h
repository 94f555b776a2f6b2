// How many connections an address and a key may have, and how fast an address may make them.
//   Shape:  one for all io threads, behind a mutex that is taken once per connection, never per
//           message. An address is asked about before TLS costs anything; a key when it is proven.
//           An IPv6 address stands for its /64. This machine's own are exempt (a proxy in front, a
//           bench) unless limit_loopback.
//   Units:  nanoseconds of the steady clock.
//   Owner:  whoever wires the exchange; any io thread calls.
//   Errors: admit() says what is too much. A limit of 0 is none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "feed/feed_options.h"      // FeedOptions
#include "feed/net/token_bucket.h"  // TokenBucket

namespace bourse {

class ConnectionLimits {
 public:
  enum class Answer : std::uint8_t { admitted = 1, too_many = 2, too_fast = 3 };
  // Addresses without a connection are forgotten beyond this; a rate begins anew for them.
  static constexpr std::size_t addresses_known_max = 1 << 16;

  explicit ConnectionLimits(const FeedOptions& options) : options_(options) {}

  // `peer` is "address:port". Counts it if it is admitted: leave() must follow.
  Answer admit(std::string_view peer, std::int64_t now_ns);
  void leave(std::string_view peer);

  // False: the key has connections_per_key already. True: leave_key() must follow.
  bool enter_key(const std::string& id);
  void leave_key(const std::string& id);

 private:
  struct Address {
    explicit Address(const FeedLimits& limits)
        : attempts(std::max(limits.connects_per_minute_count, 1u),
                   std::max(limits.connects_burst_count, 1u)) {}
    TokenBucket attempts;
    std::uint32_t connections = 0;
  };
  // What the limits count by; empty: exempt.
  std::string name_of(std::string_view peer) const;

  const FeedOptions& options_;
  std::mutex mutex_;
  std::unordered_map<std::string, Address> addresses_;
  std::unordered_map<std::string, std::uint32_t> keys_;
};

}  // namespace bourse
