// All books of an ITCH day, built straight from its messages: every order in its queue, every
// stock, one order table. Nothing is matched; what Nasdaq says has happened is what happened.
//   Shape:  orders by reference (itch_order_table.h), linked oldest to youngest per level; levels
//           in one pool; the prices of a side in a sorted array, best last, 8 bytes each; a stock
//           is one line. A message touches the entry and the order of its reference, the neighbours
//           in the queue and the level; expect() asks for all these ahead.
//   Units:  prices in 1e-4 dollars, quantities in shares.
//   Owner:  one thread.
//   Errors: an ItchFault; the books are then as they were before the message.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "matching/depth_book.h"      // DepthLevel, DepthOrder
#include "matching/engine.h"          // BestPrices
#include "matching/types.h"           // Side
#include "replay/itch_order_table.h"  // ItchOrder, ItchOrderTable
#include "replay/reserved_array.h"    // ReservedArray

namespace bourse {

enum class ItchFault : std::uint8_t {
  none = 0,
  unknown_reference = 1,    // of an order never seen, or gone, or of another stock
  duplicate_reference = 2,  // an order with this reference lives
  excess_quantity = 3,      // more shares executed or cancelled than the order has
  bad_field = 4,            // no side, no shares, reference 0
};
inline constexpr std::size_t itch_fault_count = 5;

// What a message did to an order.
struct ItchChange {
  Side side;
  std::uint32_t price;
  std::uint32_t shares;  // taken away
  std::uint32_t leaves;  // 0 = the order is gone
};

class ItchBooks {
 public:
  static constexpr std::uint32_t all_shares = 0;  // reduce(): whatever the order has

  // Follows one whole message of a right size. Types that are not about displayed orders do
  // nothing.
  ItchFault apply(std::span<const std::byte> message);

  // The same by the parts of a message. A stock is known by its locate number.
  ItchFault add(std::uint16_t locate, std::uint64_t reference, Side side, std::uint32_t shares,
                std::uint32_t price);
  ItchFault reduce(std::uint16_t locate, std::uint64_t reference, std::uint32_t shares,
                   ItchChange& change);
  // The new order keeps the side and queues anew; `before` is what became of the old one.
  ItchFault replace(std::uint16_t locate, std::uint64_t before, std::uint64_t after,
                    std::uint32_t shares, std::uint32_t price, ItchChange& change);

  BestPrices best(std::uint16_t locate) const;
  bool crossed(std::uint16_t locate) const {  // best bid >= best ask
    return locate < books_.size() && crossed(books_[locate]);
  }
  std::uint64_t order_count(std::uint16_t locate) const;  // counts as many levels as there are
  // Fills `out` best level first and returns how many levels it wrote.
  std::size_t levels(std::uint16_t locate, Side side, std::span<DepthLevel> out) const;
  std::size_t level_count(std::uint16_t locate, Side side) const {
    return locate < books_.size() ? books_[locate].rungs[index_of(side)].size() : 0;
  }
  std::optional<DepthOrder> find(std::uint16_t locate, std::uint64_t reference) const;
  // The oldest order at the best price of a side: whom the next taker would hit.
  std::optional<DepthOrder> first(std::uint16_t locate, Side side) const;
  // Calls visit(const DepthOrder&) for every order of a side, best level first, oldest order first.
  template <class Visit>
  void for_each_order(std::uint16_t locate, Side side, Visit visit) const {
    if (locate >= books_.size()) return;
    const auto& rungs = books_[locate].rungs[index_of(side)];
    for (std::size_t i = rungs.size(); i-- > 0;) {
      const Level& level = levels_[rungs[i].level];
      for (std::uint32_t at = level.first; at != 0; at = orders_[at].next) visit(order_at(at));
    }
  }

  // Of all stocks.
  std::uint64_t order_count() const { return orders_.size(); }
  // Orders that left their book crossed when they came.
  std::uint64_t crossed_count() const { return crossed_count_; }
  // All that orders, levels and ladders have touched so far.
  std::uint64_t bytes() const;

  // Asks for the memory that these messages, which are to be applied next, will touch, so that the
  // misses of all of them pass at the same time and not one after another. Changes nothing.
  // REQUIRES: each message has the size of its type; at most batch_max of them.
  static constexpr std::size_t batch_max = 32;
  void expect(std::span<const std::span<const std::byte>> messages) const;

 private:
  // Key: higher is better on both sides; sorted ascending, so that the best rung is the last.
  struct Rung {
    std::uint32_t key;
    std::uint32_t level;
  };
  // The rungs of a side, behind a few spare ones of key 0 that let a search near the best price
  // read the same number of them always.
  class Ladder {
   public:
    static constexpr std::uint32_t spare_front = 8;

    Ladder() = default;
    const Rung* begin() const { return rungs_.get() + spare_front; }
    const Rung* end() const { return begin() + size_; }
    const Rung& operator[](std::size_t at) const { return begin()[at]; }
    const Rung& back() const { return end()[-1]; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::uint64_t bytes() const { return (spare_front + room_) * sizeof(Rung); }
    void insert(std::size_t at, Rung rung);
    void erase(std::size_t at);
    // Whatever the ladder's size: where its best eight lie, for hints.
    const Rung* best_eight() const { return rungs_.get() + size_; }

   private:
    std::unique_ptr<Rung[]> rungs_;
    std::uint32_t size_ = 0;
    std::uint32_t room_ = 0;
  };
  struct Level {
    std::uint64_t shares;
    std::uint32_t first;  // oldest order
    std::uint32_t last;
    std::uint32_t orders;
    std::uint32_t price;
    std::uint16_t locate;
    Side side;
    std::uint32_t next_free;
  };
  static_assert(sizeof(Level) == 32);
  struct alignas(64) Book {
    std::array<Ladder, 2> rungs;        // bids, asks
    std::array<std::uint32_t, 2> best;  // keys, where there are rungs
  };
  static_assert(sizeof(Book) == 64);

  // Sides are a toss-up: numbers instead of branches.
  static std::size_t index_of(Side side) { return side == Side::sell; }
  static std::uint32_t key_of(bool is_sell, std::uint32_t price) {
    return price ^ (0u - std::uint32_t{is_sell});
  }
  static std::uint32_t key_of(Side side, std::uint32_t price) {
    return key_of(side == Side::sell, price);
  }
  static bool crossed(const Book& book) {
    return !book.rungs[0].empty() && !book.rungs[1].empty() && book.best[0] >= ~book.best[1];
  }
  // The first rung as good as this key. Most changes are near the best price: all of the best eight
  // are compared, without a branch, and the rest is searched only where they are all better.
  // REQUIRES: the ladder has held a rung.
  static std::size_t rung_at(const Ladder& rungs, std::uint32_t key) {
    constexpr std::size_t near = Ladder::spare_front;
    const Rung* const best = rungs.end() - near;
    std::size_t as_good = 0;
    for (std::size_t i = 0; i < near; ++i) as_good += best[i].key >= key;
    const std::size_t size = rungs.size();
    if (as_good < near || size <= near) [[likely]]
      return size - std::min(as_good, size);
    return far_rung_at(rungs, key);
  }
  static std::size_t far_rung_at(const Ladder& rungs, std::uint32_t key);

  DepthOrder order_at(std::uint32_t slot) const;
  void append(std::uint16_t locate, std::uint64_t reference, Side side, std::uint32_t shares,
              std::uint32_t price);
  void remove(std::uint32_t slot, std::uint64_t reference);
  std::uint32_t take_level(std::uint16_t locate, Side side, std::uint32_t price);
  void drop_level(std::uint32_t level);
  Book& grow_to(std::uint16_t locate);

  ItchOrderTable orders_;
  ReservedArray<Level> levels_{std::size_t{1} << 28};
  std::vector<Book> books_;  // by locate
  std::uint64_t crossed_count_ = 0;
  std::uint32_t levels_end_ = 1;  // level 0 stands for none
  std::uint32_t free_level_ = 0;
};

// One of the books, to be read; holds as long as they do.
class ItchBook {
 public:
  ItchBook(const ItchBooks& books, std::uint16_t locate) : books_(books), locate_(locate) {}

  BestPrices best() const { return books_.best(locate_); }
  bool crossed() const { return books_.crossed(locate_); }
  std::uint64_t order_count() const { return books_.order_count(locate_); }
  std::size_t level_count(Side side) const { return books_.level_count(locate_, side); }
  std::size_t levels(Side side, std::span<DepthLevel> out) const {
    return books_.levels(locate_, side, out);
  }
  std::optional<DepthOrder> find(OrderId reference) const {
    return books_.find(locate_, reference.value());
  }
  std::optional<DepthOrder> first(Side side) const { return books_.first(locate_, side); }
  template <class Visit>
  void for_each_order(Side side, Visit visit) const {
    books_.for_each_order(locate_, side, visit);
  }

 private:
  const ItchBooks& books_;
  std::uint16_t locate_;
};

}  // namespace bourse
