#include "matching/depth_book.h"

#include <gtest/gtest.h>

#include <vector>

namespace bourse {
namespace {

// Speaks events; numbers their rpt_sequence by itself.
struct Speaker {
  DepthBook book;
  RptSequence rpt{0};

  DepthError say(PublicEvent event) {
    event.symbol = SymbolId{1};
    event.rpt_sequence = RptSequence{rpt.value() + 1};
    const DepthError error = book.apply(event);
    if (error == DepthError::none) rpt = event.rpt_sequence;
    return error;
  }
  static PublicEvent event(EventKind kind, Side side, std::uint64_t id, std::int64_t price,
                           std::uint64_t quantity, std::uint64_t leaves) {
    PublicEvent made{};
    made.kind = kind;
    made.side = side;
    made.order_id = OrderId{id};
    made.price = PriceTicks{price};
    made.quantity = QuantityLots{quantity};
    made.leaves = QuantityLots{leaves};
    return made;
  }
  DepthError add(Side side, std::uint64_t id, std::int64_t price, std::uint64_t quantity) {
    return say(event(EventKind::add, side, id, price, quantity, quantity));
  }
  DepthError cancel(Side side, std::uint64_t id, std::uint64_t quantity, std::uint64_t leaves) {
    return say(event(EventKind::cancel, side, id, 0, quantity, leaves));
  }
  DepthError execute(Side side, std::uint64_t id, std::int64_t price, std::uint64_t quantity,
                     std::uint64_t leaves) {
    return say(event(EventKind::execute, side, id, price, quantity, leaves));
  }
  DepthError modify(Side side, std::uint64_t id, std::int64_t price, std::uint64_t quantity,
                    std::uint64_t previous, std::uint16_t flags) {
    PublicEvent made = event(EventKind::modify, side, id, price, quantity, quantity);
    made.aux = previous;
    made.flags = flags;
    return say(made);
  }
  std::vector<std::uint64_t> ids(Side side) const {
    std::vector<std::uint64_t> found;
    book.for_each_order(side, [&](const DepthOrder& o) { found.push_back(o.order_id.value()); });
    return found;
  }
  std::uint64_t hash_of_orders() const {
    std::uint64_t hash = 0;
    for (Side side : {Side::buy, Side::sell}) {
      book.for_each_order(side, [&](const DepthOrder& o) {
        hash ^= order_hash(o.order_id, o.price.value(), o.quantity.value(), o.side);
      });
    }
    return hash;
  }
};

using Ids = std::vector<std::uint64_t>;

TEST(DepthBook, AnEmptyBookHasNoPrices) {
  const DepthBook book;
  EXPECT_EQ(book.best().bid, no_price);
  EXPECT_EQ(book.best().ask, no_price);
  EXPECT_FALSE(book.crossed());
  EXPECT_EQ(book.book_hash(), 0u);
  EXPECT_EQ(book.order_count(), 0u);
}

TEST(DepthBook, OrdersStandByPriceThenByAge) {
  Speaker s;
  ASSERT_EQ(s.add(Side::buy, 1, 100, 5), DepthError::none);
  ASSERT_EQ(s.add(Side::buy, 2, 101, 6), DepthError::none);
  ASSERT_EQ(s.add(Side::buy, 3, 100, 7), DepthError::none);
  ASSERT_EQ(s.add(Side::sell, 4, 103, 8), DepthError::none);
  ASSERT_EQ(s.add(Side::sell, 5, 102, 9), DepthError::none);
  ASSERT_EQ(s.add(Side::sell, 6, -5, 1), DepthError::none);  // negative prices are prices
  EXPECT_EQ(s.ids(Side::buy), (Ids{2, 1, 3}));
  EXPECT_EQ(s.ids(Side::sell), (Ids{6, 5, 4}));
  EXPECT_TRUE(s.book.crossed());
  EXPECT_EQ(s.book.best().bid, PriceTicks{101});
  EXPECT_EQ(s.book.best().ask, PriceTicks{-5});
  std::vector<DepthLevel> levels(5);
  ASSERT_EQ(s.book.levels(Side::buy, levels), 2u);
  EXPECT_EQ(levels[0].price, PriceTicks{101});
  EXPECT_EQ(levels[1].price, PriceTicks{100});
  EXPECT_EQ(levels[1].quantity, QuantityLots{12});
  EXPECT_EQ(levels[1].orders, 2u);
  EXPECT_EQ(s.book.levels(Side::sell, std::span(levels).first(1)), 1u);
  EXPECT_EQ(s.book.first(Side::buy)->order_id, OrderId{2});
  EXPECT_EQ(s.book.first(Side::sell)->order_id, OrderId{6});
  EXPECT_FALSE(DepthBook().first(Side::buy));
}

TEST(DepthBook, APartialCancelKeepsThePlaceInTheQueue) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  s.add(Side::buy, 2, 100, 5);
  ASSERT_EQ(s.cancel(Side::buy, 1, 2, 3), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{1, 2}));
  EXPECT_EQ(s.book.find(OrderId{1})->quantity, QuantityLots{3});
  EXPECT_EQ(s.book.best().bid_quantity, QuantityLots{8});
  ASSERT_EQ(s.cancel(Side::buy, 1, 3, 0), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{2}));
  EXPECT_FALSE(s.book.find(OrderId{1}).has_value());
}

TEST(DepthBook, AnExecutionTakesFromTheOrderItNames) {
  Speaker s;
  s.add(Side::sell, 1, 100, 5);
  s.add(Side::sell, 2, 100, 5);
  s.add(Side::sell, 3, 101, 1);
  ASSERT_EQ(s.execute(Side::sell, 1, 100, 5, 0), DepthError::none);
  ASSERT_EQ(s.execute(Side::sell, 2, 100, 1, 4), DepthError::none);
  EXPECT_EQ(s.book.best().ask_quantity, QuantityLots{4});
  ASSERT_EQ(s.execute(Side::sell, 2, 100, 4, 0), DepthError::none);
  EXPECT_EQ(s.book.best().ask, PriceTicks{101});
  EXPECT_EQ(s.book.level_count(Side::sell), 1u);
}

TEST(DepthBook, AnExecutionAtAnotherPriceReducesTheOrderWhereItRests) {
  Speaker s;
  s.add(Side::sell, 1, 100, 5);
  ASSERT_EQ(s.execute(Side::sell, 1, 99, 2, 3), DepthError::none);
  EXPECT_EQ(s.book.best().ask, PriceTicks{100});
  EXPECT_EQ(s.book.best().ask_quantity, QuantityLots{3});
  EXPECT_EQ(s.book.book_hash(), s.hash_of_orders());
}

TEST(DepthBook, AModifyThatKeepsPriorityStaysInItsPlace) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  s.add(Side::buy, 2, 100, 5);
  ASSERT_EQ(s.modify(Side::buy, 1, 100, 4, 5, event_flags::priority_kept), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{1, 2}));
  EXPECT_EQ(s.book.best().bid_quantity, QuantityLots{9});
}

TEST(DepthBook, AModifyThatLosesPriorityGoesToTheBackOfItsLevel) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  s.add(Side::buy, 2, 100, 5);
  s.add(Side::buy, 3, 99, 5);
  ASSERT_EQ(s.modify(Side::buy, 1, 100, 9, 5, event_flags::priority_lost), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{2, 1, 3}));
  ASSERT_EQ(s.modify(Side::buy, 2, 99, 5, 5, event_flags::priority_lost), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{1, 3, 2}));
  ASSERT_EQ(s.modify(Side::buy, 1, 98, 1, 9, event_flags::priority_lost), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{3, 2, 1}));
  EXPECT_EQ(s.book.level_count(Side::buy), 2u);
  EXPECT_EQ(s.book.book_hash(), s.hash_of_orders());
}

TEST(DepthBook, AModifyWithoutAFlagFollowsTheCommonRule) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  s.add(Side::buy, 2, 100, 5);
  ASSERT_EQ(s.modify(Side::buy, 1, 100, 4, 5, 0), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{1, 2}));
  ASSERT_EQ(s.modify(Side::buy, 1, 100, 5, 4, 0), DepthError::none);
  EXPECT_EQ(s.ids(Side::buy), (Ids{2, 1}));
}

TEST(DepthBook, TradesAndStatusChangeOnlyTheCount) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  const std::uint64_t hash = s.book.book_hash();
  for (EventKind kind : {EventKind::trade, EventKind::status, EventKind::definition}) {
    ASSERT_EQ(s.say(Speaker::event(kind, Side::none, 0, 0, 0, 0)), DepthError::none);
  }
  EXPECT_EQ(s.book.last_rpt(), RptSequence{4});
  EXPECT_EQ(s.book.book_hash(), hash);
}

TEST(DepthBook, ClearEmptiesItAndTheCountGoesOn) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  s.add(Side::sell, 2, 101, 5);
  ASSERT_EQ(s.say(Speaker::event(EventKind::clear, Side::none, 0, 0, 0, 0)), DepthError::none);
  EXPECT_EQ(s.book.order_count(), 0u);
  EXPECT_EQ(s.book.best().bid, no_price);
  EXPECT_EQ(s.book.book_hash(), 0u);
  EXPECT_EQ(s.book.last_rpt(), RptSequence{3});
  EXPECT_EQ(s.add(Side::buy, 1, 100, 5), DepthError::none);
}

TEST(DepthBook, WhatDoesNotFitIsRefusedAndChangesNothing) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  s.add(Side::buy, 2, 100, 5);
  const std::uint64_t hash = s.book.book_hash();
  constexpr std::uint64_t huge = ~std::uint64_t{0};
  EXPECT_EQ(s.add(Side::sell, 1, 100, 5), DepthError::duplicate_order);
  EXPECT_EQ(s.add(Side::buy, 0, 100, 5), DepthError::bad_event);
  EXPECT_EQ(s.add(Side::buy, 3, 100, 0), DepthError::bad_event);
  EXPECT_EQ(s.add(Side::none, 3, 100, 1), DepthError::bad_event);
  EXPECT_EQ(s.add(static_cast<Side>(7), 3, 100, 1), DepthError::bad_event);
  EXPECT_EQ(s.cancel(Side::buy, 3, 1, 0), DepthError::unknown_order);
  EXPECT_EQ(s.execute(Side::buy, 3, 100, 1, 0), DepthError::unknown_order);
  EXPECT_EQ(s.modify(Side::buy, 3, 100, 1, 2, 0), DepthError::unknown_order);
  EXPECT_EQ(s.cancel(Side::buy, 1, 4, 0), DepthError::quantity_mismatch);
  EXPECT_EQ(s.cancel(Side::buy, 1, 6, huge), DepthError::quantity_mismatch);
  EXPECT_EQ(s.execute(Side::buy, 1, 100, 6, 0), DepthError::quantity_mismatch);
  EXPECT_EQ(s.execute(Side::sell, 1, 100, 5, 0), DepthError::bad_event);
  EXPECT_EQ(s.execute(Side::buy, 1, 100, 0, 5), DepthError::bad_event);
  EXPECT_EQ(s.modify(Side::buy, 1, 100, 4, 6, 0), DepthError::quantity_mismatch);
  EXPECT_EQ(s.modify(Side::buy, 1, 101, 4, 5, event_flags::priority_kept), DepthError::bad_event);
  EXPECT_EQ(s.modify(Side::sell, 1, 100, 4, 5, 0), DepthError::bad_event);
  EXPECT_EQ(s.modify(Side::buy, 1, 100, 0, 5, 0), DepthError::bad_event);
  EXPECT_EQ(s.say(Speaker::event(EventKind::none, Side::buy, 1, 1, 1, 1)), DepthError::bad_event);
  EXPECT_EQ(s.say(Speaker::event(static_cast<EventKind>(99), Side::buy, 1, 1, 1, 1)),
            DepthError::bad_event);
  EXPECT_EQ(s.book.last_rpt(), RptSequence{2});
  EXPECT_EQ(s.book.book_hash(), hash);
  EXPECT_EQ(s.ids(Side::buy), (Ids{1, 2}));
}

TEST(DepthBook, AGapInTheCountIsSeen) {
  Speaker s;
  s.add(Side::buy, 1, 100, 5);
  s.rpt = RptSequence{2};
  EXPECT_EQ(s.add(Side::buy, 2, 100, 5), DepthError::rpt_gap);
  s.rpt = RptSequence{0};
  EXPECT_EQ(s.add(Side::buy, 2, 100, 5), DepthError::rpt_gap);
}

TEST(DepthBook, ARestoredBookEqualsTheOneItWasTakenFrom) {
  Speaker s;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    s.add(i % 2 == 0 ? Side::buy : Side::sell, i, static_cast<std::int64_t>(100 + i % 3), i);
  }
  DepthBook restored;
  for (Side side : {Side::buy, Side::sell}) {
    s.book.for_each_order(side, [&](const DepthOrder& order) {
      ASSERT_EQ(restored.restore(order), DepthError::none);
    });
  }
  restored.continue_after(s.book.last_rpt());
  EXPECT_EQ(restored.book_hash(), s.book.book_hash());
  EXPECT_EQ(restored.last_rpt(), s.book.last_rpt());
  const Ids bids = s.ids(Side::buy);
  s.book = restored;
  EXPECT_EQ(s.ids(Side::buy), bids);
  EXPECT_EQ(s.cancel(Side::buy, 2, 2, 0), DepthError::none);
  EXPECT_TRUE(restored.find(OrderId{2}).has_value()) << "a copy shares nothing";
}

TEST(DepthBook, TheHashIsOverWireValuesAndItsFormulaIsFixed) {
  DepthBook book(10'000'000, 1000);
  ASSERT_EQ(book.restore({OrderId{42}, PriceTicks{5}, QuantityLots{7}, Side::sell}),
            DepthError::none);
  EXPECT_EQ(book.book_hash(), order_hash(OrderId{42}, 50'000'000, 7'000, Side::sell));
  EXPECT_EQ(order_hash(OrderId{42}, 50'000'000, 7'000, Side::sell), 0x1fa6909fc9597463u);
}

}  // namespace
}  // namespace bourse
