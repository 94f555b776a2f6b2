#include "matching/spsc_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace bourse {
namespace {

// Larger than a word, so that a slot read too early or reused too soon is seen as torn.
struct Item {
  std::uint64_t words[20];
};

void push_and_pop(std::size_t capacity, std::uint64_t count) {
  auto [writer, reader] = SpscRing<Item>::make(capacity);
  std::jthread pushing([&writer, count] {
    for (std::uint64_t i = 1; i <= count; ++i) {
      Item item;
      for (std::uint64_t& word : item.words) word = i;
      while (!writer.try_push(item)) std::this_thread::yield();
    }
  });
  std::uint64_t torn = 0;
  Item item{};
  for (std::uint64_t i = 1; i <= count; ++i) {
    while (!reader.try_pop(item)) std::this_thread::yield();
    for (const std::uint64_t word : item.words) torn += word != i;
  }
  EXPECT_EQ(torn, 0u);
  EXPECT_FALSE(reader.try_pop(item));
}

// Every hand-over costs a turn of the scheduler on a busy machine; sanitizers see in few what they
// see in many.
constexpr std::uint64_t scale = BOURSE_SANITIZED ? 1 : 10;

TEST(SpscRingStress, MillionsOfItemsArriveWholeAndInOrder) { push_and_pop(1024, scale * 300'000); }

TEST(SpscRingStress, ARingOfOneSlotHandsOverEachItem) { push_and_pop(1, scale * 500); }

TEST(SpscRingStress, ASmallRingIsOftenFullAndOftenEmpty) { push_and_pop(4, scale * 2'000); }

}  // namespace
}  // namespace bourse
