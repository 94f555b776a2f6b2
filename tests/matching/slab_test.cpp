#include "matching/slab.h"

#include <gtest/gtest.h>

#include "matching/order_pool.h"  // OrderPool

namespace bourse {
namespace {

struct Thing {
  Handle link;
  int value;
};
using Things = Slab<Thing, &Thing::link>;

TEST(Slab, RecordsKeepTheirPlaceWhileOthersComeAndGo) {
  Things things(3);
  const Handle a = things.take();
  const Handle b = things.take();
  things[a].value = 1;
  things[b].value = 2;
  things.release(a);
  EXPECT_EQ(things[b].value, 2);
  EXPECT_EQ(things.live_count(), 1u);
}

TEST(Slab, WhatWasReleasedLastIsTakenFirst) {
  Things things(3);
  const Handle a = things.take();
  const Handle b = things.take();
  things.release(a);
  things.release(b);
  EXPECT_EQ(things.take(), b);
  EXPECT_EQ(things.take(), a);
}

TEST(Slab, AllRecordsCanBeTakenAndNotOneMore) {
  Things things(2);
  const Handle a = things.take();
  const Handle b = things.take();
  EXPECT_NE(a, b);
  EXPECT_EQ(things.live_count(), things.records_max());
  EXPECT_DEATH(things.take(), "CHECK failed");
}

TEST(OrderPool, TheHashOfAnOrderCoversEachOfItsFields) {
  OrderPool orders(2);
  const Handle h = orders.take();
  const auto hash_with = [&](auto change) {
    orders[h] = {};
    orders[h].id = OrderId{5};
    orders[h].leaves = QuantityLots{10};
    orders[h].account = AccountId{1};
    orders[h].side = Side::buy;
    orders.details(h) = {};
    change(orders[h], orders.details(h));
    orders.identify(h, SymbolId{1}, PriceTicks{100});
    return orders.hash(h);
  };
  const std::uint64_t plain = hash_with([](Order&, OrderDetails&) {});
  EXPECT_EQ(plain, hash_with([](Order& o, OrderDetails&) { o.place = 7; }));
  EXPECT_NE(plain, hash_with([](Order& o, OrderDetails&) { o.id = OrderId{6}; }));
  EXPECT_NE(plain, hash_with([](Order& o, OrderDetails&) { o.leaves = QuantityLots{11}; }));
  EXPECT_NE(plain, hash_with([](Order& o, OrderDetails&) { o.account = AccountId{2}; }));
  EXPECT_NE(plain, hash_with([](Order& o, OrderDetails&) { o.filled = QuantityLots{1}; }));
  EXPECT_NE(plain, hash_with([](Order&, OrderDetails& d) { d.priority.value = 1; }));
  EXPECT_NE(plain, hash_with([](Order&, OrderDetails& d) { d.session = SessionId{1}; }));
  EXPECT_NE(plain, hash_with([](Order&, OrderDetails& d) { d.reserve = QuantityLots{1}; }));
  EXPECT_NE(plain, hash_with([](Order& o, OrderDetails&) { o.is_waiting = true; }));
  EXPECT_NE(plain, hash_with([](Order&, OrderDetails& d) { d.stop_price = PriceTicks{9}; }));
  EXPECT_NE(plain, hash_with([](Order&, OrderDetails& d) { d.expire_at = TimeNs{9}; }));
  EXPECT_NE(plain, hash_with([](Order& o, OrderDetails&) { o.flags = 1; }));
  orders.identify(h, SymbolId{1}, PriceTicks{101});
  EXPECT_NE(plain, orders.hash(h));
}

TEST(OrderPool, PrioritiesRiseWithTheTransactionAndInsideIt) {
  EXPECT_LT(Priority::of(Sequence{1}, 16'383).value, Priority::of(Sequence{2}, 0).value);
  EXPECT_LT(Priority::of(Sequence{2}, 0).value, Priority::of(Sequence{2}, 1).value);
}

}  // namespace
}  // namespace bourse
