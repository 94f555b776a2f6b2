#include "bench/twins/itch_twin.h"

#include <bit>
#include <cstring>

namespace bourse {
namespace {

template <class T>
T integer(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::byteswap(value);
}

}  // namespace

ItchTwin::ItchTwin(std::uint64_t references) : orders_(references + 1), books_(65'536) {}

std::uint64_t ItchTwin::build(std::span<const std::byte> bytes) {
  std::uint64_t messages = 0;
  const std::byte* const end = bytes.data() + bytes.size();
  for (const std::byte* at = bytes.data(); at != end; ++messages) {
    const std::byte* const m = at + 2;
    at = m + integer<std::uint16_t>(at);
    const auto locate = integer<std::uint16_t>(m + 1);
    switch (static_cast<char>(m[0])) {
      case 'A':
      case 'F': {
        const auto price = static_cast<std::int32_t>(integer<std::uint32_t>(m + 32));
        add(integer<std::uint64_t>(m + 11), locate,
            static_cast<char>(m[19]) == 'S' ? -price : price, integer<std::uint32_t>(m + 20));
        break;
      }
      case 'D':
        remove(orders_[integer<std::uint64_t>(m + 11)]);
        break;
      case 'E':
      case 'C':
      case 'X':
        reduce(integer<std::uint64_t>(m + 11), integer<std::uint32_t>(m + 19));
        break;
      case 'U': {
        const Order before = orders_[integer<std::uint64_t>(m + 11)];
        const bool is_ask = sums_[before.sum].price < 0;
        remove(before);
        const auto price = static_cast<std::int32_t>(integer<std::uint32_t>(m + 31));
        add(integer<std::uint64_t>(m + 19), before.locate, is_ask ? -price : price,
            integer<std::uint32_t>(m + 27));
        break;
      }
      default:
        break;
    }
  }
  return messages;
}

void ItchTwin::add(std::uint64_t reference, std::uint16_t locate, std::int32_t price,
                   std::uint32_t shares) {
  std::vector<Price>& prices = price < 0 ? books_[locate].asks : books_[locate].bids;
  std::size_t at = prices.size();
  while (at > 0 && prices[at - 1].price > price) --at;
  std::uint32_t sum = 0;
  if (at > 0 && prices[at - 1].price == price) {
    sum = prices[at - 1].sum;
  } else {
    if (free_sums_.empty()) {
      sum = static_cast<std::uint32_t>(sums_.size());
      sums_.push_back({});
    } else {
      sum = free_sums_.back();
      free_sums_.pop_back();
    }
    sums_[sum] = {price, 0};
    prices.insert(prices.begin() + static_cast<std::ptrdiff_t>(at), Price{price, sum});
  }
  sums_[sum].shares += shares;
  orders_[reference] = {shares, sum, locate};
}

void ItchTwin::remove(const Order& order) {
  Sum& sum = sums_[order.sum];
  sum.shares -= order.shares;
  if (sum.shares != 0) return;
  std::vector<Price>& prices =
      sum.price < 0 ? books_[order.locate].asks : books_[order.locate].bids;
  for (std::size_t at = prices.size(); at-- > 0;) {
    if (prices[at].price != sum.price) continue;
    prices.erase(prices.begin() + static_cast<std::ptrdiff_t>(at));
    break;
  }
  free_sums_.push_back(order.sum);
}

void ItchTwin::reduce(std::uint64_t reference, std::uint32_t shares) {
  Order& order = orders_[reference];
  if (shares == order.shares) return remove(order);
  order.shares -= shares;
  sums_[order.sum].shares -= shares;
}

std::int64_t ItchTwin::spreads() const {
  std::int64_t sum = 0;
  for (const Book& book : books_) {
    if (book.bids.empty() || book.asks.empty()) continue;
    sum += std::int64_t{book.bids.back().price} + book.asks.back().price;
  }
  return sum;
}

}  // namespace bourse
