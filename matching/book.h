// The book: both ladders of one symbol and the queues on their levels, its waiting stops, and what
// the market does at present.
//   Shape:  four Ladders; levels, nodes and orders live in the BookMemory that all books share, so
//           an idle book costs some 400 bytes. append and take_out are O(1).
//   Units:  ticks, lots; keys as in Ladder.
//   Owner:  the thread of the engine.
//   Errors: none; the engine checks a command against the instrument before it comes here.
#pragma once

#include <cstdint>

#include "matching/check.h"       // DCHECK
#include "matching/command.h"     // InstrumentBody
#include "matching/id_table.h"    // IdTable
#include "matching/ladder.h"      // Ladder, LadderMemory, Level
#include "matching/order_pool.h"  // OrderPool, Order
#include "matching/state_hash.h"  // StateHash
#include "matching/trading.h"     // Trading
#include "matching/types.h"       // Side, PriceTicks, ...

namespace bourse {

// What the books of an engine share.
struct BookMemory {
  explicit BookMemory(std::uint32_t orders_max)
      : orders(orders_max),
        orders_most(orders_max),
        lines(orders_max + 1, 2 * (orders_max + 1)),
        ladders(orders_max + 1),
        ids(orders_max) {}

  struct IdOf {
    const OrderPool& orders;
    OrderId operator()(Handle handle) const { return orders[handle].id; }
  };
  IdOf id_of() const { return {orders}; }
  Handle find_order(OrderId id) const { return ids.find(id, id_of()); }
  Level& level_of(Handle order) { return ladders.levels[orders[order].level]; }
  const Level& level_of(Handle order) const { return ladders.levels[orders[order].level]; }

  // Touches the memory that orders in short queues need: some 300 bytes for each that may be open.
  void touch() {
    orders.touch(orders_most);
    lines.touch(orders_most);
    ladders.levels.touch(orders_most);
    ids.touch();
  }

  OrderPool orders;
  std::uint32_t orders_most;
  QueueLines lines;  // each level is at home in the line with its own handle
  LadderMemory ladders;
  IdTable ids;
  StateHash hash;
};

class Book {
 public:
  void define(SymbolId symbol, const InstrumentBody& instrument) {
    symbol_ = symbol;
    weight_ = mix64(symbol.value()) | 1;
    set_limits(instrument);
  }
  // REQUIRES: no order rests or waits, or the range of prices is as before.
  void set_limits(const InstrumentBody& instrument) {
    price_min_ = instrument.price_min;
    price_max_ = instrument.price_max;
    quantity_min_ = instrument.quantity_min;
    price_width_ = width(price_min_, price_max_);
    quantity_width_ = width(quantity_min_, instrument.quantity_max);
    key_base_[0] = 0 - static_cast<std::uint64_t>(price_min_.value());
    key_base_[1] = static_cast<std::uint64_t>(price_max_.value()) + 1;
  }
  SymbolId symbol() const { return symbol_; }
  PriceTicks price_min() const { return price_min_; }
  PriceTicks price_max() const { return price_max_; }
  // Does the instrument allow an order at this price and of this quantity?
  bool allows(PriceTicks price, QuantityLots quantity) const {
    return width(price_min_, price) <= price_width_ &&
           width(quantity_min_, quantity) <= quantity_width_;
  }

  // REQUIRES: price_min <= price <= price_max. A better price has the higher key.
  [[gnu::always_inline]] std::uint64_t key(Side side, PriceTicks price) const {
    // price - price_min of a buy and price_max - price of a sell, without a branch: nobody can
    // predict which side comes next.
    const std::uint64_t sells = std::uint64_t{0} - side_index(side);
    return (static_cast<std::uint64_t>(price.value()) ^ sells) + key_base_[side_index(side)];
  }
  // The worst key of the other side that an order of `side` takes; no_price takes all.
  std::uint64_t worst_key_taken(Side side, PriceTicks price) const {
    return price == no_price ? 0 : key(opposite(side), price);
  }
  Ladder& ladder(Side side) { return ladders_[side_index(side)]; }
  const Ladder& ladder(Side side) const { return ladders_[side_index(side)]; }
  // Waiting stops, next to trigger first: a buy stop with the lower price, so it has a sell's key.
  Ladder& stops(Side side) { return stops_[side_index(side)]; }
  const Ladder& stops(Side side) const { return stops_[side_index(side)]; }

  // Would an order of `side` at `price` meet an order of the other side?
  bool crosses(Side side, PriceTicks price) const {
    return ladder(opposite(side)).reaches(worst_key_taken(side, price));
  }
  // The same for the key of a price.
  [[gnu::always_inline]] bool meets(Side side, std::uint64_t key_of_price) const {
    const Ladder& others = ladders_[1 - side_index(side)];
    return others.reaches(price_width_ - key_of_price);
  }
  // The best level that shows a quantity, no_handle if there is none. O(levels without one).
  Handle best_displayed(const BookMemory& memory, Side side) const;
  PriceTicks best_price(const BookMemory& memory, Side side) const {
    const Handle level = best_displayed(memory, side);
    return level == no_handle ? no_price : memory.ladders.levels[level].price;
  }
  // Puts the order (its quantities filled in) at the end of its queue at `price`: displayed, or
  // hidden if its flags say so.
  void append(BookMemory& memory, Handle order, PriceTicks price);
  // The same for a plain order, at its own price, whose key is known.
  void append_plain(BookMemory& memory, Handle handle, Order& order, std::uint64_t key);
  // Puts a stop at the end of the queue that waits for `stop_price`.
  void wait(BookMemory& memory, Handle order, PriceTicks stop_price);
  // Takes the order out of its queue; it stays in the pool and in the id table.
  void take_out(BookMemory& memory, Handle order);
  // The same for a plain order, which leaves its level noted.
  void take_out_plain(BookMemory& memory, const Order& order);

  RptSequence next_rpt(StateHash& hash) {
    hash.symbols += weight_;
    return rpt_sequence_ = RptSequence{rpt_sequence_.value() + 1};
  }
  RptSequence last_rpt() const { return rpt_sequence_; }
  // Snapshots: the next public event of the symbol is the one after `last`.
  void continue_after(RptSequence last, StateHash& hash) {
    hash.symbols += weight_ * (last.value() - rpt_sequence_.value());
    rpt_sequence_ = last;
  }
  bool is_empty() const {
    return ladders_[0].best() == no_handle && ladders_[1].best() == no_handle &&
           stops_[0].best() == no_handle && stops_[1].best() == no_handle;
  }

  // Every queue and total, O(orders): for tests.
  bool consistent(const BookMemory& memory) const;

  Trading trading;

 private:
  static std::uint64_t width(auto low, auto high) {
    return static_cast<std::uint64_t>(high.value()) - static_cast<std::uint64_t>(low.value());
  }
  // 1 for the sell side, without a branch.
  static std::size_t side_index(Side side) { return static_cast<std::size_t>(side) >> 1; }
  void append_to(BookMemory& memory, Ladder& ladder, Handle order, std::uint64_t key,
                 PriceTicks price);
  void take_out_special(BookMemory& memory, Handle order);
  bool consistent(const BookMemory& memory, const Ladder& ladder, Side side, bool waiting) const;

  Ladder ladders_[2];  // bids, asks
  PriceTicks price_min_{0};
  PriceTicks price_max_{0};
  QuantityLots quantity_min_{0};
  std::uint64_t price_width_ = 0;  // price_max - price_min, and the same of quantities
  std::uint64_t quantity_width_ = 0;
  std::uint64_t key_base_[2] = {};  // see key()
  RptSequence rpt_sequence_{0};
  std::uint64_t weight_ = 0;  // of this symbol in StateHash::symbols
  SymbolId symbol_{0};
  Ladder stops_[2];  // buy, sell
};

[[gnu::always_inline]] inline void Book::append_plain(BookMemory& memory, Handle handle,
                                                      Order& order, std::uint64_t key) {
  const auto [at, is_new] = ladder(order.side).find_or_insert(memory.ladders, key);
  Level& level = memory.ladders.levels[at];
  order.level = at;
  if (is_new) {
    level.price = order.price;
    level.belongs_to(symbol_, order.side);
    level.total = order.leaves;
    order.place = level.displayed.begin_with(memory.lines, handle, at);
    return;
  }
  memory.lines.prefetch(at);
  level.total += order.leaves;
  order.place = level.displayed.append(memory.lines, handle, at);
}

inline void Book::append_to(BookMemory& memory, Ladder& ladder, Handle handle, std::uint64_t key,
                            PriceTicks price) {
  Order& order = memory.orders[handle];
  const auto [at, is_new] = ladder.find_or_insert(memory.ladders, key);
  Level& level = memory.ladders.levels[at];
  if (is_new) {
    level.price = price;
    level.belongs_to(symbol_, order.side);
  }
  order.level = at;
  const bool hidden = order.is_hidden() && !order.is_waiting;
  (hidden ? level.hidden_total : level.total) += order.leaves;
  level.hidden_total += memory.orders.details(handle).reserve;
  order.place = hidden ? level.hidden.append(memory.lines, handle)
                       : level.displayed.append(memory.lines, handle, at);
}

inline void Book::append(BookMemory& memory, Handle handle, PriceTicks price) {
  Order& order = memory.orders[handle];
  const Side side = order.side;
  if (order.is_plain) [[likely]] {
    DCHECK(price == order.price);
    return append_plain(memory, handle, order, key(side, price));
  }
  append_to(memory, ladder(side), handle, key(side, price), price);
}

[[gnu::always_inline]] inline void Book::take_out_plain(BookMemory& memory, const Order& order) {
  Level& level = memory.ladders.levels[order.level];
  if (level.displayed.count + level.hidden.count == 1) {
    level.displayed.end(memory.lines);
    return ladder(order.side).erase(memory.ladders, order.level);
  }
  level.total -= order.leaves;
  level.displayed.erase(memory.lines, order.place);
}

[[gnu::always_inline]] inline void Book::take_out(BookMemory& memory, Handle handle) {
  Order& order = memory.orders[handle];
  if (!order.is_plain) [[unlikely]]
    return take_out_special(memory, handle);
  take_out_plain(memory, order);
  order.level = no_handle;
}

}  // namespace bourse
