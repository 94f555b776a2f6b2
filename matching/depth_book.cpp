#include "matching/depth_book.h"

#include <algorithm>

namespace bourse {

std::string_view to_string(DepthError error) {
  switch (error) {
    case DepthError::none:
      return "none";
    case DepthError::unknown_order:
      return "unknown order";
    case DepthError::duplicate_order:
      return "duplicate order";
    case DepthError::quantity_mismatch:
      return "quantity mismatch";
    case DepthError::rpt_gap:
      return "gap in rpt_sequence";
    case DepthError::bad_event:
      return "bad event";
    case DepthError::unknown_symbol:
      return "unknown symbol";
    case DepthError::sequence_gap:
      return "gap in sequence";
  }
  return "?";
}

// One odd multiplier per field, added, then the finaliser of splitmix64. Part of the protocol.
std::uint64_t order_hash(OrderId order_id, std::int64_t price, std::uint64_t quantity, Side side) {
  std::uint64_t x = order_id.value() * 0x9e3779b97f4a7c15u +
                    static_cast<std::uint64_t>(price) * 0xc2b2ae3d27d4eb4fu +
                    quantity * 0x165667b19e3779f9u +
                    static_cast<std::uint64_t>(side) * 0xd6e8feb86659fd93u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

DepthError DepthBook::apply(const PublicEvent& event) {
  if (event.rpt_sequence.value() != last_rpt_.value() + 1) return DepthError::rpt_gap;
  const DepthError error = change(event);
  if (error == DepthError::none) last_rpt_ = event.rpt_sequence;
  return error;
}

DepthError DepthBook::change(const PublicEvent& event) {
  switch (event.kind) {
    case EventKind::add:
      return restore({event.order_id, event.price, event.quantity, event.side});
    case EventKind::modify:
      return modify(event);
    case EventKind::cancel:
    case EventKind::execute:
      return reduce(event);
    case EventKind::clear:
      clear();
      return DepthError::none;
    case EventKind::trade:
    case EventKind::status:
    case EventKind::definition:
    case EventKind::imbalance:
    case EventKind::bust:
      return DepthError::none;
    case EventKind::none:
      break;
  }
  return DepthError::bad_event;
}

DepthError DepthBook::restore(const DepthOrder& order) {
  const bool is_sided = order.side == Side::buy || order.side == Side::sell;
  if (!is_sided || !order.order_id || !order.quantity) return DepthError::bad_event;
  std::uint32_t slot = free_order_;
  if (slot == none) slot = static_cast<std::uint32_t>(orders_.size());
  if (!index_.insert(order.order_id, slot)) return DepthError::duplicate_order;
  if (free_order_ == none) {
    orders_.emplace_back();
  } else {
    free_order_ = orders_[slot].next;
  }
  append(order.order_id, order.side, order.price, order.quantity, slot);
  return DepthError::none;
}

DepthError DepthBook::modify(const PublicEvent& event) {
  const std::uint32_t slot = index_.find(event.order_id);
  if (slot == none) return DepthError::unknown_order;
  const QuantityLots quantity = orders_[slot].quantity;
  const Level& level = levels_[orders_[slot].level];
  if (event.side != level.side || !event.quantity) return DepthError::bad_event;
  if (event.aux != quantity.value()) return DepthError::quantity_mismatch;

  const bool is_same_price = event.price == level.price;
  bool is_kept = (event.flags & event_flags::priority_kept) != 0;
  const bool is_lost = (event.flags & event_flags::priority_lost) != 0;
  if ((is_kept && is_lost) || (is_kept && !is_same_price)) return DepthError::bad_event;
  if (!is_kept && !is_lost) is_kept = is_same_price && event.quantity <= quantity;
  if (is_kept) {
    set_quantity(slot, event.quantity);
  } else {
    unlink(slot);
    append(event.order_id, event.side, event.price, event.quantity, slot);
  }
  return DepthError::none;
}

DepthError DepthBook::reduce(const PublicEvent& event) {
  const std::uint32_t slot = index_.find(event.order_id);
  if (slot == none) return DepthError::unknown_order;
  const Order& order = orders_[slot];
  if (event.side != levels_[order.level].side || !event.quantity) return DepthError::bad_event;
  // Two comparisons, because a sum of the event's two numbers could overflow.
  if (event.quantity > order.quantity || order.quantity - event.quantity != event.leaves) {
    return DepthError::quantity_mismatch;
  }
  if (event.leaves) {
    set_quantity(slot, event.leaves);
  } else {
    unlink(slot);
    index_.erase(event.order_id);
    orders_[slot].next = free_order_;
    free_order_ = slot;
  }
  return DepthError::none;
}

void DepthBook::clear() {
  if (is_noting_) {
    for (const auto* const rungs : {&bids_, &asks_}) {
      for (const Rung& rung : *rungs) touch(levels_[rung.level]);
    }
  }
  orders_.clear();
  levels_.clear();
  bids_.clear();
  asks_.clear();
  index_.clear();
  free_order_ = free_level_ = none;
  hash_ = 0;
}

void DepthBook::append(OrderId order_id, Side side, PriceTicks price, QuantityLots quantity,
                       std::uint32_t slot) {
  const std::uint32_t at = take_level(side, price);
  Level& level = levels_[at];
  touch(level);
  orders_[slot] = {order_id, quantity, level.last, none, at};
  (level.last == none ? level.first : orders_[level.last].next) = slot;
  level.last = slot;
  level.quantity += quantity;
  ++level.orders;
  toggle_hash(orders_[slot], level);
}

void DepthBook::unlink(std::uint32_t slot) {
  const Order& order = orders_[slot];
  Level& level = levels_[order.level];
  touch(level);
  toggle_hash(order, level);
  (order.previous == none ? level.first : orders_[order.previous].next) = order.next;
  (order.next == none ? level.last : orders_[order.next].previous) = order.previous;
  level.quantity -= order.quantity;
  if (--level.orders == 0) drop_level(order.level);
}

void DepthBook::set_quantity(std::uint32_t slot, QuantityLots quantity) {
  Order& order = orders_[slot];
  Level& level = levels_[order.level];
  touch(level);
  toggle_hash(order, level);
  level.quantity = level.quantity - order.quantity + quantity;
  order.quantity = quantity;
  toggle_hash(order, level);
}

void DepthBook::toggle_hash(const Order& order, const Level& level) {
  // Unsigned, so that units no sane instrument has wrap instead of being undefined.
  const auto price = static_cast<std::int64_t>(static_cast<std::uint64_t>(level.price.value()) *
                                               static_cast<std::uint64_t>(tick_size_e9_));
  hash_ ^= order_hash(order.order_id, price, order.quantity.value() * lot_size_, level.side);
}

// The first rung whose key is not lower, looked for from the best end, where nearly all events are.
std::size_t DepthBook::rung_at(const std::vector<Rung>& rungs, std::int64_t key) {
  constexpr std::size_t near_rungs = 8;
  std::size_t at = rungs.size();
  for (std::size_t i = 0; i < near_rungs && at > 0; ++i, --at) {
    if (rungs[at - 1].key < key) return at;
  }
  const auto end = rungs.begin() + static_cast<std::ptrdiff_t>(at);
  return static_cast<std::size_t>(
      std::ranges::lower_bound(rungs.begin(), end, key, {}, &Rung::key) - rungs.begin());
}

std::uint32_t DepthBook::take_level(Side side, PriceTicks price) {
  std::vector<Rung>& rungs = ladder(side);
  const std::int64_t key = key_of(side, price);
  const std::size_t at = rung_at(rungs, key);
  if (at < rungs.size() && rungs[at].key == key) return rungs[at].level;

  std::uint32_t level = free_level_;
  if (level == none) {
    level = static_cast<std::uint32_t>(levels_.size());
    levels_.emplace_back();
  } else {
    free_level_ = levels_[level].first;
  }
  levels_[level] = {price, QuantityLots{0}, none, none, 0, side};
  rungs.insert(rungs.begin() + static_cast<std::ptrdiff_t>(at), {key, level});
  return level;
}

void DepthBook::drop_level(std::uint32_t level) {
  std::vector<Rung>& rungs = ladder(levels_[level].side);
  const std::size_t at = rung_at(rungs, key_of(levels_[level].side, levels_[level].price));
  rungs.erase(rungs.begin() + static_cast<std::ptrdiff_t>(at));
  levels_[level].first = free_level_;
  free_level_ = level;
}

BestPrices DepthBook::best() const {
  BestPrices best{no_price, no_price, QuantityLots{0}, QuantityLots{0}, 0, 0};
  if (!bids_.empty()) {
    const Level& level = levels_[bids_.back().level];
    best.bid = level.price;
    best.bid_quantity = level.quantity;
    best.bid_orders = level.orders;
  }
  if (!asks_.empty()) {
    const Level& level = levels_[asks_.back().level];
    best.ask = level.price;
    best.ask_quantity = level.quantity;
    best.ask_orders = level.orders;
  }
  return best;
}

bool DepthBook::crossed() const {
  return !bids_.empty() && !asks_.empty() &&
         levels_[bids_.back().level].price >= levels_[asks_.back().level].price;
}

DepthLevel DepthBook::level(Side side, PriceTicks price, std::size_t* place) const {
  const std::vector<Rung>& rungs = ladder(side);
  const std::int64_t key = key_of(side, price);
  const std::size_t at = rung_at(rungs, key);
  const bool is_there = at < rungs.size() && rungs[at].key == key;
  if (place != nullptr) *place = rungs.size() - at - (is_there ? 1 : 0);
  if (!is_there) return {price, QuantityLots{0}, 0};
  const Level& found = levels_[rungs[at].level];
  return {found.price, found.quantity, found.orders};
}

std::size_t DepthBook::levels(Side side, std::span<DepthLevel> out) const {
  const std::vector<Rung>& rungs = ladder(side);
  const std::size_t count = std::min(out.size(), rungs.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Level& level = levels_[rungs[rungs.size() - 1 - i].level];
    out[i] = {level.price, level.quantity, level.orders};
  }
  return count;
}

std::optional<DepthOrder> DepthBook::find(OrderId order_id) const {
  const std::uint32_t slot = index_.find(order_id);
  if (slot == none) return std::nullopt;
  const Order& order = orders_[slot];
  const Level& level = levels_[order.level];
  return DepthOrder{order.order_id, level.price, order.quantity, level.side};
}

std::optional<DepthOrder> DepthBook::first(Side side) const {
  const std::vector<Rung>& rungs = ladder(side);
  if (rungs.empty()) return std::nullopt;
  const Level& level = levels_[rungs.back().level];
  const Order& order = orders_[level.first];
  return DepthOrder{order.order_id, level.price, order.quantity, side};
}

}  // namespace bourse
