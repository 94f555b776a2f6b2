#include "feed/net/egress.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "tests/feed/echo_stage.h"  // EchoServer
#include "tests/feed/raw_peer.h"    // RawPeer

namespace bourse {
namespace {

using namespace std::chrono_literals;

// Reads the messages of a flood from number `begin` on to `end`: each once and in order.
void expect_numbers(RawPeer& peer, std::uint64_t begin, std::uint64_t end) {
  RawPeer::Frame frame;
  for (std::uint64_t number = begin; number < end; ++number) {
    ASSERT_TRUE(peer.next(frame)) << "after " << number << " messages";
    std::uint64_t got = 0;
    std::memcpy(&got, frame.payload.data(), sizeof got);
    ASSERT_EQ(got, number);
  }
}

TEST(SlowReader, PongsDuringAFloodNeverLandInsideAFrame) {
  EchoServer server;
  RawPeer peer(server.port());
  ASSERT_TRUE(peer.handshake() && peer.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(peer.next(frame));
  // Frames longer than a TLS record, so that most records end inside one.
  constexpr std::uint64_t messages = 600;
  constexpr std::size_t bytes = 40'001;
  ASSERT_TRUE(peer.send(RawPeer::frame(0x81, "flood 600 40001")));
  std::uint64_t number = 0;
  unsigned pings = 0, pongs = 0;
  while (number < messages) {
    if (number % 3 == 0 && pings < number) {
      ++pings;
      ASSERT_TRUE(peer.send(RawPeer::frame(0x89, "p" + std::to_string(pings))));
    }
    ASSERT_TRUE(peer.next(frame));
    if (frame.first == 0x8a) {
      ++pongs;
      EXPECT_EQ(frame.payload, "p" + std::to_string(pongs));
      continue;
    }
    ASSERT_EQ(frame.first, 0x82u) << "after message " << number;
    ASSERT_EQ(frame.payload.size(), bytes);
    std::uint64_t got = 0;
    std::memcpy(&got, frame.payload.data(), sizeof got);
    ASSERT_EQ(got, number);
    ++number;
  }
  while (pongs < pings) {
    ASSERT_TRUE(peer.next(frame));
    ASSERT_EQ(frame.first, 0x8au);
    ++pongs;
  }
  EXPECT_GT(pings, 100u);
}

TEST(SlowReader, APeerThatPingsAndDoesNotReadGetsWholeFramesAndItsLastPong) {
  EchoServer server;
  RawPeer peer(server.port(), 8192);
  ASSERT_TRUE(peer.handshake() && peer.upgrade());
  ASSERT_TRUE(peer.send(RawPeer::frame(0x81, "flood 20000 1000")));
  std::string pings;
  constexpr int count = 3000;
  for (int i = 0; i < count; ++i)
    pings += RawPeer::frame(0x89, "ping " + std::to_string(i) + std::string(100, '.'));
  ASSERT_TRUE(peer.send(pings));
  RawPeer::Frame frame;
  std::string last_pong;
  std::uint64_t messages = 0;
  while (messages < 20'000 || !last_pong.starts_with("ping " + std::to_string(count - 1))) {
    ASSERT_TRUE(peer.next(frame)) << messages << " messages, last pong " << last_pong;
    if (frame.first == 0x8a)
      last_pong = frame.payload;
    else
      messages += frame.first == 0x82;
    ASSERT_TRUE(frame.first == 0x8a || frame.first == 0x82 || frame.first == 0x81) << frame.first;
  }
}

TEST(SlowReader, AReaderThatStopsDoesNotBlockOthersAndLosesNothing) {
  EchoServer server;
  RawPeer slow(server.port(), 8192);
  ASSERT_TRUE(slow.handshake() && slow.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(slow.next(frame));
  ASSERT_TRUE(slow.send(RawPeer::frame(0x81, "flood 20000 1000")));
  auto healthy = FeedClient::connect(server.client());
  ASSERT_TRUE(healthy);
  ASSERT_TRUE((*healthy)->next(10s));  // the greeting
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE((*healthy)->send_text("still here"));
    auto answer = (*healthy)->next(10s);
    ASSERT_TRUE(answer && *answer);
    ASSERT_EQ((*answer)->text(), "still here");
  }
  expect_numbers(slow, 0, 20'000);
}

// What waits for it fits one record, so nothing is left over that would call for another turn.
TEST(SlowReader, AReaderThatStopsGetsTheRestAlsoIfNothingElseHappens) {
  EchoServer server;
  RawPeer slow(server.port(), 8192);
  ASSERT_TRUE(slow.handshake() && slow.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(slow.next(frame));
  ASSERT_TRUE(slow.send(RawPeer::frame(0x81, "flood 40000 1000 4000")));
  for (std::uint64_t number = 0; number < 40'000; number += 4000) {
    std::this_thread::sleep_for(20ms);
    ASSERT_NO_FATAL_FAILURE(expect_numbers(slow, number, number + 4000));
  }
}

TEST(SlowReader, AReaderThatTakesALittleNowAndThenIsNotCut) {
  FeedOptions given;
  given.limits.no_progress_ms = 1000;
  EchoServer server(given);
  RawPeer slow(server.port(), 8192);
  ASSERT_TRUE(slow.handshake() && slow.upgrade());
  RawPeer::Frame frame;
  ASSERT_TRUE(slow.next(frame));
  ASSERT_TRUE(slow.send(RawPeer::frame(0x81, "flood 20000 1000")));
  for (std::uint64_t number = 0; number < 80; ++number) {
    std::this_thread::sleep_for(50ms);
    ASSERT_NO_FATAL_FAILURE(expect_numbers(slow, number, number + 1));
  }
  expect_numbers(slow, 80, 20'000);
}

TEST(SlowReader, AReaderThatTakesNothingIsCutWhenTimeIsUp) {
  FeedOptions given;
  given.limits.no_progress_ms = 500;
  EchoServer server(given);
  RawPeer stuck(server.port(), 8192);
  ASSERT_TRUE(stuck.handshake() && stuck.upgrade());
  ASSERT_TRUE(stuck.send(RawPeer::frame(0x81, "flood 20000 1000")));
  // The reset tells: what the kernel still held for us is thrown away.
  pollfd one{stuck.fd(), POLLHUP, 0};
  EXPECT_EQ(::poll(&one, 1, RawPeer::patience_ms), 1);
  server.stop();
  EXPECT_EQ(server.metric("bourse_sessions_ended_total{reason=\"no_progress\"}"), "1");
}

}  // namespace
}  // namespace bourse
