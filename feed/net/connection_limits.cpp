#include "feed/net/connection_limits.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace bourse {

std::string ConnectionLimits::name_of(std::string_view peer) const {
  std::string address(peer.substr(0, peer.rfind(':')));
  std::array<unsigned char, 16> bytes{};
  std::size_t length = 4;
  if (address.starts_with('[')) {
    address = address.substr(1, address.size() - 2);
    if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
    constexpr std::array<unsigned char, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(bytes.data(), mapped.data(), mapped.size()) == 0)
      std::memmove(bytes.data(), bytes.data() + mapped.size(), 4);
    else
      length = 8;
    constexpr std::array<unsigned char, 16> loopback = {0, 0, 0, 0, 0, 0, 0, 0,
                                                        0, 0, 0, 0, 0, 0, 0, 1};
    if (length == 8 && bytes == loopback && !options_.limit_loopback) return {};
  } else if (::inet_pton(AF_INET, address.c_str(), bytes.data()) != 1) {
    return address;
  }
  if (length == 4 && bytes[0] == 127 && !options_.limit_loopback) return {};
  return {reinterpret_cast<const char*>(bytes.data()), length};
}

ConnectionLimits::Answer ConnectionLimits::admit(std::string_view peer, std::int64_t now_ns) {
  const FeedLimits& limits = options_.limits;
  const std::string name = name_of(peer);
  if (name.empty()) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  if (addresses_.size() >= addresses_known_max)
    std::erase_if(addresses_, [](const auto& known) { return known.second.connections == 0; });
  Address& address = addresses_.try_emplace(name, limits).first->second;
  if (limits.connections_per_ip_count != 0 &&
      address.connections >= limits.connections_per_ip_count)
    return Answer::too_many;
  // The bucket counts per second: its minute is our second.
  constexpr std::int64_t seconds_per_minute = 60;
  if (limits.connects_per_minute_count != 0 &&
      !address.attempts.take(TimeNs{now_ns / seconds_per_minute}))
    return Answer::too_fast;
  ++address.connections;
  return Answer::admitted;
}

void ConnectionLimits::leave(std::string_view peer) {
  const std::string name = name_of(peer);
  if (name.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = addresses_.find(name);
  if (found != addresses_.end() && found->second.connections > 0) --found->second.connections;
}

bool ConnectionLimits::enter_key(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::uint32_t& count = keys_[id];
  const std::uint32_t most = options_.limits.connections_per_key_count;
  if (most != 0 && count >= most) return false;
  ++count;
  return true;
}

void ConnectionLimits::leave_key(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(id);
  if (found != keys_.end() && --found->second == 0) keys_.erase(found);
}

}  // namespace bourse
