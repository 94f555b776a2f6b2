// Continuous trading as the naive twin does it, and the orders that follow the market.
#include <algorithm>

#include "tests/matching/reference_engine.h"

namespace bourse {

const ReferenceOrder* ReferenceEngine::best(const Market& market, Side side) const {
  const Order* best = nullptr;
  for (const Order& order : market.orders) {
    if (order.place != Place::book || order.side() != side || order.at == no_price) continue;
    if (best == nullptr) {
      best = &order;
    } else if (order.at != best->at) {
      if ((order.at > best->at) == (side == Side::buy)) best = &order;
    } else if (order.is_hidden() != best->is_hidden()) {
      if (best->is_hidden()) best = &order;
    } else if (order.seniority < best->seniority) {
      best = &order;
    }
  }
  return best;
}

ReferenceOrder* ReferenceEngine::best(Market& market, Side side) {
  return const_cast<Order*>(best(static_cast<const Market&>(market), side));
}

PriceTicks ReferenceEngine::best_displayed(const Market& market, Side side) const {
  PriceTicks best = no_price;
  for (const Order& order : market.orders) {
    if (order.place != Place::book || order.side() != side || order.is_hidden()) continue;
    if (best == no_price || (order.at > best) == (side == Side::buy)) best = order.at;
  }
  return best;
}

// May an order of `side` with this limit trade at that price?
static bool reaches(Side side, PriceTicks limit, PriceTicks price) {
  if (limit == no_price) return true;
  return side == Side::buy ? price <= limit : price >= limit;
}

bool ReferenceEngine::crosses(const Market& market, Side side, PriceTicks price) const {
  const Order* const other = best(market, opposite(side));
  return other != nullptr && reaches(side, price, other->at);
}

PriceTicks ReferenceEngine::Market::reference() const {
  if (last_trade != no_price) return last_trade;
  return rules.reference_price ? rules.reference_price : no_price;
}

ReferenceEngine::End ReferenceEngine::match(Market& market, Order& taker, PriceTicks worst) {
  for (std::uint32_t met = 0; taker.shown; ++met) {
    Order* const maker = best(market, opposite(taker.side()));
    if (maker == nullptr || !reaches(taker.side(), worst, maker->at)) return End::no_match;
    if (met == matches_per_command_max) return End::out_of_budget;
    if (leaves_band(market, maker->at, market.reference())) return End::interrupted;
    ++matches_;
    if (!is_own(taker, *maker)) {
      trade(market, taker, *maker);
    } else if (prevent_self_trade(market, taker, *maker)) {
      return End::canceled;
    }
  }
  return End::filled;
}

void ReferenceEngine::trade(Market& market, Order& taker, Order& maker) {
  const QuantityLots quantity = std::min(taker.shown, maker.shown);
  ++match_id_;
  note_trade(market, maker.at);
  fill(taker, quantity);
  fill(maker, quantity);
  tell_fill(taker, quantity, maker.at, Liquidity::taker, 0);
  tell_fill(maker, quantity, maker.at, Liquidity::maker, 0);
  PublicEvent& event = show(market, EventKind::execute, maker);
  event.quantity = quantity;
  event.aux = match_id_;
  event.taker_order_id = taker.body().order_id;
  if (maker.is_hidden()) {
    event.kind = EventKind::trade;
    event.side = taker.side();
    event.order_id = OrderId{0};
    event.leaves = QuantityLots{0};
  }
  settle_maker(market, maker);
}

// After its shown part was reduced: it keeps its place, shows more behind the others, or is gone.
void ReferenceEngine::settle_maker(Market& market, Order& maker) {
  if (maker.shown) return;
  if (!maker.reserve) return close(market, maker);
  put_in_book(market, maker, maker.at);
  show_add(market, maker);
}

void ReferenceEngine::note_trade(Market& market, PriceTicks price) {
  market.last_trade = price;
  for (Order& order : market.orders) {
    if (!order.is_stop || !order.is(OrderType::trailing_stop)) continue;
    PriceTicks& seen = order.new_trade;
    if (seen == no_price || (price < seen) == order.buys()) seen = price;
  }
}

// True: the rest of the taker has been canceled.
bool ReferenceEngine::prevent_self_trade(Market& market, Order& taker, Order& maker) {
  constexpr std::uint32_t flag = exec_flags::self_trade_prevention;
  const auto cancel_maker = [&] {
    cancel(market, maker,
           {CancelReason::self_trade, event_flags::self_trade_prevention, flag,
            RejectReason::self_trade});
  };
  const auto cancel_taker = [&] {
    tell_over(taker, ExecType::canceled, RejectReason::self_trade, flag);
    return true;
  };
  const auto restate = [&](const Order& order) {
    ExecEvent report = about(order, ExecType::restated);
    report.flags = flag;
    tell(report);
  };
  switch (taker.body().self_trade_prevention) {
    case SelfTradePrevention::cancel_newest:
      return cancel_taker();
    case SelfTradePrevention::cancel_oldest:
      cancel_maker();
      return false;
    case SelfTradePrevention::cancel_both:
      cancel_maker();
      return cancel_taker();
    default:
      break;
  }
  const QuantityLots quantity = std::min(taker.shown, maker.shown);
  if (quantity == maker.open()) {
    cancel_maker();
  } else {
    if (!maker.is_hidden()) {
      const bool is_used_up = quantity == maker.shown;
      PublicEvent& event = show(market, is_used_up ? EventKind::cancel : EventKind::modify, maker);
      event.flags = event_flags::self_trade_prevention;
      event.leaves = maker.shown - quantity;
      if (is_used_up) {
        event.aux = static_cast<std::uint64_t>(CancelReason::self_trade);
      } else {
        event.flags |= event_flags::priority_kept;
        event.aux = maker.shown.value();
        event.quantity = event.leaves;
      }
    }
    maker.shown -= quantity;
    settle_maker(market, maker);
    restate(maker);
  }
  if (quantity == taker.shown) return cancel_taker();
  taker.shown -= quantity;
  restate(taker);
  return false;
}

// What is left of the taker rests if it may; else it expires.
void ReferenceEngine::end_taker(Market& market, Order& taker, End end) {
  if (end == End::interrupted) interrupt(market);
  if (end == End::filled || end == End::canceled) return close(market, taker);
  const TimeInForce tif = taker.body().time_in_force;
  const bool has_price = taker.is(OrderType::limit) || taker.is(OrderType::stop_limit);
  const bool may_rest = has_price && tif != TimeInForce::ioc && tif != TimeInForce::fok;
  if (may_rest && end != End::out_of_budget) {
    put_in_book(market, taker, taker.body().price);
    return show_add(market, taker);
  }
  RejectReason reason = taker.filled ? RejectReason::none : RejectReason::no_liquidity;
  if (end == End::out_of_budget) reason = RejectReason::book_full;
  if (end == End::interrupted) reason = RejectReason::price_collar;
  tell_over(taker, ExecType::expired, reason);
  close(market, taker);
}

// Could `quantity` be matched at once, within the budget of one command?
bool ReferenceEngine::leaves_band(const Market& market, PriceTicks price, PriceTicks from) const {
  const TickDelta band = market.rules.dynamic_band;
  if (band == TickDelta{0} || from == no_price) return false;
  return price > from + band || price < from - band;
}

// Does self-trade prevention stand between them? The taker's mode and scope decide.
bool ReferenceEngine::is_own(const Order& taker, const Order& maker) const {
  if (taker.body().self_trade_prevention == SelfTradePrevention::none) return false;
  if (taker.command.account != maker.command.account) return false;
  return !taker.has(order_flags::prevent_in_group) || taker.body().group == maker.body().group;
}

// Could `quantity` be matched at once: within the budget of one command, inside the dynamic band,
// and without meeting an order of its own?
bool ReferenceEngine::can_fill(const Market& market, const Order& taker, PriceTicks worst,
                               QuantityLots quantity) const {
  const Side side = taker.side();
  const std::vector<const Order*> makers = orders(market.symbol, opposite(side), Place::book);
  PriceTicks last_trade = market.reference();
  std::uint64_t budget = matches_per_command_max;
  for (std::size_t i = 0; i < makers.size();) {
    const PriceTicks price = makers[i]->at;
    if (price == no_price || !reaches(side, worst, price)) return false;
    if (leaves_band(market, price, last_trade)) return false;
    last_trade = price;
    std::vector<const Order*> level;
    QuantityLots total{0};
    for (; i < makers.size() && makers[i]->at == price; ++i) {
      level.push_back(makers[i]);
      total += makers[i]->open();
    }
    const bool is_last = total >= quantity;
    std::uint64_t matches = 0;
    QuantityLots walked{0};
    bool has_iceberg = false;
    for (const Order* order : level) {
      if (is_last && !has_iceberg && walked >= quantity) break;
      if (is_own(taker, *order)) return false;
      ++matches;
      walked += order->shown;
      if (!order->reserve || (is_last && !has_iceberg && walked >= quantity)) continue;
      has_iceberg = true;
      const std::uint64_t display = order->body().display_quantity.value();
      matches += (order->reserve.value() + display - 1) / display;
    }
    if (is_last) return matches <= budget;
    if (matches >= budget) return false;
    budget -= matches;
    quantity -= total;
  }
  return false;
}

PriceTicks ReferenceEngine::market_worst(const Market& market, const Order& order) const {
  const TickDelta distance = market.rules.market_protection;
  if (order.body().price != no_price || distance == TickDelta{0}) return order.body().price;
  const PriceTicks other = best_displayed(market, opposite(order.side()));
  if (other == no_price) return no_price;
  const PriceTicks worst = order.buys() ? other + distance : other - distance;
  return std::clamp(worst, market.instrument.price_min, market.instrument.price_max);
}

// The stop waits for its price, behind all others there.
void ReferenceEngine::wait(Market& market, Order& order) {
  order.place = Place::stops;
  order.seniority = ++seniority_;
  order.at = order.body().stop_price;
  if (!order.is(OrderType::trailing_stop)) return;
  order.at = no_price;
  if (order.best_trade == no_price) return;
  const TickDelta distance{order.body().stop_price.value()};
  order.at = std::clamp(order.buys() ? order.best_trade + distance : order.best_trade - distance,
                        market.instrument.price_min, market.instrument.price_max);
}

void ReferenceEngine::trigger(Market& market, Order& order) {
  take_out(market, order, CancelReason::none);
  order.is_stop = false;
  ++matches_;
  tell(about(order, ExecType::triggered));
  const PriceTicks worst =
      order.is(OrderType::stop_limit) ? order.body().price : market_worst(market, order);
  end_taker(market, order, match(market, order, worst));
}

void ReferenceEngine::move_trailing_stops(Market& market) {
  for (Order& order : market.orders) {
    if (!order.is_stop || order.new_trade == no_price) continue;
    const PriceTicks traded = order.new_trade;
    order.new_trade = no_price;
    const PriceTicks kept = order.best_trade;
    if (kept != no_price && (order.buys() ? traded >= kept : traded <= kept)) continue;
    order.best_trade = traded;
    wait(market, order);
  }
}

// Buys first; of a side the nearest to the market, of a price the oldest.
ReferenceOrder* ReferenceEngine::next_triggered(Market& market) {
  for (const Side side : {Side::buy, Side::sell}) {
    Order* first = nullptr;
    for (Order& order : market.orders) {
      if (order.place != Place::stops || order.side() != side || order.at == no_price) continue;
      if (market.last_trade == no_price) continue;
      if (side == Side::buy ? market.last_trade < order.at : market.last_trade > order.at) continue;
      const bool is_before =
          first == nullptr || (order.at != first->at ? (order.at < first->at) == (side == Side::buy)
                                                     : order.seniority < first->seniority);
      if (is_before) first = &order;
    }
    if (first != nullptr) return first;
  }
  return nullptr;
}

PriceTicks ReferenceEngine::peg_price(const Market& market, const Order& order) const {
  const PriceTicks bid = best_displayed(market, Side::buy);
  const PriceTicks ask = best_displayed(market, Side::sell);
  const PriceTicks own = order.buys() ? bid : ask;
  const PriceTicks other = order.buys() ? ask : bid;
  const TickDelta distance{order.body().stop_price.value()};
  PriceTicks price = no_price;
  if (order.command.peg == PegReference::primary) {
    price = own;
  } else if (order.command.peg == PegReference::market) {
    price = other;
  } else if (bid != no_price && ask != no_price) {
    const std::int64_t sum = bid.value() + ask.value();
    const std::int64_t low = sum >= 0 || sum % 2 == 0 ? sum / 2 : sum / 2 - 1;
    price = PriceTicks{order.buys() || sum % 2 == 0 ? low : low + 1};
  }
  if (price == no_price) return no_price;
  const PriceTicks limit = order.body().price;
  const TickDelta one{1};
  if (order.buys()) {
    price = price - distance;
    if (limit != no_price) price = std::min(price, limit);
    if (other != no_price) price = std::min(price, other - one);
  } else {
    price = price + distance;
    if (limit != no_price) price = std::max(price, limit);
    if (other != no_price) price = std::max(price, other + one);
  }
  const InstrumentBody& range = market.instrument;
  return price < range.price_min || price > range.price_max ? no_price : price;
}

// Puts a peg, which is in no queue, where it belongs. It may meet hidden orders on its way.
void ReferenceEngine::place_peg(Market& market, Order& order) {
  const PriceTicks price = peg_price(market, order);
  if (price != no_price && market.phase == Phase::continuous) {
    const End end = match(market, order, price);
    if (end == End::interrupted) interrupt(market);
    if (end == End::filled || end == End::canceled) return close(market, order);
    if (end == End::out_of_budget) {
      tell_over(order, ExecType::expired, RejectReason::book_full);
      return close(market, order);
    }
  }
  put_in_book(market, order, price);
}

// Moves every peg that stands at a wrong price, oldest first. False: there was no room for all.
bool ReferenceEngine::move_pegs(Market& market) {
  for (;;) {
    Order* wrong = nullptr;
    for (Order& order : market.orders) {
      if (!order.is(OrderType::pegged) || peg_price(market, order) == order.at) continue;
      wrong = &order;
      break;
    }
    if (wrong == nullptr) return true;
    if (matches_ >= cascade_matches_max) return false;
    take_out(market, *wrong, CancelReason::none);
    place_peg(market, *wrong);
  }
}

void ReferenceEngine::settle(Market& market) {
  for (;;) {
    move_trailing_stops(market);
    if (market.phase != Phase::continuous || !has_followers(market)) return;
    Order* const stop = next_triggered(market);
    if (stop != nullptr && matches_ < cascade_matches_max) {
      trigger(market, *stop);
      continue;
    }
    const std::uint64_t before = match_id_;
    if (stop != nullptr || !move_pegs(market)) return pend(market);
    if (match_id_ == before) return;
  }
}

bool ReferenceEngine::has_followers(const Market& market) const {
  return std::ranges::any_of(market.orders, [](const Order& order) { return order.follows(); });
}

}  // namespace bourse
