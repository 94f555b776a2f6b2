// The twin of the feed handler: the least that a book builder can do, in the shape of the fastest
// public one (itch-order-book). It knows the sum of each price and nothing else: no queues, no
// checks, no end to its memory, which is as much as the day has references.
//   Shape:  orders in one array by reference, 12 bytes each, there from the start; the sums of all
//           prices in one array; two sorted vectors of prices per stock, best last, searched from
//           there one by one.
//   Units:  prices in 1e-4 dollars, asks below zero; shares.
//   Owner:  one thread.
//   Errors: none: it believes every message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bourse {

class ItchTwin {
 public:
  explicit ItchTwin(std::uint64_t references);  // the last of the day

  // Framed messages, as in a file; how many there were.
  std::uint64_t build(std::span<const std::byte> bytes);
  // Best bid minus best ask, summed up over all stocks that have both: to compare by.
  std::int64_t spreads() const;

 private:
  struct Order {
    std::uint32_t shares;
    std::uint32_t sum;
    std::uint16_t locate;
  };
  struct Sum {
    std::int32_t price;
    std::uint32_t shares;
  };
  struct Price {
    std::int32_t price;
    std::uint32_t sum;
  };
  struct Book {
    std::vector<Price> bids;
    std::vector<Price> asks;
  };

  void add(std::uint64_t reference, std::uint16_t locate, std::int32_t price, std::uint32_t shares);
  void remove(const Order& order);
  void reduce(std::uint64_t reference, std::uint32_t shares);

  std::vector<Order> orders_;
  std::vector<Sum> sums_;
  std::vector<std::uint32_t> free_sums_;
  std::vector<Book> books_;
};

}  // namespace bourse
