#include "matching/order_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace bourse {
namespace {

class OrderQueueTest : public ::testing::Test {
 protected:
  struct Standing {
    Handle order;
    QueuePlace place;
  };

  void append(Handle order) { expected.push_back({order, queue.append(lines, order)}); }
  void erase(std::size_t index) {
    queue.erase(lines, expected[index].place);
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(index));
  }
  // The queue is what a plain list of the same orders is.
  bool agrees() const {
    if (queue.count != expected.size()) return false;
    if (!expected.empty() && queue.front(lines) != expected.front().order) return false;
    auto known = expected.begin();
    for (QueuePlace at = queue.begin(lines); at != no_place; at = OrderQueue::next(lines, at)) {
      if (known == expected.end() || known->place != at) return false;
      if (order_at(lines, at) != known->order) return false;
      ++known;
    }
    return known == expected.end();
  }

  QueueLines lines{10, 1000};
  OrderQueue queue{};
  std::vector<Standing> expected;
};

TEST_F(OrderQueueTest, OrdersLeaveFromAnywhereAndTheRestKeepTheirOrder) {
  for (Handle order = 100; order < 130; ++order) append(order);
  ASSERT_TRUE(agrees());
  for (const std::size_t index : {0u, 28u, 12u, 11u, 13u}) {
    erase(index);
    ASSERT_TRUE(agrees());
  }
}

TEST_F(OrderQueueTest, AnEmptyQueueHoldsNoLines) {
  for (Handle order = 0; order < 100; ++order) append(order);
  EXPECT_GT(lines.live_count(), 7u);
  while (!expected.empty()) erase(expected.size() / 2);
  EXPECT_EQ(lines.live_count(), 0u);
  EXPECT_EQ(queue.begin(lines), no_place);
  append(7);
  EXPECT_TRUE(agrees());
}

TEST_F(OrderQueueTest, ALineWithoutOrdersGoesBackFromTheMiddle) {
  for (Handle order = 0; order < 3 * QueueLine::slot_count; ++order) append(order);
  EXPECT_EQ(lines.live_count(), 3u);
  for (std::uint32_t i = 0; i < QueueLine::slot_count; ++i) erase(QueueLine::slot_count);
  EXPECT_EQ(lines.live_count(), 2u);
  EXPECT_TRUE(agrees());
}

TEST_F(OrderQueueTest, OrdersThatComeAndGoAtTheEndTakeNoNewLines) {
  append(1);
  for (Handle order = 2; order < 100; ++order) {
    append(order);
    EXPECT_EQ(lines.live_count(), 1u);
    erase(1);
  }
  EXPECT_TRUE(agrees());
}

TEST_F(OrderQueueTest, AQueueWithAHomeBeginsThereAndNeverGivesItAway) {
  constexpr Handle home = 3;
  std::vector<QueuePlace> places;
  for (int round = 0; round < 3; ++round) {
    for (Handle order = 0; order < 2 * QueueLine::slot_count; ++order) {
      places.push_back(queue.append(lines, order, home));
    }
    EXPECT_EQ(places.front() >> 4, home);
    EXPECT_EQ(lines.live_count(), 1u);  // the second line alone was taken
    for (const QueuePlace place : places) queue.erase(lines, place);
    places.clear();
    EXPECT_EQ(lines.live_count(), 0u);
  }
  // Its first orders gone, the queue goes on without its home, which nobody else gets meanwhile.
  for (Handle order = 0; order < 2 * QueueLine::slot_count; ++order) {
    places.push_back(queue.append(lines, order, home));
  }
  for (std::uint32_t i = 0; i < QueueLine::slot_count; ++i) queue.erase(lines, places[i]);
  EXPECT_NE(queue.first, home);
  EXPECT_NE(lines.take(), home);
}

TEST_F(OrderQueueTest, AWalkGoesOnWhenTheOrderItStandsAtIsTakenOut) {
  for (Handle order = 0; order < 40; ++order) append(order);
  std::vector<Handle> met;
  for (QueuePlace at = queue.begin(lines); at != no_place;) {
    const QueuePlace gone = at;
    at = OrderQueue::next(lines, at);
    met.push_back(order_at(lines, gone));
    queue.erase(lines, gone);
  }
  EXPECT_EQ(met.size(), 40u);
  EXPECT_TRUE(std::ranges::is_sorted(met));
  EXPECT_EQ(lines.live_count(), 0u);
}

TEST_F(OrderQueueTest, ItIsWhatAPlainListIsWhateverComesAndGoes) {
  constexpr unsigned seed = 23;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  for (Handle order = 0; order < 4'000; ++order) {
    if (expected.empty() || random() % 100 < (order / 500 % 2 == 0 ? 70u : 30u)) {
      append(order);
    } else {
      const std::size_t last = expected.size() - 1;
      const std::size_t choices[] = {0, last, random() % expected.size()};
      erase(choices[random() % 3]);
    }
    ASSERT_TRUE(agrees()) << "seed " << seed << ", step " << order;
  }
}

}  // namespace
}  // namespace bourse
