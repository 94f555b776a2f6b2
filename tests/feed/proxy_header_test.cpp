#include "feed/net/proxy_header.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "feed/metrics.h"            // Metrics
#include "feed/net/address_range.h"  // AddressRange
#include "feed/turn/door.h"          // Door

namespace bourse {
namespace {

using State = ProxyHeader::State;
using namespace std::string_view_literals;

constexpr std::string_view signature = "\r\n\r\n\0\r\nQUIT\n"sv;
const std::string v4 = std::string(signature) + std::string("\x21\x11\0\x0c"sv) +
                       std::string("\xcb\0\x71\x07\x0a\0\0\x01\xc8\x22\x01\xbb"sv);
const std::string local = std::string(signature) + std::string("\x20\0\0\0"sv);

ProxyHeader parse(std::string_view text) {
  return parse_proxy_header({reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

TEST(ProxyHeader, NamesTheClientOfAConnection) {
  const ProxyHeader header = parse(v4 + "\x16\x03\x01");
  EXPECT_EQ(header.state, State::whole);
  EXPECT_EQ(header.bytes, v4.size());
  EXPECT_EQ(header.client, "203.0.113.7:51234");
  const std::string v6 = std::string(signature) + std::string("\x21\x21\0\x24"sv) +
                         std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"sv) +
                         std::string(16, '\1') + std::string("\xc8\x22\x01\xbb"sv);
  EXPECT_EQ(parse(v6).client, "[2001:db8::7]:51234");
}

TEST(ProxyHeader, SkipsExtensionsAndKnowsABalancerThatSpeaksForItself) {
  std::string extended = v4 + std::string("\x04\0\x02ok"sv);
  extended[15] = 0x0c + 5;
  EXPECT_EQ(parse(extended).bytes, extended.size());
  EXPECT_EQ(parse(extended).client, "203.0.113.7:51234");
  EXPECT_EQ(parse(local).state, State::whole);
  EXPECT_EQ(parse(local).client, "");
}

TEST(ProxyHeader, AsksForAsMuchAsItNeedsAndRefusesWhatIsNone) {
  for (std::size_t have = 0; have < v4.size(); ++have) {
    const ProxyHeader header = parse(std::string_view(v4).substr(0, have));
    ASSERT_EQ(header.state, State::incomplete) << have;
    EXPECT_EQ(header.bytes, have < 16 ? 16u : v4.size());
  }
  EXPECT_EQ(parse("PROXY TCP4 203.0.113.7 10.0.0.1 51234 443\r\n").state, State::bad);
  EXPECT_EQ(parse("\x16\x03\x01\x02").state, State::bad);  // TLS at once
  std::string other = v4;
  other[12] = 0x31;
  EXPECT_EQ(parse(other).state, State::bad) << "version 3";
  other = v4;
  other[12] = 0x22;
  EXPECT_EQ(parse(other).state, State::bad) << "no such command";
  other = v4;
  other[15] = 4;
  EXPECT_EQ(parse(other).state, State::bad) << "too short for its addresses";
  other = v4;
  other[14] = 0x7f;
  EXPECT_EQ(parse(other).state, State::bad) << "longer than any";
}

TEST(AddressRange, HoldsItsNetworkAndNoOther) {
  const auto ten = AddressRange::parse("10.0.0.0/8");
  ASSERT_TRUE(ten);
  EXPECT_TRUE(ten->holds("10.200.3.4:1"));
  EXPECT_TRUE(ten->holds("[::ffff:10.1.2.3]:1"));
  EXPECT_FALSE(ten->holds("11.0.0.1:1"));
  EXPECT_FALSE(ten->holds("[2001:db8::1]:1"));
  const auto odd = AddressRange::parse("192.168.4.0/22");
  ASSERT_TRUE(odd);
  EXPECT_TRUE(odd->holds("192.168.7.255:1"));
  EXPECT_FALSE(odd->holds("192.168.8.0:1"));
  const auto one = AddressRange::parse("2001:db8::7");
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->holds("[2001:db8::7]:1"));
  EXPECT_FALSE(one->holds("[2001:db8::8]:1"));
  for (const char* text : {"", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8x", "localhost"})
    EXPECT_FALSE(AddressRange::parse(text)) << text;
}

// A door on loopback, and connections that a balancer there has passed on.
struct DoorWithBalancer : testing::Test {
  void SetUp() override {
    options.proxy_trusted = {"127.0.0.1"};
    options.limit_loopback = true;
    options.limits.connections_per_ip_count = 1;
    limits.emplace(options);
    auto context = TlsContext::server(options, "");
    ASSERT_TRUE(context);
    session_metrics.emplace(metrics);
    door.emplace(reactor, options, *context, *session_metrics, &*limits);
    ASSERT_TRUE(door->listen("127.0.0.1", 0, Listener::Sharing::alone));
  }
  int connect() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(door->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  // Turns the door until somebody has come in, or it was asked often enough.
  std::vector<Accepted> arrivals() {
    for (int turn = 0; turn < 200; ++turn) {
      reactor.wait(5'000'000, [] { return false; });
      if (auto taken = door->take(); !taken.empty()) return taken;
    }
    return {};
  }
  static void say(int fd, std::string_view text) {
    ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  FeedOptions options;
  Metrics metrics;
  Reactor reactor;
  std::optional<ConnectionLimits> limits;
  std::optional<SessionMetrics> session_metrics;
  std::optional<Door> door;
};

TEST_F(DoorWithBalancer, AdmitsTheClientThatTheHeaderNamesAndLeavesTheRestToTls) {
  const int fd = connect();
  say(fd, v4.substr(0, 20));
  reactor.wait(20'000'000, [] { return false; });
  EXPECT_TRUE(door->take().empty()) << "half a header";
  say(fd, v4.substr(20) + "hello");
  const auto taken = arrivals();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken.front().peer, "203.0.113.7:51234");
  char rest[8] = "";
  EXPECT_EQ(::recv(taken.front().fd, rest, sizeof rest, 0), 5);
  EXPECT_STREQ(rest, "hello");
  ::close(taken.front().fd);
  ::close(fd);
}

TEST_F(DoorWithBalancer, CountsByTheClientsAddressNotByTheBalancers) {
  const int first = connect();
  say(first, v4);
  const auto one = arrivals();
  ASSERT_EQ(one.size(), 1u);
  std::string other = v4;
  other[19] = 8;  // 203.0.113.8
  const int second = connect();
  say(second, other);
  const auto two = arrivals();
  ASSERT_EQ(two.size(), 1u) << "another address has its own limit";
  const int third = connect();
  say(third, v4);
  char byte = 0;
  while (session_metrics->refused_count.value() == 0) {
    reactor.wait(5'000'000, [] { return false; });
    ASSERT_TRUE(door->take().empty()) << "a second one of 203.0.113.7";
  }
  EXPECT_LE(::recv(third, &byte, 1, 0), 0);
  for (const int fd : {one.front().fd, two.front().fd, first, second, third}) ::close(fd);
}

TEST_F(DoorWithBalancer, CutsWhoSaysSomethingElse) {
  const int fd = connect();
  say(fd, "GET / HTTP/1.1\r\n\r\n");
  while (session_metrics->refused_proxy.value() == 0) {
    reactor.wait(5'000'000, [] { return false; });
    ASSERT_TRUE(door->take().empty());
  }
  char byte = 0;
  EXPECT_LE(::recv(fd, &byte, 1, 0), 0);
  ::close(fd);
}

}  // namespace
}  // namespace bourse
