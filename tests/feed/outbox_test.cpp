// The outbox: whole messages in, any number of bytes out.
#include "feed/net/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace bourse {
namespace {

std::vector<std::byte> payload(std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(i * 7 + bytes);
  return out;
}

std::vector<std::byte> taken(Outbox& out, std::size_t bytes_max) {
  const auto part = out.front(bytes_max);
  std::vector<std::byte> copy(part.begin(), part.end());
  out.consume(part.size());
  return copy;
}

TEST(Outbox, HeadersAreThoseOfTheWebsocketProtocol) {
  std::byte header[ws_header_bytes_max];
  EXPECT_EQ(write_ws_header(WsOpcode::text, 5, header), 2u);
  EXPECT_EQ(header[0], std::byte{0x81});
  EXPECT_EQ(header[1], std::byte{5});
  EXPECT_EQ(write_ws_header(WsOpcode::binary, 125, header), 2u);
  EXPECT_EQ(write_ws_header(WsOpcode::binary, 126, header), 4u);
  EXPECT_EQ(header[0], std::byte{0x82});
  EXPECT_EQ(header[1], std::byte{126});
  EXPECT_EQ(header[2], std::byte{0});
  EXPECT_EQ(header[3], std::byte{126});
  EXPECT_EQ(write_ws_header(WsOpcode::binary, 65535, header), 4u);
  EXPECT_EQ(write_ws_header(WsOpcode::binary, 65536, header), 10u);
  EXPECT_EQ(header[1], std::byte{127});
  EXPECT_EQ(header[7], std::byte{1});
  for (const std::size_t bytes : {0u, 1u, 125u, 126u, 65535u, 65536u, 100000u}) {
    const std::size_t length = write_ws_header(WsOpcode::binary, bytes, header);
    EXPECT_EQ(ws_header_bytes(header), length);
    EXPECT_EQ(ws_frame_bytes(header), length + bytes);
  }
}

TEST(Outbox, FrontEndsWithAFrameWhereOneEnds) {
  Outbox out;
  out.append_binary(payload(100));  // 102 bytes
  out.append_binary(payload(200));  // 204 bytes
  EXPECT_EQ(out.front(101).size(), 101u);
  EXPECT_EQ(out.front(102).size(), 102u);
  EXPECT_EQ(out.front(305).size(), 102u);
  EXPECT_EQ(out.front(306).size(), 306u);
  EXPECT_EQ(out.front(1000).size(), 306u);
}

TEST(Outbox, ItKnowsWhetherItStandsInsideOfAFrame) {
  Outbox out;
  out.append_binary(payload(100));
  out.append_binary(payload(200));
  out.consume(1);
  EXPECT_EQ(out.frame_left_bytes(), 101u);
  EXPECT_EQ(out.front(150).size(), 101u);
  out.consume(101);
  EXPECT_EQ(out.frame_left_bytes(), 0u);
  out.consume(204);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(out.consumed_bytes(), 306u);
}

TEST(Outbox, BytesComeOutAsTheyWentInWhateverTheCuts) {
  constexpr std::uint64_t seed = 7;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Outbox out;
  std::vector<std::byte> in;
  std::vector<std::byte> came;
  for (int round = 0; round < 20000; ++round) {
    if (random() % 3 != 0) {
      const std::size_t bytes = random() % 8 == 0 ? random() % 70000 : random() % 300;
      const auto message = payload(bytes);
      std::byte header[ws_header_bytes_max];
      const std::size_t length = write_ws_header(WsOpcode::binary, bytes, header);
      in.insert(in.end(), header, header + length);
      in.insert(in.end(), message.begin(), message.end());
      const auto copy = out.append_binary(message);
      ASSERT_TRUE(std::equal(copy.begin(), copy.end(), message.begin(), message.end()));
    }
    const auto part = taken(out, random() % 20000);
    came.insert(came.end(), part.begin(), part.end());
  }
  while (!out.empty()) {
    const auto part = taken(out, 16384);
    came.insert(came.end(), part.begin(), part.end());
  }
  EXPECT_EQ(came, in);
  EXPECT_EQ(out.consumed_bytes(), in.size());
}

TEST(Outbox, TheFirstRequestToCloseCounts) {
  Outbox out;
  EXPECT_FALSE(out.close_requested());
  out.request_close(4008, "slow");
  out.request_close(1000, "later");
  ASSERT_TRUE(out.close_requested());
  EXPECT_EQ(out.close_requested()->code, 4008);
  EXPECT_EQ(out.close_requested()->reason, "slow");
}

}  // namespace
}  // namespace bourse
