#include "feed/net/session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/feed/echo_stage.h"  // EchoServer
#include "tests/feed/raw_peer.h"    // RawPeer

namespace bourse {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<FeedClient> connected(const FeedClientOptions& options) {
  auto client = FeedClient::connect(options);
  if (!client) throw std::runtime_error(client.error().text());
  return std::move(*client);
}

std::string next_text(FeedClient& client) {
  auto message = client.next(10s);
  if (!message) return message.error().text();
  return *message ? std::string((*message)->text()) : "(nothing)";
}

TEST(Session, GreetsAndAnswersTextAndBinary) {
  EchoServer server;
  auto client = connected(server.client());
  EXPECT_TRUE(next_text(*client).starts_with("hello s-"));
  ASSERT_TRUE(client->send_text("tick"));
  EXPECT_EQ(next_text(*client), "tick");
  const std::string binary("\0\1\2", 3);
  ASSERT_TRUE(client->send_binary(std::as_bytes(std::span(binary))));
  auto message = client->next(10s);
  ASSERT_TRUE(message && *message);
  EXPECT_FALSE((*message)->is_text);
  EXPECT_EQ((*message)->text(), binary);
  client->close();
}

TEST(Session, KeepsTheOrderOfManyMessagesSentAtOnce) {
  EchoServer server;
  auto client = connected(server.client());
  next_text(*client);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(client->send_text(std::to_string(i)));
  for (int i = 0; i < 500; ++i) ASSERT_EQ(next_text(*client), std::to_string(i));
}

TEST(Session, AgreesOnASubprotocolOnlyIfItWasOffered) {
  EchoServer server;
  FeedClientOptions options = server.client();
  auto without = connected(options);
  EXPECT_EQ(without->subprotocol(), "");
  options.subprotocol = "chat, echo.v2, echo.v1";
  auto with = connected(options);
  EXPECT_EQ(with->subprotocol(), "echo.v2");
  options.subprotocol = "chat";
  const auto refused = FeedClient::connect(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("unsupported_subprotocol"), std::string::npos);
  EXPECT_NE(refused.error().what.find("echo.v1"), std::string::npos);
}

TEST(Session, RefusesPagesOfOtherOrigins) {
  FeedOptions given;
  given.origins_allowed = {"https://desk.example"};
  EchoServer server(given);
  FeedClientOptions options = server.client();
  options.origin = "https://evil.example";
  const auto refused = FeedClient::connect(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("403"), std::string::npos);
  options.origin = "https://127.0.0.1:" + std::to_string(server.port());
  EXPECT_TRUE(FeedClient::connect(options));
  options.origin = "https://desk.example";
  EXPECT_TRUE(FeedClient::connect(options));
}

TEST(Session, AnUpgradeOnAnUnknownPathIsNotFound) {
  EchoServer server;
  FeedClientOptions options = server.client();
  options.address.path = "/v9/nothing";
  const auto refused = FeedClient::connect(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("404"), std::string::npos);
}

TEST(Session, ATextOverTheLimitClosesWith1009) {
  EchoServer server;
  auto client = connected(server.client());
  next_text(*client);
  ASSERT_TRUE(client->send_text(std::string(64 << 10, 'a')));
  EXPECT_EQ(next_text(*client).size(), std::size_t{64} << 10);
  ASSERT_TRUE(client->send_text(std::string((64 << 10) + 1, 'a')));
  EXPECT_FALSE(client->next(10s));
  EXPECT_EQ(client->close_code(), 1009);
}

TEST(Session, TextThatIsNotUtf8ClosesWith1007) {
  EchoServer server;
  auto client = connected(server.client());
  next_text(*client);
  ASSERT_TRUE(client->send_text("\xff\xfe"));
  EXPECT_FALSE(client->next(10s));
  EXPECT_EQ(client->close_code(), 1007);
}

TEST(Session, ATextThatEndsInsideACharacterIsSeenAlsoBeforeAnEmptyFragment) {
  EchoServer server;
  for (const std::string cut : {"a\xe2", "a\xe2\x82", "\xf0\x9f\x92", "\xc3"}) {
    RawPeer peer(server.port());
    ASSERT_TRUE(peer.handshake() && peer.upgrade());
    RawPeer::Frame frame;
    ASSERT_TRUE(peer.next(frame));
    ASSERT_TRUE(peer.send(RawPeer::frame(0x01, cut) + RawPeer::frame(0x80, "")));
    ASSERT_TRUE(peer.next(frame));
    EXPECT_EQ(frame.first, 0x88u) << "closed, not delivered";
    EXPECT_EQ(frame.payload.substr(0, 2), std::string("\x03\xef", 2));
  }
  RawPeer peer(server.port());
  ASSERT_TRUE(peer.handshake() && peer.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(peer.next(frame));
  ASSERT_TRUE(peer.send(RawPeer::frame(0x01, "\xe2\x82\xac") + RawPeer::frame(0x80, "")));
  ASSERT_TRUE(peer.next(frame));
  EXPECT_EQ(frame.payload, "\xe2\x82\xac") << "a whole one is delivered";
}

TEST(Session, AnUnmaskedFrameClosesWith1002) {
  EchoServer server;
  RawPeer peer(server.port());
  ASSERT_TRUE(peer.handshake() && peer.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(peer.next(frame));
  ASSERT_TRUE(peer.send(std::string("\x81\x02hi", 4)));
  ASSERT_TRUE(peer.next(frame));
  EXPECT_EQ(frame.first, 0x88u);
  EXPECT_EQ(frame.payload.substr(0, 2), std::string("\x03\xea", 2));
  EXPECT_TRUE(peer.read_to_end());
}

TEST(Session, TheConversationsCloseComesAfterItsMessages) {
  EchoServer server;
  auto client = connected(server.client());
  next_text(*client);
  ASSERT_TRUE(client->send_text("last words"));
  ASSERT_TRUE(client->send_text("close 4001 unauthorised"));
  EXPECT_EQ(next_text(*client), "last words");
  EXPECT_FALSE(client->next(10s));
  EXPECT_EQ(client->close_code(), 4001);
  EXPECT_EQ(client->close_reason(), "unauthorised");
}

TEST(Session, APeersCloseIsAnswered) {
  EchoServer server;
  RawPeer peer(server.port());
  ASSERT_TRUE(peer.handshake() && peer.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(peer.next(frame));
  ASSERT_TRUE(peer.send(RawPeer::frame(0x88, std::string("\x03\xe8", 2) + "bye")));
  ASSERT_TRUE(peer.next(frame));
  EXPECT_EQ(frame.first, 0x88u);
  EXPECT_EQ(frame.payload.substr(0, 2), std::string("\x03\xe8", 2));
  EXPECT_TRUE(peer.read_to_end());
  server.stop();
  EXPECT_EQ(server.metric("bourse_sessions_ended_total{reason=\"closed_by_peer\"}"), "1");
}

TEST(Session, ASilentPeerIsPingedAndThenCut) {
  FeedOptions given;
  given.limits.ping_ms = 200;
  given.limits.dead_ms = 700;
  EchoServer server(given);
  auto lively = connected(server.client());
  next_text(*lively);
  std::thread reading([&] { EXPECT_FALSE(*lively->next(1500ms)); });
  RawPeer silent(server.port());
  ASSERT_TRUE(silent.handshake() && silent.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(silent.next(frame));
  ASSERT_TRUE(silent.next(frame));
  EXPECT_EQ(frame.first, 0x89u);
  EXPECT_TRUE(silent.read_to_end());
  // The other one answers its pings and lives on.
  reading.join();
  ASSERT_TRUE(lively->send_text("alive"));
  EXPECT_EQ(next_text(*lively), "alive");
  EXPECT_EQ(server.metric("bourse_sessions_ended_total{reason=\"dead\"}"), "1");
}

TEST(Session, APeerThatDoesNotFinishItsHandshakeIsCut) {
  FeedOptions given;
  given.limits.handshake_ms = 300;
  EchoServer server(given);
  RawPeer without_tls(server.port());
  ASSERT_TRUE(without_tls.connected());
  char byte = 0;
  pollfd one{without_tls.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&one, 1, RawPeer::patience_ms), 1);
  EXPECT_EQ(::recv(without_tls.fd(), &byte, 1, 0), 0);
  RawPeer without_http(server.port());
  ASSERT_TRUE(without_http.handshake());
  EXPECT_TRUE(without_http.read_to_end());
}

TEST(Session, PlainHttpIsToldThatThePortSpeaksTls) {
  EchoServer server;
  RawPeer peer(server.port());
  constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  ASSERT_EQ(::send(peer.fd(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  std::string got(4096, '\0');
  pollfd one{peer.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&one, 1, RawPeer::patience_ms), 1);
  const ssize_t n = ::recv(peer.fd(), got.data(), got.size(), 0);
  ASSERT_GT(n, 0);
  got.resize(static_cast<std::size_t>(n));
  EXPECT_NE(got.find("https://"), std::string::npos);
  const auto body = got.find("\r\n\r\n");
  EXPECT_NE(got.find("Content-Length: " + std::to_string(got.size() - body - 4)),
            std::string::npos);
}

TEST(Session, AnswersSeveralHttpRequestsOnOneConnection) {
  EchoServer server;
  RawPeer peer(server.port());
  ASSERT_TRUE(peer.handshake());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(peer.read_until("echo\n"));
    EXPECT_TRUE(peer.take(peer.got().size()).starts_with("HTTP/1.1 200 OK"));
  }
  ASSERT_TRUE(peer.send("GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(peer.read_to_end());
  EXPECT_EQ(peer.got().size() - peer.got().find("\r\n\r\n") - 4, std::size_t{1} << 20);
}

TEST(Session, WhatIsNoGoodRequestGetsAnAnswerThatSaysSo) {
  EchoServer server;
  const auto answer = [&](std::string_view request) {
    RawPeer peer(server.port());
    if (!peer.handshake() || !peer.send(request) || !peer.read_to_end()) return std::string("none");
    return peer.got().substr(0, 12);
  };
  EXPECT_EQ(answer("rubbish\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(9000, 'y') + "\r\n\r\n"),
            "HTTP/1.1 431");
  EXPECT_EQ(answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), "HTTP/1.1 413");
  EXPECT_EQ(answer("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "HTTP/1.1 426");
  EXPECT_EQ(answer("GET /no HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "HTTP/1.1 404");
}

TEST(Session, AHeadRequestGetsNoBody) {
  EchoServer server;
  RawPeer peer(server.port());
  ASSERT_TRUE(peer.handshake());
  ASSERT_TRUE(peer.send("HEAD /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(peer.read_to_end());
  EXPECT_TRUE(peer.got().ends_with("\r\n\r\n"));
}

TEST(Session, AGracefulStopSaysShutdownAndCloses) {
  EchoServer server;
  auto client = connected(server.client());
  next_text(*client);
  RawPeer never_reads(server.port(), 8192);
  ASSERT_TRUE(never_reads.handshake() && never_reads.upgrade());
  ASSERT_TRUE(never_reads.send(RawPeer::frame(0x81, "flood 20000 1000")));
  const FeedClientOptions again = server.client();
  server.loop->stop(1012);
  EXPECT_NE(next_text(*client).find("\"op\":\"shutdown\""), std::string::npos);
  EXPECT_FALSE(client->next(10s));
  EXPECT_EQ(client->close_code(), 1012);
  server.thread.join();  // ends though one client takes nothing
  EXPECT_FALSE(FeedClient::connect(again));
}

TEST(Session, AStormOfConnectionsIsServedToTheLastOne) {
  EchoServer server;
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 200; ++i) {
    peers.push_back(std::make_unique<RawPeer>(server.port()));
    ASSERT_TRUE(peers.back()->connected());
    peers.back()->wire().handshake();  // the hello is out, the answer is not awaited
  }
  for (auto& peer : peers) {
    ASSERT_TRUE(peer->handshake() && peer->upgrade());
    RawPeer::Frame frame;
    ASSERT_TRUE(peer->next(frame));
    EXPECT_TRUE(frame.payload.starts_with("hello"));
  }
}

}  // namespace
}  // namespace bourse
