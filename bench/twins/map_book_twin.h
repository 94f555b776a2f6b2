// The baseline of the book: what one writes first. A std::map of prices to lists of orders, a hash
// of ids, one mutex around it.
//   Shape:  price-time priority; takes the commands of bench/load/order_stream.h and counts trades
//           and open orders, so that the bench can see that both have done the same.
//   Owner:  any thread: that is what the mutex is for.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "matching/command.h"  // Command

namespace bourse {

class MapBookTwin {
 public:
  explicit MapBookTwin(std::uint32_t symbols) : books_(symbols + 1) {}

  void apply(const Command& command);

  std::uint64_t trades() const { return trades_; }
  std::uint64_t traded() const { return traded_; }  // quantity
  std::size_t open_orders() const { return orders_.size(); }

 private:
  struct Order {
    std::uint64_t id;
    std::uint64_t quantity;
  };
  using Level = std::list<Order>;
  struct Book {
    std::map<std::int64_t, Level, std::greater<>> bids;
    std::map<std::int64_t, Level> asks;
  };
  struct Place {
    std::uint32_t symbol;
    Side side;
    std::int64_t price;
    Level::iterator order;
  };

  template <class Levels>
  std::uint64_t take(Levels& levels, std::int64_t price, std::uint64_t quantity, bool is_buy);
  void add(std::uint32_t symbol, Side side, std::uint64_t id, std::int64_t price,
           std::uint64_t quantity, bool rests);
  bool remove(std::uint64_t id, Place& was);

  std::mutex mutex_;  // around everything
  std::vector<Book> books_;
  std::unordered_map<std::uint64_t, Place> orders_;
  std::uint64_t trades_ = 0;
  std::uint64_t traded_ = 0;
};

}  // namespace bourse
