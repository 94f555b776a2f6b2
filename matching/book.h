// The book: both ladders of one symbol and the queues on their levels.
//   Shape:  two Ladders; levels, nodes and orders live in the BookMemory that all books share, so
//           an idle book costs about a hundred bytes. place, take_out and reduce are O(1).
//   Units:  ticks, lots; keys as in Ladder.
//   Owner:  the thread of the engine.
//   Errors: none; the engine checks a command against the instrument before it comes here.
#pragma once

#include <cstdint>

#include "matching/command.h"     // InstrumentBody
#include "matching/id_table.h"    // IdTable
#include "matching/ladder.h"      // Ladder, LadderMemory, Level
#include "matching/order_pool.h"  // OrderPool, Order
#include "matching/state_hash.h"  // StateHash
#include "matching/types.h"       // Side, PriceTicks, ...

namespace bourse {

// What the books of an engine share.
struct BookMemory {
  explicit BookMemory(std::uint32_t orders_max)
      : orders(orders_max), ladders(orders_max), ids(orders_max) {}

  Handle find_order(OrderId id) const {
    return ids.find(id, [&](Handle handle) {
      orders.prefetch(handle);  // whoever finds an order goes on to its details
      return orders[handle].id == id;
    });
  }
  // The order leaves the pool and the id table; it must be in no queue.
  void forget(OrderId id, Handle handle) {
    ids.erase(id, handle);
    orders.release(handle);
  }
  Level& level_of(Handle order) { return ladders.levels[orders[order].level]; }
  const Level& level_of(Handle order) const { return ladders.levels[orders[order].level]; }

  OrderPool orders;
  LadderMemory ladders;
  IdTable ids;
  StateHash hash;
};

class Book {
 public:
  void define(SymbolId symbol, const InstrumentBody& instrument) {
    symbol_ = symbol;
    weight_ = mix64(symbol.value()) | 1;
    price_min_ = instrument.price_min;
    price_max_ = instrument.price_max;
  }
  SymbolId symbol() const { return symbol_; }

  // REQUIRES: price_min <= price <= price_max. A better price has the higher key.
  std::uint64_t key(Side side, PriceTicks price) const {
    const auto distance = [](PriceTicks high, PriceTicks low) {
      return static_cast<std::uint64_t>(high.value()) - static_cast<std::uint64_t>(low.value());
    };
    return side == Side::buy ? distance(price, price_min_) : distance(price_max_, price);
  }
  Ladder& ladder(Side side) { return ladders_[side == Side::sell]; }
  const Ladder& ladder(Side side) const { return ladders_[side == Side::sell]; }

  // Would an order of `side` at `price` meet an order of the other side?
  bool crosses(const BookMemory& memory, Side side, PriceTicks price) const {
    const Handle best = ladder(opposite(side)).best();
    return best != no_handle && memory.ladders.levels[best].key >= key(opposite(side), price);
  }
  // Could `quantity` be matched at once, at keys >= key_min of `makers`, with at most
  // `matches_max` orders? O(levels walked).
  bool can_fill(const BookMemory& memory, Side makers, std::uint64_t key_min, QuantityLots quantity,
                std::uint32_t matches_max) const;

  // Puts the order (id, leaves, account and details filled in) at the end of the queue at `price`.
  void place(BookMemory& memory, Handle order, Side side, PriceTicks price);
  // Takes the order out of its queue; it stays in the pool and in the id table.
  void take_out(BookMemory& memory, Handle order);
  // REQUIRES: quantity < leaves. The order keeps its place; `filled` is what was executed of it.
  void reduce(BookMemory& memory, Handle order, QuantityLots quantity, QuantityLots filled) {
    Order& o = memory.orders[order];
    DCHECK(quantity < o.leaves);
    memory.hash.orders ^= memory.orders.hash(order);
    o.leaves -= quantity;
    memory.orders.details(order).filled += filled;
    memory.ladders.levels[o.level].total -= quantity;
    memory.hash.orders ^= memory.orders.hash(order);
  }

  RptSequence next_rpt(StateHash& hash) {
    hash.symbols += weight_;
    return rpt_sequence_ = RptSequence{rpt_sequence_.value() + 1};
  }
  RptSequence last_rpt() const { return rpt_sequence_; }

  // Every queue and total, O(orders): for tests.
  bool consistent(const BookMemory& memory) const;

 private:
  Ladder ladders_[2];  // bids, asks
  PriceTicks price_min_{0};
  PriceTicks price_max_{0};
  RptSequence rpt_sequence_{0};
  std::uint64_t weight_ = 0;  // of this symbol in StateHash::symbols
  SymbolId symbol_{0};
};

}  // namespace bourse
