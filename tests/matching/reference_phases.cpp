// Phases, auctions and time as the naive twin does them.
#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "matching/auction_terms.h"  // AuctionTerms, pack
#include "tests/matching/reference_engine.h"

namespace bourse {

__extension__ using SignedWide = __int128;  // sums that never overflow

TimeNs ReferenceEngine::Market::timer() const {
  if (!change_at) return indicative_at;
  return indicative_at ? std::min(change_at, indicative_at) : change_at;
}

void ReferenceEngine::enter_phase(Market& market, Phase phase, TimeNs change_at, Phase next_phase) {
  market.phase = phase;
  market.change_at = change_at;
  market.next_phase = next_phase;
  market.told = {};
  const bool tells = market.rules.indicative_ns != 0 && collects(phase) && phase != Phase::pre_open;
  market.indicative_at = tells ? now_ : TimeNs{0};
  // The action codes of docs/PROTOCOL.md, by phase.
  static constexpr std::uint64_t actions[] = {0, 1, 2, 7, 9, 8, 11, 12};
  show(market, EventKind::status).aux =
      market.is_delisted ? 15 : actions[static_cast<std::size_t>(phase)];
}

void ReferenceEngine::interrupt(Market& market) {
  const std::int64_t lasts = market.rules.volatility_ns;
  market.resume_change_at = market.change_at;
  market.resume_next_phase = market.next_phase;
  enter_phase(market, Phase::volatility_auction, TimeNs{lasts == 0 ? 0 : now_.value() + lasts},
              lasts == 0 ? Phase::none : Phase::continuous);
}

void ReferenceEngine::set_phase(const Command& command) {
  const PhaseBody& body = command.phase;
  Market* const market = this->market(command.symbol);
  if (market == nullptr) return reject(command, RejectReason::unknown_instrument);
  if (market->is_delisted) return reject(command, RejectReason::delisted);
  const bool known = body.phase >= Phase::pre_open && body.phase <= Phase::closed &&
                     body.next_phase <= Phase::closed;
  const bool timed = body.change_at > command.time && body.next_phase != Phase::none;
  const bool untimed = body.change_at == TimeNs{0} && body.next_phase == Phase::none;
  if (!known || (!timed && !untimed)) return reject(command, RejectReason::bad_field);
  if (market->is_uncrossing) return reject(command, RejectReason::wrong_phase);
  market->resume_change_at = TimeNs{0};
  market->resume_next_phase = Phase::none;
  change_phase(*market, body.phase, body.change_at, body.next_phase);
}

void ReferenceEngine::change_phase(Market& market, Phase phase, TimeNs change_at,
                                   Phase next_phase) {
  const bool matches_first = (phase == Phase::continuous && market.phase != Phase::continuous) ||
                             (phase == Phase::closed && collects(market.phase));
  const PriceTicks price = matches_first ? auction(market).price : no_price;
  market.change_at = change_at;
  market.next_phase = next_phase;
  market.phase_after = phase;
  market.uncross_price = price;
  market.is_uncrossing = true;  // perhaps of nothing
  continue_market(market);
}

// What is not finished: an auction, a sweep, the followers.
void ReferenceEngine::continue_market(Market& market) {
  if (market.is_uncrossing) {
    if (market.uncross_price != no_price && !uncross(market)) return pend(market);
    market.is_uncrossing = false;
    enter_phase(market, market.phase_after, market.change_at, market.next_phase);
    if (market.phase == Phase::closed) {
      market.sweep = BookSweep::day_orders;
      market.sweep_side = Side::none;
    }
  }
  if (market.sweep != BookSweep::none) {
    sweep_market(market);
    if (market.sweep != BookSweep::none) return;
  }
  settle(market);
}

// Every price at which something changes, and its neighbours, is tried.
ReferenceEngine::Auction ReferenceEngine::auction(const Market& market) const {
  std::set<std::int64_t> prices;
  for (const Order& order : market.orders) {
    if (order.place != Place::book || order.at == no_price) continue;
    for (int step = -1; step <= 1; ++step) prices.insert(order.at.value() + step);
  }
  const PriceTicks reference = market.reference();
  if (reference != no_price) prices.insert(reference.value());
  Auction best;
  std::uint64_t best_distance = 0;
  for (const std::int64_t price : prices) {
    QuantityLots bids{0};
    QuantityLots asks{0};
    for (const Order& order : market.orders) {
      if (order.place != Place::book || order.at == no_price) continue;
      if (order.buys() && order.at.value() >= price) bids += order.open();
      if (!order.buys() && order.at.value() <= price) asks += order.open();
    }
    const Auction here{PriceTicks{price}, std::min(bids, asks),
                       bids == asks  ? Side::none
                       : bids > asks ? Side::buy
                                     : Side::sell,
                       std::max(bids, asks) - std::min(bids, asks)};
    if (!here.paired) continue;
    const std::uint64_t distance =
        reference == no_price ? 0 : static_cast<std::uint64_t>(std::abs(reference.value() - price));
    // Most quantity, then least surplus, then nearest to the reference, then the lower price.
    const bool better =
        best.price == no_price ||
        std::tuple(best.paired, here.surplus, distance, price) <
            std::tuple(here.paired, best.surplus, best_distance, best.price.value());
    if (!better) continue;
    best = here;
    best_distance = distance;
  }
  return best;
}

// False: the transaction has no room for all.
bool ReferenceEngine::uncross(Market& market) {
  const PriceTicks price = market.uncross_price;
  for (std::uint32_t matched = 0;; ++matched) {
    Order* const buy = best(market, Side::buy);
    Order* const sell = best(market, Side::sell);
    if (buy == nullptr || sell == nullptr || buy->at < price || sell->at > price) return true;
    if (matched == auction_matches_max) return false;
    matches_ += 2;  // both sides have events of their own
    ++match_id_;
    const QuantityLots quantity = std::min(buy->shown, sell->shown);
    note_trade(market, price);
    fill(*buy, quantity);
    fill(*sell, quantity);
    show_auction_match(market, *buy, *sell, quantity);
    tell_fill(*buy, quantity, price, Liquidity::none, exec_flags::auction);
    tell_fill(*sell, quantity, price, Liquidity::none, exec_flags::auction);
    settle_maker(market, *buy);
    settle_maker(market, *sell);
  }
}

void ReferenceEngine::show_auction_match(Market& market, const Order& buy, const Order& sell,
                                         QuantityLots quantity) {
  const PriceTicks price = market.uncross_price;
  const auto complete = [&](PublicEvent& event) {
    event.price = price;
    event.quantity = quantity;
    event.aux = match_id_;
    event.flags = event_flags::auction;
  };
  bool is_told = false;
  for (const bool buys : {true, false}) {
    const Order& order = buys ? buy : sell;
    const Order& other = buys ? sell : buy;
    if (order.is_hidden()) continue;
    PublicEvent& event = show(market, EventKind::execute, order);
    complete(event);
    if (is_told) event.flags |= event_flags::auction_other_side;
    if (!other.is_hidden()) event.taker_order_id = other.body().order_id;
    is_told = true;
  }
  if (!is_told) complete(show(market, EventKind::trade));
}

TimeNs ReferenceEngine::due() const {
  if (!sweeping_.empty() || !pending_.empty()) return now_;
  TimeNs first = never;
  const auto consider = [&](TimeNs time) {
    if (time) first = std::min(first, time);
  };
  for (const auto& [symbol, market] : markets_) {
    consider(market.timer());
    for (const Order& order : market.orders) consider(order.body().expire_at);
  }
  for (const auto& [number, account] : accounts_) consider(account.dead_man_at);
  return first;
}

// One unit of whatever is due.
void ReferenceEngine::clock() {
  if (!sweeping_.empty()) {
    const AccountId account = sweeping_.front();
    sweeping_.pop_front();
    return sweep_account(account);
  }
  if (!pending_.empty()) {
    Market& market = markets_.at(pending_.front());
    pending_.pop_front();
    return continue_market(market);
  }
  if (expire_orders()) return;
  AccountId first_account{0};
  for (const auto& [number, account] : accounts_) {
    if (!account.dead_man_at || account.dead_man_at > now_) continue;
    if (!first_account || account.dead_man_at < accounts_[first_account].dead_man_at) {
      first_account = number;
    }
  }
  if (first_account) {
    Account& account = accounts_[first_account];
    account.dead_man_at = TimeNs{0};
    account.sweep = account.dead_man;
    account.sweep.cause = MassCancelCause::dead_man;
    return sweep_account(first_account);
  }
  Market* first = nullptr;
  for (auto& [symbol, market] : markets_) {
    if (!market.timer() || market.timer() > now_) continue;
    if (first == nullptr || market.timer() < first->timer()) first = &market;
  }
  if (first != nullptr) symbol_is_due(*first);
}

bool ReferenceEngine::expire_orders() {
  std::uint32_t expired = 0;
  for (; expired < cancels_per_command_max; ++expired) {
    Market* in = nullptr;
    Order* first = nullptr;
    for (auto& [symbol, market] : markets_) {
      for (Order& order : market.orders) {
        const TimeNs at = order.body().expire_at;
        if (!at || at > now_) continue;
        // The lower id is the older order.
        const bool is_before =
            first == nullptr || std::pair(at, order.body().order_id) <
                                    std::pair(first->body().expire_at, first->body().order_id);
        if (!is_before) continue;
        in = &market;
        first = &order;
      }
    }
    if (first == nullptr) break;
    cancel(*in, *first, {CancelReason::expired, event_flags::expired, 0, RejectReason::none});
    if (has_followers(*in)) pend(*in);
  }
  return expired != 0;
}

void ReferenceEngine::symbol_is_due(Market& market) {
  if (market.change_at && market.change_at <= now_) {
    const TimeNs change_at = std::exchange(market.resume_change_at, TimeNs{0});
    const Phase next_phase = std::exchange(market.resume_next_phase, Phase::none);
    return change_phase(market, market.next_phase, change_at, next_phase);
  }
  const Auction found = auction(market);
  if (found != market.told) {
    market.told = found;
    PublicEvent& event = show(market, EventKind::imbalance);
    event.price = found.price;
    event.quantity = found.paired;
    event.side = found.side;
    event.leaves = found.surplus;
    AuctionTerms terms{.ends_at = market.change_at,
                       .reference = market.reference(),
                       .upper_collar = no_price,
                       .lower_collar = no_price,
                       .phase = market.phase};
    const SignedWide middle = market.rules.reference_price.value();
    const SignedWide band = market.rules.static_band.value();
    if (middle != 0 && band != 0) {
      const SignedWide upper =
          std::min<SignedWide>(middle + band, market.instrument.price_max.value());
      const SignedWide lower =
          std::max<SignedWide>(middle - band, market.instrument.price_min.value());
      terms.upper_collar = PriceTicks{static_cast<std::int64_t>(upper)};
      terms.lower_collar = PriceTicks{static_cast<std::int64_t>(lower)};
    }
    pack(terms, event);
  }
  market.indicative_at = TimeNs{now_.value() + market.rules.indicative_ns};
}

}  // namespace bourse
