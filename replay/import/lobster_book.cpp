#include "replay/import/lobster_book.h"

#include <algorithm>
#include <limits>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

// Trading status as DBN numbers it, docs/PROTOCOL.md.
constexpr std::uint64_t status_quoting = 3;
constexpr std::uint64_t status_trading = 7;
constexpr std::uint64_t status_halt = 8;

// So many at a time of what the event buffer takes; more is a case for starting over.
constexpr std::size_t changes_max = 2048;
static_assert(3 * changes_max + 2 * LobsterRows::levels_max < EventBuffer::public_events_max);

PublicEvent event_of(EventKind kind, std::uint64_t aux) {
  PublicEvent event{};
  event.kind = kind;
  event.price = no_price;
  event.aux = aux;
  return event;
}
bool is_worse(Side side, std::int64_t price, std::int64_t than) {
  return side == Side::buy ? price < than : price > than;
}
std::uint64_t aux_of(CancelReason reason) { return static_cast<std::uint64_t>(reason); }

}  // namespace

void LobsterBook::follow(const LobsterMessage& message, const LobsterRow& row, EventBuffer& out) {
  out.clear();
  out_ = &out;
  const bool is_first = counts_.rows++ == 0;
  if (is_first) {
    // The first message is in the first row already; its prints are not.
    if (message.type > LobsterType::execute) print(message);
    start_over(row);
    ++counts_.explained;
  } else {
    change(message);
    if (match(Side::buy, row.bids) && match(Side::sell, row.asks)) {
      ++counts_.explained;
    } else {
      if (counts_.first_unexplained == 0) counts_.first_unexplained = counts_.rows;
      start_over(row);
    }
  }
  for (const Side side : {Side::buy, Side::sell}) {
    const auto& levels = side == Side::buy ? row.bids : row.asks;
    auto& horizon = horizon_[side == Side::sell];
    horizon.reset();
    if (levels.size() == levels_max_) horizon = levels.back().price;
  }
  if (!out.public_events().empty()) out.public_events().back().flags |= event_flags::last;
  out_ = nullptr;
}

void LobsterBook::change(const LobsterMessage& message) {
  switch (message.type) {
    case LobsterType::add: {
      // An order that went out of sight and came back without a word.
      if (const auto old = book_.find(OrderId{message.order})) remove_order(*old);
      PublicEvent event = event_of(EventKind::add, 0);
      event.side = message.side;
      event.order_id = OrderId{message.order};
      event.price = PriceTicks{message.price};
      event.quantity = event.leaves = QuantityLots{message.shares};
      return publish(event);
    }
    case LobsterType::reduce:
    case LobsterType::remove:
    case LobsterType::execute:
      return take(message);
    case LobsterType::execute_hidden:
    case LobsterType::cross:
    case LobsterType::halt:
      return print(message);
  }
}

// Shares of one order: of its own id, else of what rests at its price by other ids: what had been
// there before anybody told of it, and what may have been replaced out of sight.
void LobsterBook::take(const LobsterMessage& message) {
  if (const auto order = book_.find(OrderId{message.order})) {
    take_from(*order, message.shares, message.type);
    return;
  }
  ++counts_.unknown_orders;
  std::vector<DepthOrder> orders;
  book_.for_each_order(message.side, [&](const DepthOrder& order) {
    if (order.price.value() == message.price) orders.push_back(order);
  });
  std::uint64_t shares = message.shares;
  for (std::size_t i = 0; i < std::min(orders.size(), changes_max) && shares != 0; ++i) {
    shares -= take_from(orders[i], shares, message.type);
  }
}

std::uint64_t LobsterBook::take_from(const DepthOrder& order, std::uint64_t shares,
                                     LobsterType type) {
  const std::uint64_t taken = std::min(order.quantity.value(), shares);
  const CancelReason reason =
      type == LobsterType::remove ? CancelReason::requested : CancelReason::reduced;
  PublicEvent event = type == LobsterType::execute ? event_of(EventKind::execute, ++matches_)
                                                   : event_of(EventKind::cancel, aux_of(reason));
  event.side = order.side;
  event.order_id = order.order_id;
  event.price = order.price;
  event.quantity = QuantityLots{taken};
  event.leaves = QuantityLots{order.quantity.value() - taken};
  publish(event);
  return taken;
}

void LobsterBook::print(const LobsterMessage& message) {
  if (message.type == LobsterType::halt) {
    ++counts_.halts;
    constexpr std::uint64_t actions[] = {status_halt, status_quoting, status_trading};
    return publish(event_of(EventKind::status, actions[message.price + 1]));
  }
  const bool is_cross = message.type == LobsterType::cross;
  ++(is_cross ? counts_.crosses : counts_.hidden);
  PublicEvent event = event_of(EventKind::trade, ++matches_);
  event.side = is_cross ? Side::none : opposite(message.side);
  event.flags = is_cross ? event_flags::auction : std::uint16_t{0};
  event.price = PriceTicks{message.price};
  event.quantity = QuantityLots{message.shares};
  publish(event);
}

// Whether the side is what the row says, but for what had been out of sight: that is learnt.
bool LobsterBook::match(Side side, const std::vector<LobsterLevel>& levels) {
  std::vector<DepthLevel> ours(std::min(book_.level_count(side), levels_max_));
  book_.levels(side, ours);
  std::size_t same = 0;
  while (same < std::min(ours.size(), levels.size()) &&
         ours[same].price.value() == levels[same].price &&
         ours[same].quantity.value() == levels[same].shares) {
    ++same;
  }
  if (same == ours.size() && same == levels.size()) return true;
  const auto& horizon = horizon_[side == Side::sell];
  const auto was_out_of_sight = [&](std::int64_t price) {
    return horizon && is_worse(side, price, *horizon);
  };
  const bool is_explained = (same == ours.size() || was_out_of_sight(ours[same].price.value())) &&
                            (same == levels.size() || was_out_of_sight(levels[same].price));
  if (!is_explained) return false;
  // With fewer levels than a row can have, there is nothing behind them.
  const std::int64_t nothing = side == Side::buy ? 0 : std::numeric_limits<std::int64_t>::max();
  if (same < ours.size() &&
      !remove_levels(side, ours[same].price.value(),
                     levels.size() == levels_max_ ? levels.back().price : nothing)) {
    return false;
  }
  for (std::size_t i = same; i < levels.size(); ++i) learn(side, levels[i]);
  counts_.learnt += levels.size() - same;
  return true;
}

void LobsterBook::start_over(const LobsterRow& row) {
  if (book_.order_count() != 0) publish(event_of(EventKind::clear, 0));
  for (const LobsterLevel& level : row.bids) learn(Side::buy, level);
  for (const LobsterLevel& level : row.asks) learn(Side::sell, level);
}

void LobsterBook::learn(Side side, const LobsterLevel& level) {
  PublicEvent event = event_of(EventKind::add, 0);
  event.side = side;
  event.order_id = OrderId{++last_learnt_};
  event.price = PriceTicks{level.price};
  event.quantity = event.leaves = QuantityLots{level.shares};
  publish(event);
}

void LobsterBook::remove_order(const DepthOrder& order) {
  PublicEvent event = event_of(EventKind::cancel, aux_of(CancelReason::none));
  event.side = order.side;
  event.order_id = order.order_id;
  event.price = order.price;
  event.quantity = order.quantity;
  publish(event);
}

bool LobsterBook::remove_levels(Side side, std::int64_t from, std::int64_t last) {
  std::vector<DepthOrder> orders;
  book_.for_each_order(side, [&](const DepthOrder& order) {
    const std::int64_t price = order.price.value();
    if (!is_worse(side, from, price) && !is_worse(side, price, last)) orders.push_back(order);
  });
  if (orders.size() > changes_max) return false;
  for (const DepthOrder& order : orders) remove_order(order);
  return true;
}

void LobsterBook::publish(PublicEvent event) {
  event.symbol = symbol_;
  last_rpt_ = RptSequence{last_rpt_.value() + 1};
  event.rpt_sequence = last_rpt_;
  CHECK(book_.apply(event) == DepthError::none);
  out_->add_public() = event;
}

}  // namespace bourse
