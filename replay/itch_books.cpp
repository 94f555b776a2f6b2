#include "replay/itch_books.h"

#include "replay/itch_messages.h"  // AddOrder, ..., decode

namespace bourse {
namespace {

// By table, not by a branch that is wrong half of the time.
constexpr std::array<Side, 256> sides = [] {
  std::array<Side, 256> table{};
  table['B'] = Side::buy;
  table['S'] = Side::sell;
  return table;
}();
Side side_of(char buy_sell_indicator) {
  return sides[static_cast<unsigned char>(buy_sell_indicator)];
}

}  // namespace

ItchFault ItchBooks::apply(std::span<const std::byte> message) {
  const std::byte* const bytes = message.data();
  const auto add_as = [&]<class Message>(const Message& m) {
    return add(m.header.stock_locate, m.order_reference_number, side_of(m.buy_sell_indicator),
               m.shares, m.price.value);
  };
  // An execution or a cancel of no shares is no message of Nasdaq's.
  const auto reduce_by = [&](const itch::MessageHeader& header, std::uint64_t reference,
                             std::uint32_t shares) {
    ItchChange change;
    return shares == 0 ? ItchFault::bad_field
                       : reduce(header.stock_locate, reference, shares, change);
  };
  switch (static_cast<char>(bytes[0])) {
    case itch::AddOrder::type:
      return add_as(itch::decode<itch::AddOrder>(bytes));
    case itch::AddOrderMpid::type:
      return add_as(itch::decode<itch::AddOrderMpid>(bytes));
    case itch::OrderDelete::type: {
      const auto m = itch::decode<itch::OrderDelete>(bytes);
      ItchChange change;
      return reduce(m.header.stock_locate, m.order_reference_number, all_shares, change);
    }
    case itch::OrderExecuted::type: {
      const auto m = itch::decode<itch::OrderExecuted>(bytes);
      return reduce_by(m.header, m.order_reference_number, m.executed_shares);
    }
    case itch::OrderExecutedWithPrice::type: {
      const auto m = itch::decode<itch::OrderExecutedWithPrice>(bytes);
      return reduce_by(m.header, m.order_reference_number, m.executed_shares);
    }
    case itch::OrderCancel::type: {
      const auto m = itch::decode<itch::OrderCancel>(bytes);
      return reduce_by(m.header, m.order_reference_number, m.cancelled_shares);
    }
    case itch::OrderReplace::type: {
      const auto m = itch::decode<itch::OrderReplace>(bytes);
      ItchChange change;
      return replace(m.header.stock_locate, m.original_order_reference_number,
                     m.new_order_reference_number, m.shares, m.price.value, change);
    }
    default:
      return ItchFault::none;
  }
}

ItchFault ItchBooks::add(std::uint16_t locate, std::uint64_t reference, Side side,
                         std::uint32_t shares, std::uint32_t price) {
  if (reference == 0 || shares == 0 || side == Side::none) return ItchFault::bad_field;
  if (orders_.find(reference) != 0) return ItchFault::duplicate_reference;
  append(locate, reference, side, shares, price);
  return ItchFault::none;
}

ItchFault ItchBooks::reduce(std::uint16_t locate, std::uint64_t reference, std::uint32_t shares,
                            ItchChange& change) {
  const std::uint32_t slot = orders_.find(reference);
  if (slot == 0) return ItchFault::unknown_reference;
  ItchOrder& order = orders_[slot];
  Level& level = levels_[order.level];
  if (level.locate != locate) return ItchFault::unknown_reference;
  if (shares > order.shares) return ItchFault::excess_quantity;
  const std::uint32_t taken = shares == all_shares ? order.shares : shares;
  change = {level.side, level.price, taken, order.shares - taken};
  if (change.leaves == 0) {
    remove(slot, reference);
  } else {
    order.shares -= taken;
    level.shares -= taken;
  }
  return ItchFault::none;
}

ItchFault ItchBooks::replace(std::uint16_t locate, std::uint64_t before, std::uint64_t after,
                             std::uint32_t shares, std::uint32_t price, ItchChange& change) {
  const std::uint32_t slot = orders_.find(before);
  if (slot == 0) return ItchFault::unknown_reference;
  const ItchOrder& order = orders_[slot];
  const Level& level = levels_[order.level];
  if (level.locate != locate) return ItchFault::unknown_reference;
  if (after == 0 || shares == 0) return ItchFault::bad_field;
  if (after != before && orders_.find(after) != 0) return ItchFault::duplicate_reference;
  change = {level.side, level.price, order.shares, 0};
  remove(slot, before);
  append(locate, after, change.side, shares, price);
  return ItchFault::none;
}

void ItchBooks::append(std::uint16_t locate, std::uint64_t reference, Side side,
                       std::uint32_t shares, std::uint32_t price) {
  const std::uint32_t at = take_level(locate, side, price);
  Level& level = levels_[at];
  const std::uint32_t slot = orders_.insert(reference);
  orders_[slot] = {.shares = shares, .previous = level.last, .next = 0, .level = at};
  (level.last != 0 ? orders_[level.last].next : level.first) = slot;
  level.last = slot;
  level.shares += shares;
  ++level.orders;
}

void ItchBooks::remove(std::uint32_t slot, std::uint64_t reference) {
  const ItchOrder order = orders_[slot];
  Level& level = levels_[order.level];
  // Chosen by address, not by a branch that is wrong half of the time.
  std::uint32_t* const from_older =
      order.previous != 0 ? &orders_[order.previous].next : &level.first;
  std::uint32_t* const from_younger = order.next != 0 ? &orders_[order.next].previous : &level.last;
  *from_older = order.next;
  *from_younger = order.previous;
  level.shares -= order.shares;
  if (--level.orders == 0) drop_level(order.level);
  orders_.erase(slot, reference);
}

std::size_t ItchBooks::far_rung_at(const Ladder& rungs, std::uint32_t key) {
  return static_cast<std::size_t>(
      std::lower_bound(rungs.begin(), rungs.end(), key,
                       [](const Rung& rung, std::uint32_t k) { return rung.key < k; }) -
      rungs.begin());
}

std::uint32_t ItchBooks::take_level(std::uint16_t locate, Side side, std::uint32_t price) {
  Book& book = locate < books_.size() ? books_[locate] : grow_to(locate);
  Ladder& rungs = book.rungs[index_of(side)];
  const std::uint32_t key = key_of(side, price);
  const std::size_t at = rungs.empty() ? 0 : rung_at(rungs, key);
  if (at < rungs.size() && rungs[at].key == key) {
    if (crossed(book)) [[unlikely]]
      ++crossed_count_;
    return rungs[at].level;
  }
  std::uint32_t level = free_level_;
  if (level != 0) {
    free_level_ = levels_[level].next_free;
  } else {
    CHECK(levels_end_ < levels_.size());
    level = levels_end_++;
  }
  levels_[level] = {.shares = 0,
                    .first = 0,
                    .last = 0,
                    .orders = 0,
                    .price = price,
                    .locate = locate,
                    .side = side,
                    .next_free = 0};
  rungs.insert(at, Rung{key, level});
  book.best[index_of(side)] = rungs.back().key;
  if (crossed(book)) [[unlikely]]
    ++crossed_count_;
  return level;
}

void ItchBooks::drop_level(std::uint32_t level) {
  Level& dropped = levels_[level];
  Book& book = books_[dropped.locate];
  Ladder& rungs = book.rungs[index_of(dropped.side)];
  const std::size_t at = rung_at(rungs, key_of(dropped.side, dropped.price));
  rungs.erase(at);
  if (!rungs.empty()) book.best[index_of(dropped.side)] = rungs.back().key;
  dropped.next_free = free_level_;
  free_level_ = level;
}

void ItchBooks::Ladder::insert(std::size_t at, Rung rung) {
  if (size_ == room_) {
    const std::uint32_t room = std::max(8u, 2 * room_);
    auto larger = std::make_unique<Rung[]>(spare_front + room);
    if (size_ != 0) std::copy(begin(), end(), larger.get() + spare_front);
    rungs_ = std::move(larger);
    room_ = room;
  }
  Rung* const place = rungs_.get() + spare_front + at;
  std::copy_backward(place, rungs_.get() + spare_front + size_,
                     rungs_.get() + spare_front + size_ + 1);
  *place = rung;
  ++size_;
}

void ItchBooks::Ladder::erase(std::size_t at) {
  Rung* const place = rungs_.get() + spare_front + at;
  std::copy(place + 1, rungs_.get() + spare_front + size_, place);
  --size_;
}

ItchBooks::Book& ItchBooks::grow_to(std::uint16_t locate) {
  books_.resize(std::size_t{locate} + 1);
  return books_[locate];
}

std::uint64_t ItchBooks::order_count(std::uint16_t locate) const {
  std::uint64_t sum = 0;
  if (locate >= books_.size()) return sum;
  for (const auto& rungs : books_[locate].rungs) {
    for (const Rung& rung : rungs) sum += levels_[rung.level].orders;
  }
  return sum;
}

BestPrices ItchBooks::best(std::uint16_t locate) const {
  BestPrices prices{no_price, no_price, QuantityLots{0}, QuantityLots{0}, 0, 0};
  const auto first_level = [&](Side side) -> const Level* {
    if (locate >= books_.size()) return nullptr;
    const auto& rungs = books_[locate].rungs[index_of(side)];
    return rungs.empty() ? nullptr : &levels_[rungs.back().level];
  };
  if (const Level* const bid = first_level(Side::buy)) {
    prices.bid = PriceTicks{bid->price};
    prices.bid_quantity = QuantityLots{bid->shares};
    prices.bid_orders = bid->orders;
  }
  if (const Level* const ask = first_level(Side::sell)) {
    prices.ask = PriceTicks{ask->price};
    prices.ask_quantity = QuantityLots{ask->shares};
    prices.ask_orders = ask->orders;
  }
  return prices;
}

std::size_t ItchBooks::levels(std::uint16_t locate, Side side, std::span<DepthLevel> out) const {
  if (locate >= books_.size()) return 0;
  const auto& rungs = books_[locate].rungs[index_of(side)];
  const std::size_t count = std::min(out.size(), rungs.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Level& level = levels_[rungs[rungs.size() - 1 - i].level];
    out[i] = {PriceTicks{level.price}, QuantityLots{level.shares}, level.orders};
  }
  return count;
}

DepthOrder ItchBooks::order_at(std::uint32_t slot) const {
  const ItchOrder& order = orders_[slot];
  const Level& level = levels_[order.level];
  return {OrderId{orders_.reference(slot)}, PriceTicks{level.price}, QuantityLots{order.shares},
          level.side};
}

std::optional<DepthOrder> ItchBooks::find(std::uint16_t locate, std::uint64_t reference) const {
  const std::uint32_t slot = orders_.find(reference);
  if (slot == 0 || levels_[orders_[slot].level].locate != locate) return std::nullopt;
  return order_at(slot);
}

std::optional<DepthOrder> ItchBooks::first(std::uint16_t locate, Side side) const {
  if (locate >= books_.size()) return std::nullopt;
  const auto& rungs = books_[locate].rungs[index_of(side)];
  if (rungs.empty()) return std::nullopt;
  return order_at(levels_[rungs.back().level].first);
}

std::uint64_t ItchBooks::bytes() const {
  std::uint64_t sum = orders_.bytes() + levels_end_ * sizeof(Level) + books_.size() * sizeof(Book);
  for (const Book& book : books_) {
    for (const auto& rungs : book.rungs) sum += rungs.bytes();
  }
  return sum;
}

}  // namespace bourse
