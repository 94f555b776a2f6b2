#include "replay/itch/itch_books.h"

#include <algorithm>

#include "matching/check.h"             // CHECK
#include "replay/itch/itch_messages.h"  // AddOrder, ..., decode

// What a message runs through is one piece of code, without calls: hence always_inline.
namespace bourse {

ItchBooks::ItchBooks() { CHECK(books_.size() == locates); }

[[gnu::always_inline]] inline void ItchBooks::append(std::uint16_t locate, std::uint32_t slot,
                                                     bool is_sell, std::uint32_t shares,
                                                     std::uint32_t price) {
  const Book& book = books_[locate];
  std::uint32_t at = book.ladders[is_sell].near(itch_key(is_sell, price));
  if (at == 0) [[unlikely]]
    at = open_level(locate, is_sell, price);
  ItchLevel& level = levels_[at];
  orders_[slot] = {.shares = shares, .level = at, .place = levels_.append(level, slot, orders_)};
  level.shares += shares;
  crossed_count_ += crossed(book);
}

[[gnu::always_inline]] inline void ItchBooks::remove(std::uint32_t slot, std::uint64_t reference,
                                                     const ItchOrder& order) {
  ItchLevel& level = levels_[order.level];
  levels_.leave(level, order.place);
  if (level.orders == 0) [[unlikely]]
    close_level(order.level);
  orders_.erase(slot, reference);
}

[[gnu::always_inline]] inline ItchFault ItchBooks::add_order(std::uint16_t locate,
                                                             std::uint64_t reference, bool is_sell,
                                                             std::uint32_t shares,
                                                             std::uint32_t price) {
  if (reference == 0 || shares == 0 || !is_price(price)) [[unlikely]]
    return ItchFault::bad_field;
  const std::uint32_t slot = orders_.insert(reference);
  if (slot == 0) [[unlikely]]
    return ItchFault::duplicate_reference;
  append(locate, slot, is_sell, shares, price);
  return ItchFault::none;
}

[[gnu::always_inline]] inline ItchFault ItchBooks::reduce_order(std::uint16_t locate,
                                                                std::uint64_t reference,
                                                                std::uint32_t shares, bool is_whole,
                                                                ItchChange& change) {
  const std::uint32_t slot = orders_.find(reference);
  if (slot == 0) [[unlikely]]
    return ItchFault::unknown_reference;
  const ItchOrder order = orders_[slot];
  ItchLevel& level = levels_[order.level];
  if (level.locate != locate) [[unlikely]]
    return ItchFault::unknown_reference;
  const std::uint32_t taken = is_whole ? order.shares : shares;
  if (taken > order.shares) [[unlikely]]
    return ItchFault::excess_quantity;
  change = {level.side, level.price, taken, order.shares - taken};
  level.shares -= taken;
  if (taken == order.shares) {
    remove(slot, reference, order);
  } else {
    orders_[slot].shares = order.shares - taken;
  }
  return ItchFault::none;
}

[[gnu::always_inline]] inline ItchFault ItchBooks::apply_one(const std::byte* message) {
  const auto type = static_cast<unsigned char>(message[0]);
  if (itch::is_add[type] != 0) {
    const auto m = itch::decode<itch::AddOrder>(message);  // stands at the same places in both
    if (m.buy_sell_indicator != 'B' && m.buy_sell_indicator != 'S') [[unlikely]]
      return ItchFault::bad_field;
    return add_order(m.header.stock_locate, m.order_reference_number, m.buy_sell_indicator == 'S',
                     m.shares, m.price.value);
  }
  if (itch::is_reduction[type] != 0) [[likely]] {
    // A delete ends where the shares of the others stand: what is read for it counts for nothing.
    const auto m = itch::decode<itch::OrderDelete>(message);
    const bool is_whole = type == itch::OrderDelete::type;
    itch::FieldReader read(message + itch::message_bytes<itch::OrderDelete> - 4 * is_whole);
    std::uint32_t shares;
    read("shares", shares);
    // An execution or a cancel of no shares is no message of Nasdaq's.
    if (shares == 0 && !is_whole) [[unlikely]]
      return ItchFault::bad_field;
    ItchChange change;
    return reduce_order(m.header.stock_locate, m.order_reference_number, shares, is_whole, change);
  }
  if (type == itch::OrderReplace::type) {
    const auto m = itch::decode<itch::OrderReplace>(message);
    ItchChange change;
    return replace(m.header.stock_locate, m.original_order_reference_number,
                   m.new_order_reference_number, m.shares, m.price.value, change);
  }
  return ItchFault::none;
}

ItchFault ItchBooks::apply(std::span<const std::byte> message) { return apply_one(message.data()); }

std::uint64_t ItchBooks::apply_all(std::span<const std::span<const std::byte>> messages) {
  std::uint64_t refused = 0;
  for (const auto message : messages) refused += apply_one(message.data()) != ItchFault::none;
  return refused;
}

ItchFault ItchBooks::add(std::uint16_t locate, std::uint64_t reference, Side side,
                         std::uint32_t shares, std::uint32_t price) {
  if (side == Side::none) return ItchFault::bad_field;
  return add_order(locate, reference, side == Side::sell, shares, price);
}

ItchFault ItchBooks::reduce(std::uint16_t locate, std::uint64_t reference, std::uint32_t shares,
                            ItchChange& change) {
  return reduce_order(locate, reference, shares, shares == all_shares, change);
}

ItchFault ItchBooks::replace(std::uint16_t locate, std::uint64_t before, std::uint64_t after,
                             std::uint32_t shares, std::uint32_t price, ItchChange& change) {
  const std::uint32_t slot = orders_.find(before);
  if (slot == 0) return ItchFault::unknown_reference;
  const ItchOrder order = orders_[slot];
  ItchLevel& level = levels_[order.level];
  if (level.locate != locate) return ItchFault::unknown_reference;
  if (after == 0 || shares == 0 || !is_price(price)) return ItchFault::bad_field;
  if (after != before && orders_.find(after) != 0) return ItchFault::duplicate_reference;
  change = {level.side, level.price, order.shares, 0};
  level.shares -= order.shares;
  remove(slot, before, order);
  append(locate, orders_.insert(after), change.side == Side::sell, shares, price);
  return ItchFault::none;
}

// The level of a price that is not among the best eight: far away, or new.
std::uint32_t ItchBooks::open_level(std::uint16_t locate, bool is_sell, std::uint32_t price) {
  ItchLadder& ladder = books_[locate].ladders[is_sell];
  const Side side = is_sell ? Side::sell : Side::buy;
  const std::uint32_t key = itch_key(is_sell, price);
  ItchFarRungs& far = take_far(locate, side);
  if (ladder.is_beyond(key)) {
    if (const std::uint32_t found = ItchLadder::find_far(key, far); found != 0) return found;
  }
  const std::uint32_t level = levels_.open(locate, side, price);
  ladder.insert({key, level}, far);
  return level;
}

void ItchBooks::close_level(std::uint32_t at) {
  const ItchLevel& level = levels_[at];
  const bool is_sell = level.side == Side::sell;
  books_[level.locate].ladders[is_sell].erase(itch_key(is_sell, level.price),
                                              take_far(level.locate, level.side));
  levels_.close(at);
}

std::uint64_t ItchBooks::order_count(std::uint16_t locate) const {
  std::uint64_t sum = 0;
  for (const Side side : {Side::buy, Side::sell}) {
    for (std::size_t i = level_count(locate, side); i-- > 0;) {
      sum += levels_[ladder(locate, side).level(i, far(locate, side))].orders;
    }
  }
  return sum;
}

BestPrices ItchBooks::best(std::uint16_t locate) const {
  BestPrices prices{no_price, no_price, QuantityLots{0}, QuantityLots{0}, 0, 0};
  if (const auto& bids = ladder(locate, Side::buy); !bids.empty()) {
    const ItchLevel& bid = levels_[bids.best_level()];
    prices.bid = PriceTicks{bid.price};
    prices.bid_quantity = QuantityLots{bid.shares};
    prices.bid_orders = bid.orders;
  }
  if (const auto& asks = ladder(locate, Side::sell); !asks.empty()) {
    const ItchLevel& ask = levels_[asks.best_level()];
    prices.ask = PriceTicks{ask.price};
    prices.ask_quantity = QuantityLots{ask.shares};
    prices.ask_orders = ask.orders;
  }
  return prices;
}

std::size_t ItchBooks::levels(std::uint16_t locate, Side side, std::span<DepthLevel> out) const {
  const std::size_t count = std::min(out.size(), level_count(locate, side));
  for (std::size_t i = 0; i < count; ++i) {
    const ItchLevel& level = levels_[ladder(locate, side).level(i, far(locate, side))];
    out[i] = {PriceTicks{level.price}, QuantityLots{level.shares}, level.orders};
  }
  return count;
}

DepthOrder ItchBooks::order_at(std::uint32_t slot) const {
  const ItchOrder& order = orders_[slot];
  const ItchLevel& level = levels_[order.level];
  return {OrderId{orders_.reference(slot)}, PriceTicks{level.price}, QuantityLots{order.shares},
          level.side};
}

std::optional<DepthOrder> ItchBooks::find(std::uint16_t locate, std::uint64_t reference) const {
  const std::uint32_t slot = orders_.find(reference);
  if (slot == 0 || levels_[orders_[slot].level].locate != locate) return std::nullopt;
  return order_at(slot);
}

std::optional<DepthOrder> ItchBooks::first(std::uint16_t locate, Side side) const {
  std::optional<DepthOrder> first;
  if (const auto& rungs = ladder(locate, side); !rungs.empty()) {
    levels_.for_each_slot(levels_[rungs.best_level()], [&](std::uint32_t slot) {
      first = order_at(slot);
      return false;
    });
  }
  return first;
}

std::uint64_t ItchBooks::bytes() const {
  std::uint64_t sum = orders_.bytes() + levels_.bytes() + far_.size() * sizeof(FarRungs);
  for (const FarRungs& far : far_) {
    for (const auto& rungs : far.rungs) sum += rungs.capacity() * sizeof(ItchRung);
  }
  for (std::size_t i = 0; i < locates; ++i) {
    sum += books_[i].ladders[0].empty() && books_[i].ladders[1].empty() ? 0 : sizeof(Book);
  }
  return sum;
}

}  // namespace bourse
