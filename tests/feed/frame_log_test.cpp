// The shared frames of the last moments: what is still there is whole, what is not is known.
#include "feed/market/frame_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "feed/net/outbox.h"  // ws_header_bytes, ws_frame_bytes

namespace bourse {
namespace {

constexpr std::size_t capacity_bytes = 256 << 10;

std::vector<std::byte> payload(std::uint64_t position, std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(i * 31 + position);
  return out;
}

TEST(FrameLog, StartsEmpty) {
  const FrameLog frames(capacity_bytes);
  EXPECT_EQ(frames.oldest(), 0u);
  EXPECT_EQ(frames.head(), 0u);
}

TEST(FrameLog, EveryFrameFromOldestToHeadIsWhole) {
  constexpr std::uint64_t seed = 11;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  FrameLog frames(capacity_bytes);
  std::deque<std::size_t> sizes;  // of all frames ever
  for (std::uint64_t position = 0; position < 30000; ++position) {
    const std::size_t bytes = random() % 64 == 0 ? 1 + random() % 65536 : 1 + random() % 400;
    sizes.push_back(bytes);
    FrameEntry entry{};
    entry.stream_id = static_cast<std::uint32_t>(position);
    entry.first_seq = entry.last_seq = position;
    frames.append(entry, payload(position, bytes));
    ASSERT_EQ(frames.head(), position + 1);
    ASSERT_LT(frames.oldest(), frames.head());
    // The ends and one in the middle.
    for (const std::uint64_t at :
         {frames.oldest(), (frames.oldest() + frames.head()) / 2, position}) {
      const auto frame = frames.bytes(at);
      ASSERT_EQ(frames.entry(at).stream_id, at);
      ASSERT_EQ(ws_frame_bytes(frame.data()), frame.size());
      ASSERT_EQ(ws_header_bytes(frame.data()), frames.entry(at).ws_header_bytes);
      const auto wanted = payload(at, sizes[at]);
      const auto got = frame.subspan(frames.entry(at).ws_header_bytes);
      ASSERT_TRUE(std::equal(got.begin(), got.end(), wanted.begin(), wanted.end())) << at;
    }
  }
  EXPECT_GT(frames.oldest(), 25000u);
}

TEST(FrameLog, SmallFramesAreLimitedByTheirNumber) {
  FrameLog frames(capacity_bytes);
  for (std::uint64_t position = 0; position < 10000; ++position) {
    frames.append(FrameEntry{}, payload(position, 8));
  }
  EXPECT_EQ(frames.head() - frames.oldest(), capacity_bytes / 128);
}

}  // namespace
}  // namespace bourse
