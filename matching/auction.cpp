#include "matching/auction.h"

#include <algorithm>

namespace bourse {
namespace {

constexpr TickDelta one{1};

// The levels of one side, best first, with the quantity of all that were passed.
class Walk {
 public:
  Walk(const BookMemory& memory, const Ladder& ladder)
      : memory_(memory), ladder_(ladder), at_(ladder.best()) {}
  bool is_over() const { return at_ == no_handle; }
  PriceTicks price() const { return memory_.ladders.levels[at_].price; }
  QuantityLots open() const {
    return memory_.ladders.levels[at_].total + memory_.ladders.levels[at_].hidden_total;
  }
  void next() { at_ = ladder_.next_worse(memory_.ladders, at_); }

 private:
  const BookMemory& memory_;
  const Ladder& ladder_;
  Handle at_;
};

struct Range {
  PriceTicks low;
  PriceTicks high;
  QuantityLots bids;  // at every price of the range, or better
  QuantityLots asks;
  QuantityLots surplus() const { return std::max(bids, asks) - std::min(bids, asks); }
};

std::uint64_t distance(PriceTicks a, PriceTicks b) {
  const auto x = static_cast<std::uint64_t>(a.value());
  const auto y = static_cast<std::uint64_t>(b.value());
  return a < b ? y - x : x - y;
}

PriceTicks nearest(const Range& range, PriceTicks reference) {
  return reference == no_price ? range.low : std::clamp(reference, range.low, range.high);
}

AuctionPrice priced(const Range& range, PriceTicks price) {
  const Side side = range.bids == range.asks  ? Side::none
                    : range.bids > range.asks ? Side::buy
                                              : Side::sell;
  return {price, std::min(range.bids, range.asks), side, range.surplus()};
}

}  // namespace

// Bids and asks are met level by level until they no longer cross. The last of both that were
// needed, at `high` and `low`, bound the prices at which the most is traded. Between them at most
// one side has further levels at any price (or more could be traded), so the surplus falls from
// one end, is least where neither has, and rises to the other end.
AuctionPrice find_auction_price(const BookMemory& memory, const Book& book) {
  Walk bid(memory, book.ladder(Side::buy));
  Walk ask(memory, book.ladder(Side::sell));
  QuantityLots bids{0};  // of the levels met so far
  QuantityLots asks{0};
  PriceTicks high = no_price;
  PriceTicks low = no_price;
  for (;;) {
    const bool needs_bid = bids <= asks;
    const bool needs_ask = asks <= bids;
    if ((needs_bid && bid.is_over()) || (needs_ask && ask.is_over())) break;
    const PriceTicks bid_price = needs_bid ? bid.price() : high;
    const PriceTicks ask_price = needs_ask ? ask.price() : low;
    if (bid_price < ask_price) break;
    if (needs_bid) {
      high = bid_price;
      bids += bid.open();
      bid.next();
    }
    if (needs_ask) {
      low = ask_price;
      asks += ask.open();
      ask.next();
    }
  }
  if (high == no_price) return {no_price, QuantityLots{0}, Side::none, QuantityLots{0}};
  const PriceTicks reference = book.trading.reference();
  const bool bid_inside = !bid.is_over() && bid.price() >= low;
  const bool ask_inside = !ask.is_over() && ask.price() <= high;
  const Range middle{bid_inside ? bid.price() + one : low, ask_inside ? ask.price() - one : high,
                     bids, asks};
  if (middle.low <= middle.high) return priced(middle, nearest(middle, reference));
  // The next levels of both sides are neighbours: one of them is in surplus at any price.
  Range left{low, bid.price(), bids + bid.open(), asks};
  Range right{ask.price(), high, bids, asks + ask.open()};
  bid.next();
  if (!bid.is_over() && bid.price() >= low) left.low = bid.price() + one;
  ask.next();
  if (!ask.is_over() && ask.price() <= high) right.high = ask.price() - one;
  const PriceTicks left_price = nearest(left, reference);
  const PriceTicks right_price = nearest(right, reference);
  const bool takes_left = left.surplus() != right.surplus()
                              ? left.surplus() < right.surplus()
                              : reference == no_price || distance(left_price, reference) <=
                                                             distance(right_price, reference);
  return takes_left ? priced(left, left_price) : priced(right, right_price);
}

}  // namespace bourse
