#include "feed/net/connection_limits.h"

#include <gtest/gtest.h>

namespace bourse {
namespace {

using Answer = ConnectionLimits::Answer;
constexpr std::int64_t second_ns = 1'000'000'000;

FeedOptions options_with(std::uint32_t connections, std::uint32_t per_minute, std::uint32_t burst) {
  FeedOptions options;
  options.limits.connections_per_ip_count = connections;
  options.limits.connects_per_minute_count = per_minute;
  options.limits.connects_burst_count = burst;
  return options;
}

TEST(ConnectionLimits, AnAddressHasSoManyConnectionsWhateverItsPorts) {
  const FeedOptions options = options_with(2, 0, 0);
  ConnectionLimits limits(options);
  EXPECT_EQ(limits.admit("10.0.0.1:1000", 0), Answer::admitted);
  EXPECT_EQ(limits.admit("10.0.0.1:1001", 0), Answer::admitted);
  EXPECT_EQ(limits.admit("10.0.0.1:1002", 0), Answer::too_many);
  EXPECT_EQ(limits.admit("10.0.0.2:1002", 0), Answer::admitted);
  limits.leave("10.0.0.1:1000");
  EXPECT_EQ(limits.admit("10.0.0.1:1003", 0), Answer::admitted);
}

TEST(ConnectionLimits, AttemptsComeBackWithTime) {
  const FeedOptions options = options_with(0, 60, 3);
  ConnectionLimits limits(options);
  const auto attempt = [&](std::int64_t now_ns) {
    const Answer answer = limits.admit("10.0.0.1:1", now_ns);
    if (answer == Answer::admitted) limits.leave("10.0.0.1:1");
    return answer;
  };
  std::int64_t now = 1000 * second_ns;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(now), Answer::admitted);
  EXPECT_EQ(attempt(now), Answer::too_fast);
  now += 900 * second_ns / 1000;
  EXPECT_EQ(attempt(now), Answer::too_fast);
  now += 200 * second_ns / 1000;
  EXPECT_EQ(attempt(now), Answer::admitted) << "one a second";
  EXPECT_EQ(attempt(now), Answer::too_fast);
}

TEST(ConnectionLimits, AnIpv6AddressStandsForItsNetwork) {
  const FeedOptions options = options_with(1, 0, 0);
  ConnectionLimits limits(options);
  EXPECT_EQ(limits.admit("[2001:db8:1:2::1]:9", 0), Answer::admitted);
  EXPECT_EQ(limits.admit("[2001:db8:1:2:ffff::7]:9", 0), Answer::too_many);
  EXPECT_EQ(limits.admit("[2001:db8:1:3::1]:9", 0), Answer::admitted);
  EXPECT_EQ(limits.admit("[::ffff:10.0.0.9]:9", 0), Answer::admitted);
  EXPECT_EQ(limits.admit("10.0.0.9:9", 0), Answer::too_many) << "the same in other words";
}

TEST(ConnectionLimits, ThisMachineIsExemptUnlessTheConfigurationSaysOtherwise) {
  FeedOptions options = options_with(1, 1, 1);
  ConnectionLimits limits(options);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(limits.admit("127.0.0.1:5", 0), Answer::admitted);
    EXPECT_EQ(limits.admit("[::1]:5", 0), Answer::admitted);
  }
  options.limit_loopback = true;
  EXPECT_EQ(limits.admit("127.0.0.1:5", 0), Answer::admitted);
  EXPECT_EQ(limits.admit("127.0.0.1:6", 0), Answer::too_many);
  EXPECT_EQ(limits.admit("[::1]:5", 0), Answer::admitted);
  EXPECT_EQ(limits.admit("[::1]:6", 0), Answer::too_many);
}

TEST(ConnectionLimits, ManyAddressesAreForgottenWhenTheyHaveNoConnection) {
  const FeedOptions options = options_with(1, 1, 1);
  ConnectionLimits limits(options);
  EXPECT_EQ(limits.admit("[2001:db8::1]:1", 0), Answer::admitted);
  for (std::size_t i = 0; i < 2 * ConnectionLimits::addresses_known_max; ++i) {
    const std::string peer = std::to_string(1 + (i >> 16 & 7)) + "." +
                             std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255) + ".1:1";
    if (limits.admit(peer, 0) == Answer::admitted) limits.leave(peer);
  }
  EXPECT_EQ(limits.admit("[2001:db8::1]:2", 0), Answer::too_many) << "it still has its connection";
}

TEST(ConnectionLimits, AKeyHasSoManyConnections) {
  FeedOptions options;
  options.limits.connections_per_key_count = 2;
  ConnectionLimits limits(options);
  EXPECT_TRUE(limits.enter_key("a"));
  EXPECT_TRUE(limits.enter_key("a"));
  EXPECT_FALSE(limits.enter_key("a"));
  EXPECT_TRUE(limits.enter_key("b"));
  limits.leave_key("a");
  EXPECT_TRUE(limits.enter_key("a"));
}

}  // namespace
}  // namespace bourse
