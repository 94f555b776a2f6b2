// The memory orders of SpscRing, by trying everything that the C++ memory model allows.
#include "matching/spsc_ring.h"

#include <gtest/gtest.h>

#include "tests/matching/memory_model.h"  // Explorer, ModelCell

namespace bourse {
namespace {

using model::Explorer;
using model::Kind;
using model::ModelCell;
using model::Mutation;
using Ring = SpscRing<ModelCell, model::Memory>;

// Places, in the order in which a ring makes its atomics.
constexpr std::size_t pushed = 0;
constexpr std::size_t popped = 1;

struct Bounds {
  std::size_t capacity;
  int push_attempts;
  int pop_attempts;
};

Explorer explorer_of(Bounds bounds, std::optional<Mutation> mutation = std::nullopt) {
  // Pushes 1, 2, 3, ... each as soon as there is room.
  const auto writer = [bounds] {
    auto [ring, unused] = Ring::make(bounds.capacity);
    std::uint64_t next = 1;
    for (int i = 0; i < bounds.push_attempts; ++i) {
      if (ring.try_push(ModelCell(next))) ++next;
    }
    return next > bounds.capacity || next > static_cast<std::uint64_t>(bounds.push_attempts);
  };
  // Must see 1, 2, 3, ... and nothing else.
  const auto reader = [bounds] {
    auto [unused, ring] = Ring::make(bounds.capacity);
    std::uint64_t expected = 1;
    for (int i = 0; i < bounds.pop_attempts; ++i) {
      const ModelCell* const item = ring.front();
      if (item == nullptr) continue;
      if (item->read() != expected++) return false;
      ring.pop();
    }
    return true;
  };
  return Explorer(writer, reader, mutation);
}

TEST(SpscRingModel, NoInterleavingAndNoAllowedReorderingBreaksIt) {
  for (const Bounds bounds : {Bounds{1, 4, 4}, Bounds{2, 4, 5}, Bounds{4, 6, 3}}) {
    Explorer explorer = explorer_of(bounds);
    EXPECT_EQ(explorer.explore(), "") << "capacity " << bounds.capacity;
    EXPECT_GT(explorer.state_count(), 500u) << "too few to mean anything";
    EXPECT_GT(explorer.end_count(), 1u);
  }
}

TEST(SpscRingModel, EachOfItsFourOrdersIsNeeded) {
  for (const Mutation mutation : {Mutation{Kind::store, pushed}, Mutation{Kind::load, pushed},
                                  Mutation{Kind::store, popped}, Mutation{Kind::load, popped}}) {
    Explorer explorer = explorer_of({1, 4, 4}, mutation);
    EXPECT_NE(explorer.explore(), "") << "place " << mutation.place;
  }
}

}  // namespace
}  // namespace bourse
