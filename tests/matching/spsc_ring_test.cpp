#include "matching/spsc_ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <type_traits>

#include "matching/command.h"  // Command

namespace bourse {
namespace {

using Ring = SpscRing<std::uint64_t>;

static_assert(!std::is_copy_constructible_v<Ring::Writer>);
static_assert(!std::is_copy_constructible_v<Ring::Reader>);
static_assert(std::is_nothrow_move_constructible_v<SpscRing<Command>::Writer>);
static_assert(std::is_nothrow_move_assignable_v<SpscRing<Command>::Reader>);

TEST(SpscRing, GivesBackInOrderWhatWasPushed) {
  auto [writer, reader] = Ring::make(8);
  std::uint64_t item = 0;
  EXPECT_FALSE(reader.try_pop(item));
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(writer.try_push(2 * i));
    ASSERT_TRUE(writer.try_push(2 * i + 1));
    ASSERT_TRUE(reader.try_pop(item));
    EXPECT_EQ(item, 2 * i);
    ASSERT_NE(reader.front(), nullptr);
    EXPECT_EQ(*reader.front(), 2 * i + 1);
    reader.pop();
    EXPECT_EQ(reader.front(), nullptr);
  }
}

TEST(SpscRing, UsesEverySlotAndThenSaysFull) {
  for (std::size_t capacity : {1u, 2u, 16u}) {
    auto [writer, reader] = Ring::make(capacity);
    EXPECT_EQ(writer.capacity(), capacity);
    std::uint64_t next = 0;
    std::uint64_t item = 0;
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < capacity; ++i) EXPECT_TRUE(writer.try_push(next++));
      EXPECT_FALSE(writer.try_push(next));
      EXPECT_EQ(writer.size_approx(), capacity);
      EXPECT_EQ(reader.size_approx(), capacity);
      for (std::size_t i = 0; i < capacity; ++i) {
        ASSERT_TRUE(reader.try_pop(item));
        EXPECT_EQ(item, next - capacity + i);
      }
      EXPECT_FALSE(reader.try_pop(item));
    }
    EXPECT_EQ(reader.popped_approx(), 3 * capacity);
  }
}

TEST(SpscRing, TheLastEndFreesTheMemory) {
  std::optional<Ring::Reader> kept;
  {
    auto [writer, reader] = Ring::make(4);
    ASSERT_TRUE(writer.try_push(7));
    kept.emplace(std::move(reader));
  }
  std::uint64_t item = 0;
  ASSERT_TRUE(kept->try_pop(item));
  EXPECT_EQ(item, 7u);
  EXPECT_FALSE(kept->try_pop(item));
}

TEST(SpscRing, AMovedEndGoesOnWhereItStood) {
  auto [first, reader] = Ring::make(4);
  ASSERT_TRUE(first.try_push(1));
  auto second = std::move(first);
  ASSERT_TRUE(second.try_push(2));
  auto other = Ring::make(2);
  other.first = std::move(second);
  ASSERT_TRUE(other.first.try_push(3));
  std::uint64_t item = 0;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(reader.try_pop(item));
    EXPECT_EQ(item, i);
  }
}

TEST(SpscRingDeathTest, CapacityIsAPowerOfTwo) {
  EXPECT_DEATH(static_cast<void>(Ring::make(0)), "CHECK failed");
  EXPECT_DEATH(static_cast<void>(Ring::make(12)), "CHECK failed");
}

}  // namespace
}  // namespace bourse
