// All books of an ITCH day, built straight from its messages: every order in its queue, every
// stock, one order table. Nothing is matched; what Nasdaq says has happened is what happened.
//   Shape:  orders by reference (itch_order_table.h); levels with their queues in one pool
//           (itch_levels.h); the best prices of a side in one line (itch_ladder.h). A message
//           touches the entry and the order of its reference, the level, its place in the queue and
//           the line of the side; expect() asks for all these ahead.
//   Units:  prices in 1e-4 dollars, quantities in shares.
//   Owner:  one thread.
//   Errors: an ItchFault; the books are then as they were before the message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "matching/depth_book.h"           // DepthLevel, DepthOrder
#include "matching/engine.h"               // BestPrices
#include "matching/types.h"                // Side
#include "replay/itch/itch_ladder.h"       // ItchLadder, ItchFarRungs, itch_key
#include "replay/itch/itch_levels.h"       // ItchLevels
#include "replay/itch/itch_order_table.h"  // ItchOrder, ItchOrderTable
#include "replay/log/reserved_array.h"     // ReservedArray

namespace bourse {

enum class ItchFault : std::uint8_t {
  none = 0,
  unknown_reference = 1,    // of an order never seen, or gone, or of another stock
  duplicate_reference = 2,  // an order with this reference lives
  excess_quantity = 3,      // more shares executed or cancelled than the order has
  bad_field = 4,            // no side, no shares, reference 0, price 0 or 2^32 - 1
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
  ItchBooks();

  static constexpr std::uint32_t all_shares = 0;  // reduce(): whatever the order has

  // Follows one whole message of a right size. Types that are not about displayed orders do
  // nothing.
  ItchFault apply(std::span<const std::byte> message);

  // The same for the messages of a batch; how many were refused.
  std::uint64_t apply_all(std::span<const std::span<const std::byte>> messages);

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
    return crossed(books_[locate]);
  }
  std::uint64_t order_count(std::uint16_t locate) const;  // counts as many levels as there are
  // Fills `out` best level first and returns how many levels it wrote.
  std::size_t levels(std::uint16_t locate, Side side, std::span<DepthLevel> out) const;
  std::size_t level_count(std::uint16_t locate, Side side) const {
    return ladder(locate, side).size(far(locate, side));
  }
  std::optional<DepthOrder> find(std::uint16_t locate, std::uint64_t reference) const;
  // The oldest order at the best price of a side: whom the next taker would hit.
  std::optional<DepthOrder> first(std::uint16_t locate, Side side) const;
  // Calls visit(const DepthOrder&) for every order of a side, best level first, oldest order first.
  template <class Visit>
  void for_each_order(std::uint16_t locate, Side side, Visit visit) const {
    const std::size_t count = level_count(locate, side);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t level = ladder(locate, side).level(i, far(locate, side));
      levels_.for_each_slot(levels_[level], [&](std::uint32_t slot) {
        visit(order_at(slot));
        return true;
      });
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
  static constexpr std::size_t batch_max = 96;
  void expect(std::span<const std::span<const std::byte>> messages) const;

 private:
  // Two lines, and elsewhere what the best eight prices of each side leave over.
  struct Book {
    std::array<ItchLadder, 2> ladders;  // bids, asks
  };
  struct FarRungs {
    std::array<ItchFarRungs, 2> rungs;
  };
  static constexpr std::size_t locates = 65'536;

  ItchFault apply_one(const std::byte* message);
  ItchFault add_order(std::uint16_t locate, std::uint64_t reference, bool is_sell,
                      std::uint32_t shares, std::uint32_t price);
  ItchFault reduce_order(std::uint16_t locate, std::uint64_t reference, std::uint32_t shares,
                         bool is_whole, ItchChange& change);

  // Sides are a toss-up: numbers instead of branches.
  static std::size_t index_of(Side side) { return side == Side::sell; }
  // A side without orders has key 0, which is beyond any price of the other one.
  static bool crossed(const Book& book) {
    return book.ladders[0].best_key() >= ~book.ladders[1].best_key();
  }
  static bool is_price(std::uint32_t price) { return price + 1 > 1; }

  const ItchLadder& ladder(std::uint16_t locate, Side side) const {
    return books_[locate].ladders[index_of(side)];
  }
  const ItchFarRungs& far(std::uint16_t locate, Side side) const {
    static const ItchFarRungs none;
    return locate < far_.size() ? far_[locate].rungs[index_of(side)] : none;
  }
  ItchFarRungs& take_far(std::uint16_t locate, Side side) {
    if (locate >= far_.size()) far_.resize(std::size_t{locate} + 1);
    return far_[locate].rungs[index_of(side)];
  }

  DepthOrder order_at(std::uint32_t slot) const;
  void append(std::uint16_t locate, std::uint32_t slot, bool is_sell, std::uint32_t shares,
              std::uint32_t price);
  // The shares have left the level already.
  void remove(std::uint32_t slot, std::uint64_t reference, const ItchOrder& order);
  std::uint32_t open_level(std::uint16_t locate, bool is_sell, std::uint32_t price);
  void close_level(std::uint32_t level);

  ItchOrderTable orders_;
  ItchLevels levels_;
  ReservedArray<Book> books_{locates};
  std::vector<FarRungs> far_;  // by locate
  std::uint64_t crossed_count_ = 0;
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
