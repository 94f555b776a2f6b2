#include "matching/id_table.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <unordered_map>
#include <vector>

namespace bourse {
namespace {

// A table and the ids of the handles, which the order pool keeps in the engine.
class Ids {
 public:
  explicit Ids(std::uint32_t entries_max) : table(entries_max), ids(entries_max) {}
  Handle find(std::uint64_t id) const { return table.find(OrderId{id}, id_of()); }
  void insert(std::uint64_t id, Handle handle) {
    ids[handle] = id;
    table.insert(OrderId{id}, handle, id_of());
  }
  std::function<OrderId(Handle)> id_of() const {
    return [this](Handle handle) { return OrderId{ids[handle]}; };
  }
  void erase(std::uint64_t id) { table.erase(OrderId{id}, find(id)); }

  IdTable table;
  std::vector<std::uint64_t> ids;
};

TEST(IdTable, AnIdIsFoundUntilItIsErased) {
  Ids ids(8);
  EXPECT_EQ(ids.find(42), no_handle);
  ids.insert(42, 3);
  EXPECT_EQ(ids.find(42), 3u);
  EXPECT_EQ(ids.find(43), no_handle);
  ids.erase(42);
  EXPECT_EQ(ids.find(42), no_handle);
  EXPECT_EQ(ids.table.entry_count(), 0u);
}

TEST(IdTable, ItFollowsTheNumberOfOpenOrders) {
  Ids ids(1u << 16);
  const std::uint32_t small = ids.table.bucket_count();
  for (std::uint64_t id = 1; id <= 100'000; ++id) {
    ids.insert(id, static_cast<Handle>(id % 100));
    if (id >= 100) ids.erase(id - 99);
  }
  EXPECT_EQ(ids.table.bucket_count(), small);  // a thousand ids came and went, few were there
  for (std::uint64_t id = 200'000; id < 230'000; ++id) {
    ids.insert(id, static_cast<Handle>(id - 200'000 + 100));
  }
  EXPECT_EQ(ids.table.bucket_count(), 4 * small);
  for (std::uint64_t id = 200'000; id < 230'000; ++id) ASSERT_NE(ids.find(id), no_handle);
}

TEST(IdTable, EveryIdIsFoundWhileTheTableMovesHouse) {
  Ids ids(1u << 16);
  bool has_moved = false;
  for (std::uint64_t id = 1; id <= 40'000; ++id) {
    ids.insert(id, static_cast<Handle>(id));
    if (!ids.table.is_moving()) continue;
    has_moved = true;
    for (std::uint64_t known = 1; known <= id; known += 1 + id / 64) {
      ASSERT_EQ(ids.find(known), known);
    }
    if (id % 3 != 0) continue;
    ids.erase(id / 3);
    ASSERT_EQ(ids.find(id / 3), no_handle);
    ids.insert(id / 3, static_cast<Handle>(id / 3));
  }
  EXPECT_TRUE(has_moved);
}

// The bits of the hash that an entry has beside its bucket's choose its next bucket, until they are
// used up.
TEST(IdTable, AHugeTableMovesHouseToo) {
  constexpr std::uint32_t count = 4'500'000;
  Ids ids(1u << 23);
  const auto id_at = [](std::uint32_t i) { return i * 0xd6e8feb86659fd93u + 1; };
  for (std::uint32_t i = 0; i < count; ++i) ids.insert(id_at(i), i);
  EXPECT_GT(ids.table.bucket_count(), 1u << 19);
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_EQ(ids.find(id_at(i)), i);
}

TEST(IdTable, IdsThatShareTheirLowHalfAreToldApart) {
  Ids ids(8);
  const std::uint64_t high = std::uint64_t{1} << 32;
  ids.insert(5, 0);
  ids.insert(5 + high, 1);
  ids.insert(5 + 2 * high, 2);
  EXPECT_EQ(ids.find(5 + high), 1u);
  ids.erase(5);
  EXPECT_EQ(ids.find(5 + high), 1u);
  EXPECT_EQ(ids.find(5 + 2 * high), 2u);
  EXPECT_EQ(ids.find(5), no_handle);
}

TEST(IdTable, ErasingLeavesNoGapInAnyProbe) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::uint32_t entries_max = 256;
  Ids ids(entries_max);
  std::unordered_map<std::uint64_t, Handle> twin;
  std::vector<Handle> free;
  for (Handle h = 0; h < entries_max; ++h) free.push_back(h);
  std::uint64_t next_id = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (!free.empty() && random() % 2 == 0) {
      const std::uint64_t id = random() % 4 == 0 ? random() : next_id++;
      if (twin.contains(id)) continue;
      ids.insert(id, free.back());
      twin[id] = free.back();
      free.pop_back();
    } else if (!twin.empty()) {
      const auto victim = twin.begin();
      ids.erase(victim->first);
      free.push_back(victim->second);
      twin.erase(victim);
    }
    if (i % 100 == 0) {
      for (const auto& [id, handle] : twin) ASSERT_EQ(ids.find(id), handle);
    }
    ASSERT_EQ(ids.table.entry_count(), twin.size());
  }
}

}  // namespace
}  // namespace bourse
