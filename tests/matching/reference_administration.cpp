// Many orders at once, and what administrators change, as the naive twin does it.
#include <algorithm>

#include "tests/matching/reference_engine.h"

#include "matching/busted_trades.h"  // busted_trades_max
#include "matching/instruments.h"    // check_instrument, quantity_most

namespace bourse {

void ReferenceEngine::cancel_one(const Command& command) {
  const auto [market, order] = find(command);
  if (order == nullptr) return reject(command, RejectReason::unknown_order);
  cancel(*market, *order, {});
  settle(*market);
}

ReferenceEngine::Words ReferenceEngine::words_of(MassCancelCause cause) {
  switch (cause) {
    case MassCancelCause::disconnect:
      return {CancelReason::disconnect, event_flags::cancel_on_disconnect,
              exec_flags::cancel_on_disconnect, RejectReason::none};
    case MassCancelCause::dead_man:
      return {CancelReason::dead_man, 0, exec_flags::dead_man, RejectReason::none};
    case MassCancelCause::kill_switch:
      return {CancelReason::kill_switch, 0, exec_flags::kill_switch,
              RejectReason::account_disabled};
    case MassCancelCause::administrator:
      return {CancelReason::mass_cancel, 0, exec_flags::administrator, RejectReason::none};
    case MassCancelCause::requested:
      break;
  }
  return {CancelReason::mass_cancel, 0, exec_flags::mass_cancel, RejectReason::none};
}

void ReferenceEngine::mass_cancel(const Command& command) {
  const MassCancelBody& body = command.mass_cancel;
  Market* const market = this->market(command.symbol);
  if (command.symbol && market == nullptr) {
    return reject(command, RejectReason::unknown_instrument);
  }
  if (body.side > Side::sell || body.cause > MassCancelCause::administrator) {
    return reject(command, RejectReason::bad_field);
  }
  if (command.account) {
    acknowledge(command);
    accounts_[command.account].sweep = {command.symbol, body.side,  body.group,
                                        body.session,   body.cause, body.on_disconnect_only};
    return sweep_account(command.account);
  }
  if (market == nullptr) return reject(command, RejectReason::bad_field);
  market->sweep = BookSweep::all_orders;
  market->sweep_side = body.side;
  market->sweep_cause = body.cause;
  sweep_market(*market);
  settle(*market);
}

void ReferenceEngine::sweep_account(AccountId number) {
  const Sweep& sweep = accounts_[number].sweep;
  const Words words = words_of(sweep.cause);
  for (std::uint32_t canceled = 0;; ++canceled) {
    Market* in = nullptr;
    Order* oldest = nullptr;
    for (auto& [symbol, market] : markets_) {
      if (sweep.symbol && symbol != sweep.symbol) continue;
      for (Order& order : market.orders) {
        const bool fits =
            order.command.account == number &&
            (sweep.side == Side::none || order.side() == sweep.side) &&
            (!sweep.group || order.body().group == sweep.group) &&
            (!sweep.session || order.command.session == sweep.session) &&
            (!sweep.on_disconnect_only || order.has(order_flags::cancel_on_disconnect));
        if (!fits || (oldest != nullptr && oldest->birth < order.birth)) continue;
        in = &market;
        oldest = &order;
      }
    }
    if (oldest == nullptr) return;
    if (canceled == cancels_per_command_max) {
      if (std::ranges::find(sweeping_, number) == sweeping_.end()) sweeping_.push_back(number);
      return;
    }
    cancel(*in, *oldest, words);
    if (has_followers(*in)) pend(*in);
  }
}

// Bids, asks, buy stops, sell stops, then followers without a price.
void ReferenceEngine::sweep_market(Market& market) {
  const bool day_only = market.sweep == BookSweep::day_orders;
  Words words = words_of(market.sweep_cause);
  if (day_only) words = {CancelReason::expired, event_flags::expired, 0, RejectReason::none};
  if (market.is_delisted) {
    words = {CancelReason::delisted, 0, exec_flags::administrator, RejectReason::delisted};
  }
  std::vector<const Order*> all;
  std::vector<const Order*> without_price;
  for (const Place place : {Place::book, Place::stops}) {
    for (const Side side : {Side::buy, Side::sell}) {
      for (const Order* order : orders(market.symbol, side, place)) {
        (order->at == no_price ? without_price : all).push_back(order);
      }
    }
  }
  std::ranges::sort(without_price, {}, [](const Order* order) { return order->birth; });
  all.insert(all.end(), without_price.begin(), without_price.end());
  std::uint32_t canceled = 0;
  for (const Order* order : all) {
    if (day_only && order->body().time_in_force != TimeInForce::day) continue;
    if (market.sweep_side != Side::none && order->side() != market.sweep_side) continue;
    if (canceled == cancels_per_command_max) return pend(market);
    cancel(market, const_cast<Order&>(*order), words);
    ++canceled;
    ++matches_;
  }
  market.sweep = BookSweep::none;
}

void ReferenceEngine::pend(Market& market) {
  if (std::ranges::find(pending_, market.symbol) == pending_.end()) {
    pending_.push_back(market.symbol);
  }
}

void ReferenceEngine::cancel_after(const Command& command) {
  const CancelAfterBody& body = command.cancel_after;
  constexpr std::int64_t most = std::int64_t{1} << 62;
  if (body.after_ns < 0 || body.after_ns >= most) return reject(command, RejectReason::bad_field);
  Account& account = accounts_[command.account];
  account.dead_man.group = body.group;
  account.dead_man.session = body.session;
  account.dead_man_at = TimeNs{body.after_ns == 0 ? 0 : command.time.value() + body.after_ns};
  acknowledge(command);
}

void ReferenceEngine::define_instrument(const Command& command) {
  const InstrumentBody& body = command.instrument;
  const RejectReason entry = check_instrument(body);
  if (entry != RejectReason::none) return reject(command, entry);
  for (const auto& [symbol, market] : markets_) {
    if (market.instrument.symbol_view() != body.symbol_view()) continue;
    const bool same = std::memcmp(&market.instrument, &body, sizeof body) == 0;
    return same ? void() : reject(command, RejectReason::instrument_exists);
  }
  const SymbolId lowest{markets_.empty() ? 1 : markets_.rbegin()->first.value() + 1};
  const SymbolId symbol = command.symbol ? command.symbol : lowest;
  if (symbol < lowest) return reject(command, RejectReason::bad_instrument);
  if (symbol.value() > limits_.symbols_max) return reject(command, RejectReason::book_full);
  Market& market = markets_[symbol];
  market.symbol = symbol;
  market.instrument = body;
  show(market, EventKind::definition);
}

void ReferenceEngine::change_instrument(const Command& command) {
  const InstrumentBody& body = command.instrument;
  Market* const market = this->market(command.symbol);
  if (market == nullptr) return reject(command, RejectReason::unknown_instrument);
  if (market->is_delisted) return reject(command, RejectReason::delisted);
  const RejectReason entry = check_instrument(body);
  if (entry != RejectReason::none) return reject(command, entry);
  InstrumentBody allowed = market->instrument;
  allowed.quantity_min = body.quantity_min;
  allowed.quantity_max = body.quantity_max;
  if (market->orders.empty()) {
    allowed.price_min = body.price_min;
    allowed.price_max = body.price_max;
  }
  if (std::memcmp(&allowed, &body, sizeof body) != 0) {
    return reject(command, RejectReason::bad_instrument);
  }
  market->instrument = body;
  show(*market, EventKind::definition);
}

void ReferenceEngine::delist_instrument(const Command& command) {
  Market* const market = this->market(command.symbol);
  if (market == nullptr) return reject(command, RejectReason::unknown_instrument);
  if (market->is_delisted) return reject(command, RejectReason::delisted);
  market->is_delisted = true;
  market->is_uncrossing = false;
  market->sweep = BookSweep::all_orders;
  market->sweep_side = Side::none;
  enter_phase(*market, Phase::closed, TimeNs{0}, Phase::none);
  sweep_market(*market);
}

void ReferenceEngine::set_rules(const Command& command) {
  const RulesBody& rules = command.rules;
  Market* const market = this->market(command.symbol);
  if (market == nullptr) return reject(command, RejectReason::unknown_instrument);
  constexpr std::int64_t most = std::int64_t{1} << 62;
  bool good = true;
  for (const std::int64_t value :
       {rules.static_band.value(), rules.dynamic_band.value(), rules.market_protection.value(),
        rules.volatility_ns, rules.indicative_ns}) {
    good = good && value >= 0 && value < most;
  }
  const InstrumentBody& range = market->instrument;
  if (rules.reference_price) {
    good = good && rules.reference_price >= range.price_min &&
           rules.reference_price <= range.price_max;
  }
  if (rules.notional_max != 0) good = good && rules.notional_min <= rules.notional_max;
  if (!good) return reject(command, RejectReason::bad_field);
  market->rules = rules;
  const bool tells =
      rules.indicative_ns != 0 && collects(market->phase) && market->phase != Phase::pre_open;
  if (!tells) {
    market->indicative_at = TimeNs{0};
  } else if (!market->indicative_at) {
    market->indicative_at = now_;
  }
  acknowledge(command);
}

void ReferenceEngine::set_account(const Command& command) {
  const AccountBody& body = command.account_limits;
  if (!takes(command.account)) return reject(command, RejectReason::unknown_account);
  const QuantityLots most{std::uint64_t{1} << 62};
  if (body.status > AccountStatus::killed || body.position_max > most ||
      (body.orders_burst != 0 && body.orders_per_second == 0)) {
    return reject(command, RejectReason::bad_account);
  }
  Account& account = accounts_[command.account];
  const auto burst = [](const AccountBody& b) {
    return b.orders_burst != 0 ? b.orders_burst : b.orders_per_second;
  };
  const bool same_rate = body.orders_per_second == account.limits.orders_per_second &&
                         burst(body) == burst(account.limits);
  account.limits = body;
  if (body.position_max) account.tracks_positions = true;
  if (!same_rate) {
    account.tokens_e9 = std::uint64_t{burst(body)} * 1'000'000'000;
    account.tokens_at = now_;
  }
  acknowledge(command);
  if (body.status != AccountStatus::killed) return;
  account.sweep = {};
  account.sweep.cause = MassCancelCause::kill_switch;
  sweep_account(command.account);
}

void ReferenceEngine::bust(const Command& command) {
  const BustBody& body = command.bust;
  Market* const market = this->market(command.symbol);
  if (market == nullptr) return reject(command, RejectReason::unknown_instrument);
  if (!body.match_id || body.match_id.value() > match_id_) {
    return reject(command, RejectReason::unknown_trade);
  }
  if (!body.quantity || body.quantity > quantity_most) {
    return reject(command, RejectReason::bad_field);
  }
  if (busted_.contains(body.match_id)) return reject(command, RejectReason::already_busted);
  if (busted_.size() == busted_trades_max) return reject(command, RejectReason::book_full);
  busted_.insert(body.match_id);
  PublicEvent& event = show(*market, EventKind::bust);
  event.price = body.price;
  event.quantity = body.quantity;
  event.aux = body.match_id.value();
  const auto quantity = static_cast<std::int64_t>(body.quantity.value());
  for (const bool bought : {true, false}) {
    const AccountId account = bought ? body.buyer : body.seller;
    if (takes(account) && tracks(account)) {
      positions_[{account, command.symbol}] += bought ? -quantity : quantity;
    }
    if (!account) continue;
    ExecEvent report = next_report(account);
    report.order_id = bought ? body.buy_order : body.sell_order;
    report.symbol = command.symbol;
    report.last_price = body.price;
    report.last_quantity = body.quantity;
    report.match_id = body.match_id;
    report.side = bought ? Side::buy : Side::sell;
    report.type = ExecType::restated;
    report.flags = exec_flags::administrator;
    tell(report);
  }
}

void ReferenceEngine::open_epoch(const Command& command) {
  const EpochBody& body = command.epoch;
  if (body.symbols_max > room_.symbols_max || body.accounts_max > room_.accounts_max ||
      body.orders_max > room_.orders_max) {
    return reject(command, RejectReason::book_full);
  }
  limits_ = {body.symbols_max, body.accounts_max, body.orders_max};
  accounts_counted_ =
      has_epoch_ ? std::max(accounts_counted_, body.accounts_max) : body.accounts_max;
  has_epoch_ = true;
}

}  // namespace bourse
