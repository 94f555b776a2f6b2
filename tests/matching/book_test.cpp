#include "matching/book.h"

#include <gtest/gtest.h>

#include "matching/can_fill.h"           // can_fill
#include "tests/matching/test_market.h"  // test_instrument

namespace bourse {
namespace {

class BookTest : public ::testing::Test {
 protected:
  BookTest() { book.define(SymbolId{1}, test_instrument("ACME", -100, 100)); }

  Handle place(Side side, std::uint64_t quantity, std::int64_t price) {
    const Handle handle = memory.orders.take();
    Order& order = memory.orders[handle];
    order = {};
    order.id = OrderId{++last_id};
    order.side = side;
    order.account = AccountId{1};
    order.leaves = QuantityLots{quantity};
    memory.orders.details(handle) = {};
    memory.orders.details(handle).priority = Priority::of(Sequence{last_id}, 0);
    book.append(memory, handle, PriceTicks{price});
    EXPECT_TRUE(book.consistent(memory));
    return handle;
  }
  const Level& best(Side side) { return memory.ladders.levels[book.ladder(side).best()]; }

  BookMemory memory{64};
  Book book;
  std::uint64_t last_id = 0;
};

TEST_F(BookTest, ABetterPriceHasAHigherKeyOnBothSides) {
  EXPECT_GT(book.key(Side::buy, PriceTicks{5}), book.key(Side::buy, PriceTicks{-5}));
  EXPECT_GT(book.key(Side::sell, PriceTicks{-5}), book.key(Side::sell, PriceTicks{5}));
  EXPECT_EQ(book.key(Side::buy, PriceTicks{-100}), 0u);
  EXPECT_EQ(book.key(Side::sell, PriceTicks{100}), 0u);
}

TEST_F(BookTest, ALevelKnowsItsTotalAndItsCount) {
  place(Side::buy, 10, 7);
  place(Side::buy, 5, 7);
  EXPECT_EQ(best(Side::buy).total, QuantityLots{15});
  EXPECT_EQ(best(Side::buy).displayed.count, 2u);
  EXPECT_EQ(best(Side::buy).price, PriceTicks{7});
}

TEST_F(BookTest, HiddenOrdersAndReservesAreInNoDisplayedTotal) {
  place(Side::buy, 10, 7);
  const Handle hidden = memory.orders.take();
  memory.orders[hidden] = {};
  memory.orders[hidden].id = OrderId{++last_id};
  memory.orders[hidden].side = Side::buy;
  memory.orders[hidden].flags = order_flags::hidden;
  memory.orders[hidden].leaves = QuantityLots{4};
  memory.orders.details(hidden) = {};
  memory.orders.details(hidden).priority = Priority::of(Sequence{last_id}, 0);
  book.append(memory, hidden, PriceTicks{8});
  EXPECT_TRUE(book.consistent(memory));
  EXPECT_EQ(best(Side::buy).total, QuantityLots{0});
  EXPECT_EQ(best(Side::buy).hidden_total, QuantityLots{4});
  EXPECT_EQ(book.best_price(memory, Side::buy), PriceTicks{7});
  EXPECT_TRUE(book.crosses(Side::sell, PriceTicks{8}));
}

TEST_F(BookTest, TakingOutTheHeadTheMiddleAndTheTailKeepsTheQueueWhole) {
  const Handle a = place(Side::sell, 1, 3);
  const Handle b = place(Side::sell, 2, 3);
  const Handle c = place(Side::sell, 4, 3);
  const Handle d = place(Side::sell, 8, 3);
  for (const Handle gone : {b, a, d}) {
    book.take_out(memory, gone);
    EXPECT_TRUE(book.consistent(memory));
  }
  EXPECT_EQ(best(Side::sell).front(memory.lines), c);
  EXPECT_EQ(best(Side::sell).total, QuantityLots{4});
  book.take_out(memory, c);
  EXPECT_EQ(book.ladder(Side::sell).best(), no_handle);
}

TEST_F(BookTest, OrdersCrossAtTheSamePriceAndBeyond) {
  place(Side::sell, 10, 5);
  EXPECT_TRUE(book.crosses(Side::buy, PriceTicks{5}));
  EXPECT_TRUE(book.crosses(Side::buy, PriceTicks{6}));
  EXPECT_FALSE(book.crosses(Side::buy, PriceTicks{4}));
  EXPECT_FALSE(book.crosses(Side::sell, PriceTicks{5}));
}

TEST_F(BookTest, CanFillCountsQuantityPricesAndMatches) {
  place(Side::sell, 10, 1);
  place(Side::sell, 10, 1);
  place(Side::sell, 10, 2);
  const auto can = [&](std::uint64_t quantity, std::int64_t price, std::uint32_t matches_max) {
    Order taker{};
    taker.side = Side::buy;
    return can_fill(memory, book, taker, book.key(Side::sell, PriceTicks{price}),
                    QuantityLots{quantity}, matches_max);
  };
  EXPECT_TRUE(can(20, 1, 10));
  EXPECT_FALSE(can(21, 1, 10));
  EXPECT_TRUE(can(30, 2, 10));
  EXPECT_FALSE(can(31, 2, 10));
  EXPECT_TRUE(can(30, 2, 3));
  EXPECT_FALSE(can(30, 2, 2));
  EXPECT_TRUE(can(20, 2, 2));
  EXPECT_FALSE(can(11, 1, 1));
  EXPECT_TRUE(can(10, 1, 1));
  EXPECT_FALSE(can(10, 0, 1));
}

}  // namespace
}  // namespace bourse
