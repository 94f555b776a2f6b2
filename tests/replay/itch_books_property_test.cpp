// The books of a whole day against one DepthBook per stock, over random messages, and the order
// table against a map.

#include "replay/itch/itch_books.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <tuple>
#include <vector>

#include "matching/depth_book.h"           // DepthBook
#include "replay/itch/itch_batch.h"        // ItchBatch
#include "replay/itch/itch_messages.h"     // AddOrder, ..., append_framed
#include "replay/itch/itch_order_table.h"  // ItchOrderTable

namespace bourse {
namespace {

constexpr std::uint16_t stocks = 5;

struct Twin {
  DepthBook book;
  std::uint64_t rpt = 0;

  DepthError apply(EventKind kind, std::uint64_t reference, Side side, std::uint64_t price,
                   std::uint64_t shares, std::uint64_t leaves) {
    PublicEvent event{};
    event.kind = kind;
    event.order_id = OrderId{reference};
    event.side = side;
    event.price = PriceTicks{static_cast<std::int64_t>(price)};
    event.quantity = QuantityLots{shares};
    event.leaves = QuantityLots{leaves};
    event.rpt_sequence = RptSequence{rpt + 1};
    const DepthError error = book.apply(event);
    if (error == DepthError::none) ++rpt;
    return error;
  }
};

bool same(const DepthOrder& a, const DepthOrder& b) {
  return a.order_id == b.order_id && a.price == b.price && a.quantity == b.quantity &&
         a.side == b.side;
}

void expect_same(const ItchBook& ours, const DepthBook& theirs) {
  EXPECT_EQ(ours.order_count(), theirs.order_count());
  EXPECT_EQ(ours.crossed(), theirs.crossed());
  EXPECT_EQ(ours.best().bid, theirs.best().bid);
  EXPECT_EQ(ours.best().ask_quantity, theirs.best().ask_quantity);
  EXPECT_EQ(ours.best().ask_orders, theirs.best().ask_orders);
  for (const Side side : {Side::buy, Side::sell}) {
    EXPECT_EQ(ours.level_count(side), theirs.level_count(side));
    std::vector<DepthOrder> expected;
    theirs.for_each_order(side, [&](const DepthOrder& order) { expected.push_back(order); });
    std::size_t at = 0;
    ours.for_each_order(side, [&](const DepthOrder& order) {
      ASSERT_LT(at, expected.size());
      EXPECT_TRUE(same(order, expected[at++]));
    });
    EXPECT_EQ(at, expected.size());
    EXPECT_EQ(ours.first(side).has_value(), theirs.first(side).has_value());
  }
}

// Near references as Nasdaq gives them, and some that no directory of pages could reach.
std::uint64_t next_reference(std::mt19937_64& random, std::uint64_t& counter) {
  counter += 1 + random() % 40;
  return random() % 50 == 0 ? counter << 40 : counter;
}

void run(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ItchBooks books;
  std::vector<Twin> twins(stocks + 1);
  std::vector<std::pair<std::uint64_t, std::uint16_t>> live;
  std::uint64_t counter = 0;
  const auto price_of = [&](Side side) {
    const std::uint64_t away = random() % (random() % 10 == 0 ? 60 : 6);
    return static_cast<std::uint32_t>(side == Side::buy ? 1000 - away : 999 + away);
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t what = random() % 100;
    const bool is_growing = (i / 4000) % 2 == 0;
    if (live.empty() || what < (is_growing ? 60u : 35u)) {
      const auto locate = static_cast<std::uint16_t>(1 + random() % stocks);
      const Side side = random() % 2 == 0 ? Side::buy : Side::sell;
      const std::uint64_t reference = next_reference(random, counter);
      const auto shares = static_cast<std::uint32_t>(1 + random() % 500);
      const std::uint32_t price = price_of(side);
      ASSERT_EQ(books.add(locate, reference, side, shares, price), ItchFault::none);
      ASSERT_EQ(twins[locate].apply(EventKind::add, reference, side, price, shares, shares),
                DepthError::none);
      live.emplace_back(reference, locate);
      continue;
    }
    const std::size_t at = random() % live.size();
    const auto [reference, locate] = live[at];
    const DepthOrder order = *twins[locate].book.find(OrderId{reference});
    ItchChange change;
    if (what < 96) {
      const auto quantity = static_cast<std::uint32_t>(order.quantity.value());
      const std::uint32_t taken =
          what < 80 ? ItchBooks::all_shares : 1 + static_cast<std::uint32_t>(random() % quantity);
      ASSERT_EQ(books.reduce(locate, reference, taken, change), ItchFault::none);
      const std::uint32_t gone = taken == ItchBooks::all_shares ? quantity : taken;
      EXPECT_EQ(change.leaves, quantity - gone);
      ASSERT_EQ(
          twins[locate].apply(EventKind::cancel, reference, order.side,
                              static_cast<std::uint64_t>(order.price.value()), gone, change.leaves),
          DepthError::none);
      if (change.leaves == 0) live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      const std::uint64_t after = next_reference(random, counter);
      const std::uint32_t price = price_of(order.side);
      ASSERT_EQ(books.replace(locate, reference, after, 77, price, change), ItchFault::none);
      EXPECT_EQ(change.side, order.side);
      ASSERT_EQ(twins[locate].apply(EventKind::cancel, reference, order.side,
                                    static_cast<std::uint64_t>(order.price.value()),
                                    order.quantity.value(), 0),
                DepthError::none);
      ASSERT_EQ(twins[locate].apply(EventKind::add, after, order.side, price, 77, 77),
                DepthError::none);
      live[at].first = after;
    }
    if (i % 500 == 0) {
      for (std::uint16_t stock = 1; stock <= stocks; ++stock) {
        expect_same(ItchBook(books, stock), twins[stock].book);
      }
    }
  }
  EXPECT_EQ(books.order_count(), live.size());
  for (const auto& [reference, locate] : live) {
    ItchChange change;
    ASSERT_EQ(books.reduce(locate, reference, ItchBooks::all_shares, change), ItchFault::none);
  }
  EXPECT_EQ(books.order_count(), 0u);
}

TEST(ItchBooksProperty, EqualOneDepthBookPerStockOverRandomMessages) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) run(seed);
}

TEST(ItchBooks, AFaultLeavesTheBooksAsTheyWere) {
  ItchBooks books;
  ASSERT_EQ(books.add(1, 10, Side::buy, 100, 500), ItchFault::none);
  ASSERT_EQ(books.add(2, 11, Side::sell, 100, 500), ItchFault::none);
  ItchChange change;
  EXPECT_EQ(books.add(1, 10, Side::buy, 1, 500), ItchFault::duplicate_reference);
  EXPECT_EQ(books.add(2, 10, Side::buy, 1, 500), ItchFault::duplicate_reference);
  EXPECT_EQ(books.add(1, 0, Side::buy, 1, 500), ItchFault::bad_field);
  EXPECT_EQ(books.add(1, 12, Side::none, 1, 500), ItchFault::bad_field);
  EXPECT_EQ(books.add(1, 12, Side::buy, 0, 500), ItchFault::bad_field);
  EXPECT_EQ(books.add(1, 12, Side::buy, 1, 0), ItchFault::bad_field) << "no order is free";
  EXPECT_EQ(books.add(1, 12, Side::sell, 1, 0xffffffff), ItchFault::bad_field);
  EXPECT_EQ(books.replace(1, 10, 12, 5, 0, change), ItchFault::bad_field);
  EXPECT_EQ(books.reduce(1, 12, 1, change), ItchFault::unknown_reference);
  EXPECT_EQ(books.reduce(1, std::uint64_t{1} << 60, 1, change), ItchFault::unknown_reference);
  EXPECT_EQ(books.reduce(2, 10, 1, change), ItchFault::unknown_reference) << "another stock's";
  EXPECT_EQ(books.reduce(1, 10, 101, change), ItchFault::excess_quantity);
  EXPECT_EQ(books.replace(1, 10, 11, 5, 500, change), ItchFault::duplicate_reference);
  EXPECT_EQ(books.replace(1, 10, 12, 0, 500, change), ItchFault::bad_field);
  EXPECT_EQ(books.replace(1, 12, 13, 5, 500, change), ItchFault::unknown_reference);
  EXPECT_EQ(books.order_count(), 2u);
  EXPECT_EQ(books.best(1).bid_quantity, QuantityLots{100});
  EXPECT_EQ(books.best(40'000).bid, no_price) << "a stock that nobody has heard of";
  EXPECT_FALSE(books.find(2, 10).has_value());
}

TEST(ItchBooks, AnOrderThatCrossesIsCountedEachTime) {
  ItchBooks books;
  ASSERT_EQ(books.add(1, 1, Side::sell, 100, 500), ItchFault::none);
  ASSERT_EQ(books.add(2, 2, Side::buy, 100, 600), ItchFault::none);
  EXPECT_EQ(books.crossed_count(), 0u);
  ASSERT_EQ(books.add(1, 3, Side::buy, 100, 499), ItchFault::none);
  EXPECT_EQ(books.crossed_count(), 0u);
  ASSERT_EQ(books.add(1, 4, Side::buy, 100, 500), ItchFault::none);
  EXPECT_EQ(books.crossed_count(), 1u) << "a locked book is a crossed one";
  EXPECT_TRUE(books.crossed(1));
  ItchChange change;
  ASSERT_EQ(books.reduce(1, 4, ItchBooks::all_shares, change), ItchFault::none);
  EXPECT_FALSE(books.crossed(1));
}

TEST(ItchBooks, ABatchThatWasExpectedDoesWhatItsMessagesDoOneByOneWhateverTheySay) {
  std::mt19937_64 random(7);
  std::vector<std::byte> bytes;
  for (int i = 0; i < 3000; ++i) {
    const itch::MessageHeader header{.stock_locate = static_cast<std::uint16_t>(random()),
                                     .tracking_number = 0,
                                     .timestamp = {0}};
    const std::uint64_t reference = random() >> (random() % 64);
    itch::Stock name;
    std::memset(name.text, ' ', sizeof name.text);
    switch (random() % 4) {
      case 0:
        itch::append_framed(itch::OrderDelete{header, reference}, bytes);
        break;
      case 1:
        itch::append_framed(itch::SystemEvent{header, 'O'}, bytes);
        break;
      case 2:
        itch::append_framed(itch::OrderReplace{header, reference, random(), 5, {9}}, bytes);
        break;
      default:
        itch::append_framed(itch::AddOrder{header,
                                           reference,
                                           random() % 2 == 0 ? 'B' : 'S',
                                           5,
                                           name,
                                           {static_cast<std::uint32_t>(random())}},
                            bytes);
    }
  }
  const auto build = [&](bool is_expected) {
    ItchBooks books;
    ItchBatch batch;
    std::uint64_t refused = 0;
    auto reader = ItchReader::over(bytes, "random");
    while (batch.fill(reader)) {
      if (is_expected) books.expect(batch.messages());
      if (is_expected) {
        refused += books.apply_all(batch.messages());
      } else {
        for (const auto message : batch.messages()) {
          refused += books.apply(message) != ItchFault::none;
        }
      }
    }
    EXPECT_EQ(batch.why(), ItchReader::Next::end);
    EXPECT_GT(refused, 0u);
    return std::tuple(books.order_count(), books.crossed_count(), refused);
  };
  EXPECT_EQ(build(true), build(false));
}

TEST(ItchBooks, AQueueKeepsItsOrderWhileItGrowsAndEmpties) {
  std::mt19937_64 random(5);
  ItchBooks books;
  std::vector<std::uint64_t> queue;
  std::uint64_t reference = 0;
  // One price, from none to thousands and back: the queue moves, and closes up over its holes.
  for (const std::uint32_t percent_added : {80u, 50u, 20u}) {
    for (int i = 0; i < 6000; ++i) {
      ItchChange change;
      if (queue.empty() || random() % 100 < percent_added) {
        ASSERT_EQ(books.add(7, ++reference, Side::sell, 1, 500), ItchFault::none);
        queue.push_back(reference);
      } else {
        const auto at = static_cast<std::ptrdiff_t>(random() % queue.size());
        ASSERT_EQ(books.reduce(7, queue[static_cast<std::size_t>(at)], 1, change), ItchFault::none);
        queue.erase(queue.begin() + at);
      }
      if (!queue.empty()) {
        ASSERT_EQ(books.first(7, Side::sell)->order_id, OrderId{queue.front()});
      }
    }
    std::vector<std::uint64_t> found;
    books.for_each_order(7, Side::sell,
                         [&](const DepthOrder& o) { found.push_back(o.order_id.value()); });
    ASSERT_EQ(found, queue);
  }
}

TEST(ItchOrderTable, HoldsExactlyWhatAMapHolds) {
  std::mt19937_64 random(11);
  ItchOrderTable table;
  std::map<std::uint64_t, std::uint32_t> slots;
  for (int i = 0; i < 50'000; ++i) {
    // Few enough pages that they empty and are given to others.
    const std::uint64_t reference =
        1 + random() % 3000 + (random() % 4 == 0 ? std::uint64_t{1} << 50 : 0);
    const auto found = slots.find(reference);
    ASSERT_EQ(table.find(reference), found == slots.end() ? 0 : found->second);
    if (found == slots.end()) {
      const std::uint32_t slot = table.insert(reference);
      table[slot].shares = 1;
      slots[reference] = slot;
      ASSERT_EQ(table.reference(slot), reference);
    } else if (random() % 100 < 60) {
      table.erase(found->second, reference);
      slots.erase(found);
    }
    ASSERT_EQ(table.size(), slots.size());
  }
}

TEST(ItchOrderTable, ADayOfReferencesCostsMemoryForTheLiveOrdersOnly) {
  ItchOrderTable table;
  // A thousand orders live at a time, out of a million.
  for (std::uint64_t reference = 1; reference <= 1'000'000; ++reference) {
    table[table.insert(reference)].shares = 1;
    if (reference > 1000) table.erase(table.find(reference - 1000), reference - 1000);
  }
  EXPECT_EQ(table.size(), 1000u);
  EXPECT_LT(table.bytes(), 300'000u) << "a quarter of a byte per reference, 12 per live order";
}

}  // namespace
}  // namespace bourse
