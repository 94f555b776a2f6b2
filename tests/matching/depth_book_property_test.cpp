#include "matching/depth_book.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>
#include <vector>

namespace bourse {
namespace {

// The same book in the simplest way: per side a map of prices, each with a list of orders.
class NaiveBook {
 public:
  struct Order {
    std::uint64_t id;
    std::uint64_t quantity;
  };
  struct Place {
    Side side;
    std::int64_t price;
  };
  using Levels = std::map<std::int64_t, std::list<Order>>;

  Levels& side(Side side) { return side == Side::buy ? bids_ : asks_; }
  const std::map<std::uint64_t, Place>& places() const { return places_; }

  Order& order(std::uint64_t id) {
    const Place place = places_.at(id);
    for (Order& found : side(place.side).at(place.price))
      if (found.id == id) return found;
    throw std::logic_error("a place without an order");
  }
  void add(Side s, std::uint64_t id, std::int64_t price, std::uint64_t quantity) {
    side(s)[price].push_back({id, quantity});
    places_[id] = {s, price};
  }
  void remove(std::uint64_t id) {
    const Place place = places_.at(id);
    auto& orders = side(place.side).at(place.price);
    orders.remove_if([id](const Order& o) { return o.id == id; });
    if (orders.empty()) side(place.side).erase(place.price);
    places_.erase(id);
  }
  void clear() {
    bids_.clear();
    asks_.clear();
    places_.clear();
  }
  std::vector<DepthOrder> in_priority_order(Side s) {
    std::vector<DepthOrder> orders;
    const auto take = [&](const Levels::value_type& level) {
      for (const Order& o : level.second) {
        orders.push_back({OrderId{o.id}, PriceTicks{level.first}, QuantityLots{o.quantity}, s});
      }
    };
    if (s == Side::buy) {
      std::for_each(bids_.rbegin(), bids_.rend(), take);
    } else {
      std::for_each(asks_.begin(), asks_.end(), take);
    }
    return orders;
  }

 private:
  Levels bids_;
  Levels asks_;
  std::map<std::uint64_t, Place> places_;
};

void expect_equal(const DepthBook& book, NaiveBook& naive) {
  std::uint64_t hash = 0;
  std::size_t count = 0;
  for (Side side : {Side::buy, Side::sell}) {
    std::vector<DepthOrder> orders;
    book.for_each_order(side, [&](const DepthOrder& order) { orders.push_back(order); });
    const std::vector<DepthOrder> expected = naive.in_priority_order(side);
    ASSERT_EQ(orders.size(), expected.size());
    count += orders.size();
    for (std::size_t i = 0; i < orders.size(); ++i) {
      ASSERT_EQ(orders[i].order_id, expected[i].order_id);
      ASSERT_EQ(orders[i].price, expected[i].price);
      ASSERT_EQ(orders[i].quantity, expected[i].quantity);
      hash ^=
          order_hash(orders[i].order_id, orders[i].price.value(), orders[i].quantity.value(), side);
    }
    std::vector<DepthLevel> levels(naive.side(side).size() + 1);
    ASSERT_EQ(book.levels(side, levels), naive.side(side).size());
    ASSERT_EQ(book.level_count(side), naive.side(side).size());
    for (std::size_t i = 0; i + 1 < levels.size(); ++i) {
      std::uint64_t quantity = 0;
      for (const auto& o : naive.side(side).at(levels[i].price.value())) quantity += o.quantity;
      ASSERT_EQ(levels[i].quantity.value(), quantity);
      ASSERT_EQ(levels[i].orders, naive.side(side).at(levels[i].price.value()).size());
    }
  }
  ASSERT_EQ(book.order_count(), count);
  ASSERT_EQ(book.book_hash(), hash);
}

// `spread` prices around zero; many levels when it is large, long queues when it is small.
void follow_random_events(std::uint32_t seed, std::int64_t spread, std::size_t event_count) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", spread " << spread);
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  DepthBook book;
  NaiveBook naive;
  std::uint64_t rpt = 0;
  std::uint64_t next_id = 1;
  std::vector<std::uint64_t> ids;
  for (std::size_t step = 0; step < event_count; ++step) {
    PublicEvent event{};
    event.rpt_sequence = RptSequence{++rpt};
    const auto price = [&] {
      return static_cast<std::int64_t>(below(static_cast<std::uint64_t>(spread))) - spread / 2;
    };
    const std::uint64_t dice = below(1000);
    std::erase_if(ids, [&](std::uint64_t id) { return !naive.places().contains(id); });
    if (ids.empty() || dice < 480) {
      event.kind = EventKind::add;
      event.side = below(2) == 0 ? Side::buy : Side::sell;
      next_id += 1 + (below(8) == 0 ? below(1'000'000) : 0);
      event.order_id = OrderId{next_id};
      event.price = PriceTicks{price()};
      event.quantity = event.leaves = QuantityLots{1 + below(100)};
      naive.add(event.side, next_id, event.price.value(), event.quantity.value());
      ids.push_back(next_id);
    } else if (dice == 999) {
      event.kind = EventKind::clear;
      naive.clear();
    } else {
      const std::uint64_t id = ids[below(ids.size())];
      const NaiveBook::Place place = naive.places().at(id);
      NaiveBook::Order& order = naive.order(id);
      event.side = place.side;
      event.order_id = OrderId{id};
      if (dice < 900) {
        const bool is_cancel = dice < 700;
        event.kind = is_cancel ? EventKind::cancel : EventKind::execute;
        event.price = PriceTicks{place.price + (below(10) == 0 ? 1 : 0)};
        event.quantity = QuantityLots{below(3) == 0 ? 1 + below(order.quantity) : order.quantity};
        event.leaves = QuantityLots{order.quantity - event.quantity.value()};
        order.quantity = event.leaves.value();
        if (order.quantity == 0) naive.remove(id);
      } else {
        event.kind = EventKind::modify;
        event.aux = order.quantity;
        if (below(2) == 0) {
          event.flags = event_flags::priority_kept;
          event.price = PriceTicks{place.price};
          order.quantity = 1 + below(order.quantity);
          event.quantity = QuantityLots{order.quantity};
        } else {
          event.flags = event_flags::priority_lost;
          event.price = PriceTicks{below(2) == 0 ? place.price : price()};
          event.quantity = QuantityLots{1 + below(100)};
          naive.remove(id);
          naive.add(place.side, id, event.price.value(), event.quantity.value());
        }
        event.leaves = event.quantity;
      }
    }
    ASSERT_EQ(book.apply(event), DepthError::none) << "step " << step;
    if (step % 64 == 0 || step + 1 == event_count) {
      ASSERT_NO_FATAL_FAILURE(expect_equal(book, naive)) << "step " << step;
    }
  }
}

TEST(DepthBookProperty, EqualsANaiveBookOverRandomEvents) {
  const std::uint32_t seed = std::random_device{}();
  follow_random_events(seed, 1, 3'000);
  follow_random_events(seed + 1, 20, 10'000);
  follow_random_events(seed + 2, 100'000, 5'000);
}

TEST(OrderIndex, HoldsExactlyWhatAMapHolds) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  OrderIndex index;
  std::map<std::uint64_t, std::uint32_t> map;
  for (std::uint32_t step = 0; step < 200'000; ++step) {
    const std::uint64_t id = 1 + random() % 3000;
    const auto found = map.find(id);
    ASSERT_EQ(index.find(OrderId{id}), found == map.end() ? OrderIndex::none : found->second);
    if (found == map.end()) {
      ASSERT_TRUE(index.insert(OrderId{id}, step));
      map[id] = step;
    } else if (random() % 2 == 0) {
      ASSERT_FALSE(index.insert(OrderId{id}, step));
    } else {
      index.erase(OrderId{id});
      map.erase(found);
    }
    ASSERT_EQ(index.size(), map.size());
  }
}

}  // namespace
}  // namespace bourse
