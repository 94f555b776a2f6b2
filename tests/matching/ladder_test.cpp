#include "matching/ladder.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <vector>

namespace bourse {
namespace {

constexpr std::uint64_t key_max = std::numeric_limits<std::uint64_t>::max();

class LadderTest : public ::testing::Test {
 protected:
  Handle add(std::uint64_t key) {
    const Handle level = ladder.find_or_insert(memory, key).level;
    EXPECT_TRUE(ladder.consistent(memory));
    return level;
  }
  void remove(std::uint64_t key) {
    ladder.erase(memory, ladder.find(memory, key));
    EXPECT_TRUE(ladder.consistent(memory));
  }
  std::vector<std::uint64_t> keys() const {
    std::vector<std::uint64_t> all;
    for (Handle at = ladder.best(); at != no_handle; at = ladder.next_worse(memory, at)) {
      all.push_back(memory.levels[at].key);
    }
    return all;
  }
  using Keys = std::vector<std::uint64_t>;

  LadderMemory memory{1000};
  Ladder ladder;
};

TEST_F(LadderTest, AnEmptyLadderHasNoBestAndFindsNothing) {
  EXPECT_EQ(ladder.best(), no_handle);
  EXPECT_EQ(ladder.find(memory, 0), no_handle);
  EXPECT_TRUE(ladder.consistent(memory));
}

TEST_F(LadderTest, TheHighestKeyIsTheBestAndTheOthersFollow) {
  for (const std::uint64_t key : {50U, 10U, 90U, 70U, 30U}) add(key);
  EXPECT_EQ(keys(), (Keys{90, 70, 50, 30, 10}));
}

TEST_F(LadderTest, InsertingAKeyTwiceFindsTheSameLevel) {
  EXPECT_EQ(add(5), add(5));
  add(6);
  EXPECT_EQ(add(5), ladder.find(memory, 5));
  EXPECT_EQ(memory.levels.live_count(), 2u);
}

TEST_F(LadderTest, WhenTheBestGoesTheNextOneIsBest) {
  for (const std::uint64_t key : {10U, 20U, 30U}) add(key);
  remove(30);
  EXPECT_EQ(keys(), (Keys{20, 10}));
  remove(10);
  remove(20);
  EXPECT_EQ(ladder.best(), no_handle);
}

TEST_F(LadderTest, KeysAtBothEndsOfTheWorldLiveTogether) {
  for (const std::uint64_t key : {std::uint64_t{0}, key_max, std::uint64_t{1} << 63, key_max - 1,
                                  std::uint64_t{1}, std::uint64_t{63}, std::uint64_t{64}}) {
    add(key);
  }
  EXPECT_EQ(keys(), (Keys{key_max, key_max - 1, std::uint64_t{1} << 63, 64, 63, 1, 0}));
  EXPECT_EQ(ladder.find(memory, 2), no_handle);
  EXPECT_EQ(ladder.find(memory, std::uint64_t{1} << 62), no_handle);
  remove(std::uint64_t{1} << 63);
  EXPECT_EQ(keys(), (Keys{key_max, key_max - 1, 64, 63, 1, 0}));
}

TEST_F(LadderTest, NodesAreFewerThanLevelsAndComeBackWhenLevelsGo) {
  for (std::uint64_t i = 0; i < 500; ++i) add(i << 40);
  EXPECT_LT(memory.nodes.live_count(), memory.levels.live_count());
  for (std::uint64_t i = 0; i < 500; ++i) remove(i << 40);
  EXPECT_EQ(memory.nodes.live_count(), 0u);
  EXPECT_EQ(memory.levels.live_count(), 0u);
  for (std::uint64_t i = 0; i < 1000; ++i) add(i * 3 + 7);  // all the memory again
  EXPECT_EQ(keys().size(), 1000u);
}

TEST_F(LadderTest, OneLevelNeedsNoNode) {
  add(12345);
  EXPECT_EQ(memory.nodes.live_count(), 0u);
  add(12346);
  EXPECT_EQ(memory.nodes.live_count(), 1u);
}

TEST_F(LadderTest, ANodeWaitsForItsLevelsToComeBackWhileThereAreNoMoreNodesThanLevels) {
  add(12345);
  for (int round = 0; round < 3; ++round) {
    add(12346);
    remove(12346);
    EXPECT_EQ(memory.nodes.live_count(), 1u);
  }
  // A second node below the first would be one more than the level that is left.
  add(12345 + (1u << 12));
  remove(12345 + (1u << 12));
  EXPECT_EQ(memory.nodes.live_count(), 1u);
  remove(12345);
  EXPECT_EQ(memory.nodes.live_count(), 0u);
}

// Each round adds a level next to the first one and takes it away again: every node that stays has
// one child.
TEST_F(LadderTest, NodesAreNeverMoreThanTwoForEachLevelThatThereMayBe) {
  for (std::uint64_t i = 0; i < 900; ++i) {
    add(i << 32);
    for (const unsigned shift : {30u, 24u, 18u, 12u, 6u, 0u}) {
      const std::uint64_t near = (i << 32) + (std::uint64_t{1} << shift);
      ladder.find_or_insert(memory, near);
      ladder.erase(memory, ladder.find(memory, near));
      ASSERT_LE(memory.nodes.live_count(), 2 * memory.levels.live_count());
    }
  }
  EXPECT_TRUE(ladder.consistent(memory));
  EXPECT_GT(memory.nodes.live_count(), memory.levels.live_count() / 2);
}

TEST_F(LadderTest, TwoLaddersShareTheMemoryAndNothingElse) {
  Ladder other;
  add(10);
  other.find_or_insert(memory, 10);
  other.find_or_insert(memory, 11);
  EXPECT_EQ(keys(), (Keys{10}));
  remove(10);
  EXPECT_TRUE(other.consistent(memory));
  EXPECT_EQ(memory.levels[other.best()].key, 11u);
}

TEST_F(LadderTest, RandomKeysBehaveLikeASortedMap) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::uint64_t, Handle, std::greater<>> twin;
  for (int i = 0; i < 50'000; ++i) {
    // Near together, or far apart, or anywhere.
    std::uint64_t key = random() % 200;
    if (i % 3 == 1) key = (key << (random() % 56)) + random() % 4;
    if (i % 30 == 2) key = random();
    if (twin.size() < 900 && random() % 100 < (i / 5000 % 2 == 0 ? 70u : 30u)) {
      const Handle level = ladder.find_or_insert(memory, key).level;
      ASSERT_EQ(memory.levels[level].key, key);
      twin[key] = level;
    } else if (!twin.empty()) {
      auto victim = twin.lower_bound(key);
      if (victim == twin.end()) victim = twin.begin();
      ladder.erase(memory, victim->second);
      twin.erase(victim);
    }
    ASSERT_EQ(ladder.best(), twin.empty() ? no_handle : twin.begin()->second);
    const auto found = twin.find(key);
    ASSERT_EQ(ladder.find(memory, key), found == twin.end() ? no_handle : found->second);
    if (i % 500 == 0) {
      ASSERT_TRUE(ladder.consistent(memory));
      Keys expected;
      for (const auto& [k, level] : twin) expected.push_back(k);
      ASSERT_EQ(keys(), expected);
    }
  }
}

}  // namespace
}  // namespace bourse
