// A book rebuilt from public events: every order of one symbol in priority order, as any client
// could rebuild it. The engine's book decides; DepthBook only follows.
//   Shape:  orders in a slab, linked first in, first out per level; order ids in an open-addressing
//           table; levels of a side in a sorted array, best last. O(1) per event, plus the shift of
//           a few entries where a level near the best appears or vanishes.
//   Units:  ticks and lots (or whatever the events speak: the book only compares and adds).
//   Owner:  one thread; a value, copyable. May allocate when it grows: it is not the engine.
//   Errors: an event that does not fit is refused with a DepthError and leaves the book as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "matching/engine.h"       // BestPrices
#include "matching/event.h"        // PublicEvent
#include "matching/order_index.h"  // OrderIndex
#include "matching/types.h"        // OrderId, PriceTicks, QuantityLots, Side, RptSequence

namespace bourse {

enum class DepthError : std::uint8_t {
  none = 0,
  unknown_order = 1,
  duplicate_order = 2,
  quantity_mismatch = 3,  // what the event says was or remains is not what the book has
  rpt_gap = 4,            // rpt_sequence is not the next one
  bad_event = 5,          // no such kind or side, order id 0, quantity 0
  unknown_symbol = 6,     // MarketState: no instrument with this id
  sequence_gap = 7,       // MarketState: transaction is not the next one
};
std::string_view to_string(DepthError error);

struct DepthOrder {
  OrderId order_id;
  PriceTicks price;
  QuantityLots quantity;
  Side side;
};

struct DepthLevel {
  PriceTicks price;
  QuantityLots quantity;
  std::uint32_t orders;
};

// A level that is about to change: as it was before.
struct TouchedLevel {
  PriceTicks price;
  QuantityLots quantity;
  std::uint32_t orders;  // 0: there was none
  Side side;
};

// The share of one order in book_hash(): docs/PROTOCOL.md, BookCheck.
std::uint64_t order_hash(OrderId order_id, std::int64_t price, std::uint64_t quantity, Side side);

class DepthBook {
 public:
  DepthBook() = default;
  // book_hash() is over wire values: price in 1e-9 = ticks * tick_size_e9, size = lots * lot_size.
  DepthBook(std::int64_t tick_size_e9, std::uint64_t lot_size)
      : tick_size_e9_(tick_size_e9), lot_size_(lot_size) {}

  // Follows one event. trade, status and definition change nothing but last_rpt().
  DepthError apply(const PublicEvent& event);

  // Snapshots: an order at the end of its level's queue, without an event.
  DepthError restore(const DepthOrder& order);
  // Snapshots: the next event's rpt_sequence must be the one after this.
  void continue_after(RptSequence last) { last_rpt_ = last; }
  // Empties the book; last_rpt() stays.
  void clear();

  BestPrices best() const;
  bool crossed() const;  // best bid >= best ask
  RptSequence last_rpt() const { return last_rpt_; }
  std::size_t order_count() const { return index_.size(); }
  std::size_t level_count(Side side) const { return ladder(side).size(); }
  std::uint64_t book_hash() const { return hash_; }

  // From now on, or no longer, remembers which levels change: the first entry of a price is the
  // level as it was at the last forget_touched().
  void note_touched(bool is_noting) {
    is_noting_ = is_noting;
    touched_.clear();
  }
  bool notes_touched() const { return is_noting_; }
  const std::vector<TouchedLevel>& touched() const { return touched_; }
  void forget_touched() { touched_.clear(); }

  // orders 0: no such level. `place` becomes the number of better levels, wherever it would stand.
  DepthLevel level(Side side, PriceTicks price, std::size_t* place = nullptr) const;
  // Fills `out` best level first and returns how many levels it wrote.
  std::size_t levels(Side side, std::span<DepthLevel> out) const;
  std::optional<DepthOrder> find(OrderId order_id) const;
  // The oldest order at the best price of a side: whom the next taker would hit.
  std::optional<DepthOrder> first(Side side) const;

  // Calls visit(const DepthOrder&) for every order of a side, best level first, oldest order first.
  template <class Visit>
  void for_each_order(Side side, Visit visit) const {
    const auto& rungs = ladder(side);
    for (std::size_t i = rungs.size(); i-- > 0;) {
      const Level& level = levels_[rungs[i].level];
      for (std::uint32_t at = level.first; at != none; at = orders_[at].next) {
        visit(DepthOrder{orders_[at].order_id, level.price, orders_[at].quantity, side});
      }
    }
  }

 private:
  static constexpr std::uint32_t none = OrderIndex::none;
  struct Order {
    OrderId order_id;
    QuantityLots quantity;
    std::uint32_t previous;  // older order of the level
    std::uint32_t next;      // younger order of the level, or next free slot
    std::uint32_t level;
  };
  struct Level {
    PriceTicks price;
    QuantityLots quantity;
    std::uint32_t first;  // oldest; or next free slot
    std::uint32_t last;
    std::uint32_t orders;
    Side side;
  };
  // Key: higher is better on both sides; sorted ascending, so that the best rung is the last.
  struct Rung {
    std::int64_t key;
    std::uint32_t level;
  };

  static std::int64_t key_of(Side side, PriceTicks price) {
    return side == Side::buy ? price.value() : ~price.value();
  }
  std::vector<Rung>& ladder(Side side) { return side == Side::buy ? bids_ : asks_; }
  const std::vector<Rung>& ladder(Side side) const { return side == Side::buy ? bids_ : asks_; }
  static std::size_t rung_at(const std::vector<Rung>& rungs, std::int64_t key);

  DepthError change(const PublicEvent& event);
  DepthError modify(const PublicEvent& event);
  DepthError reduce(const PublicEvent& event);
  void append(OrderId order_id, Side side, PriceTicks price, QuantityLots quantity,
              std::uint32_t slot);
  void unlink(std::uint32_t slot);
  void set_quantity(std::uint32_t slot, QuantityLots quantity);
  void toggle_hash(const Order& order, const Level& level);
  void touch(const Level& level) {
    if (is_noting_) [[unlikely]]
      touched_.push_back({level.price, level.quantity, level.orders, level.side});
  }
  std::uint32_t take_level(Side side, PriceTicks price);
  void drop_level(std::uint32_t level);

  std::vector<Order> orders_;
  std::vector<Level> levels_;
  std::vector<Rung> bids_;
  std::vector<Rung> asks_;
  OrderIndex index_;
  std::uint32_t free_order_ = none;
  std::uint32_t free_level_ = none;
  std::uint64_t hash_ = 0;
  RptSequence last_rpt_{0};
  std::vector<TouchedLevel> touched_;
  bool is_noting_ = false;
  std::int64_t tick_size_e9_ = 1;
  std::uint64_t lot_size_ = 1;
};

}  // namespace bourse
