#include "matching/id_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <unordered_map>
#include <vector>

namespace bourse {
namespace {

// A table and the ids of the handles, which the order pool keeps in the engine.
class Ids {
 public:
  explicit Ids(std::uint32_t entries_max) : table(entries_max), ids(entries_max) {}
  Handle find(std::uint64_t id) const {
    return table.find(OrderId{id}, [&](Handle handle) { return ids[handle] == id; });
  }
  void insert(std::uint64_t id, Handle handle) {
    ids[handle] = id;
    table.insert(OrderId{id}, handle);
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

TEST(IdTable, AtMostHalfOfTheSlotsAreEverUsed) {
  for (const std::uint32_t entries_max : {1u, 8u, 100u, 1000u}) {
    EXPECT_GE(IdTable(entries_max).slot_count(), 2 * entries_max);
  }
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
  constexpr std::uint32_t entries_max = 256;  // full: the hardest table
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

TEST(IdTable, ALongRowOfConsecutiveIdsIsNoLongRowOfSlots) {
  // Old orders that rest in one block of ids must not stand in the way of ids that come around to
  // the same place of the table later.
  constexpr std::uint32_t entries_max = 1u << 16;
  Ids ids(entries_max);
  for (std::uint32_t id = 0; id < entries_max; ++id) ids.insert(id, id);
  std::uint64_t probe_count = 0;
  std::uint32_t probe_count_most = 0;
  constexpr std::uint64_t searches = 100'000;
  for (std::uint64_t i = 0; i < searches; ++i) {
    const std::uint32_t count = ids.table.probe_count(OrderId{entries_max + i});
    probe_count += count;
    probe_count_most = std::max(probe_count_most, count);
  }
  EXPECT_LT(probe_count / searches, 16u);  // the table is as full as it can be
  EXPECT_LT(probe_count_most, 400u);
}

}  // namespace
}  // namespace bourse
