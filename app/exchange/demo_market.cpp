#include "app/exchange/demo_market.h"

#include <algorithm>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::size_t levels_per_side = 5;
constexpr std::size_t transactions_per_step_max = 4096;
constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::int64_t price_decimal_scale = 1'000'000'000;
// Quotes lie this many units around the fair price; farther or nearer ones are moved.
constexpr std::int64_t near_units = 2;
constexpr std::int64_t far_units = 16;

// Where a symbol starts to trade, in 1e-9 of its quote currency.
std::int64_t opening_price(std::string_view symbol) {
  if (symbol == "BTC-USD") return 60'000 * price_decimal_scale;
  if (symbol == "ETH-USD") return 3'000 * price_decimal_scale;
  return 100 * price_decimal_scale;
}

std::int64_t middle_of(const BestPrices& best, std::int64_t otherwise) {
  if (best.bid == no_price || best.ask == no_price) return otherwise;
  return best.bid.value() + (best.ask.value() - best.bid.value()) / 2;
}

std::int64_t outward(Side side) { return side == Side::buy ? -1 : 1; }

}  // namespace

DemoMarket::DemoMarket(const DemoOptions& options, const Engine& engine, Gate gate, Cursor log)
    : options_(options), gate_(std::move(gate)), log_(std::move(log)), random_(options.seed) {
  CHECK(options_.makers > 0);
  CHECK(options_.takers > 0);
  for (std::uint32_t i = 0; i < options_.makers + options_.takers; ++i) {
    const AccountId account{options_.first_account.value() + i};
    traders_.emplace_back(account, engine.last_client_sequence(account));
  }
  for (std::uint32_t i = 1; i <= engine.symbol_count(); ++i) {
    const SymbolId id{i};
    if (engine.instrument(id) == nullptr) continue;
    const InstrumentBody& body = *engine.instrument(id);
    const std::int64_t anchor = std::clamp(opening_price(body.symbol_view()) / body.tick_size_e9,
                                           body.price_min.value(), body.price_max.value());
    const std::int64_t unit = std::max<std::int64_t>(1, anchor / 20'000);
    const std::uint64_t lots = std::max<std::uint64_t>(1, body.quantity_min.value());
    symbols_.push_back({id, body, anchor, middle_of(engine.best(id), anchor), unit, lots});
    for (const Side side : {Side::buy, Side::sell})
      engine.for_each_order(id, side, [this](const OpenOrder& order) {
        if (DemoTrader* const trader = trader_of(order.account)) trader->adopt(order);
      });
  }
}

std::size_t DemoMarket::step(TimeNs now) {
  if (failed_ || symbols_.empty()) return 0;
  learn();
  const std::uint64_t before = sent_count_;
  if (start_ == TimeNs{0}) start_ = now;
  const std::int64_t passed =
      std::clamp<std::int64_t>(now.value() - start_.value(), 0, std::int64_t{3600} * ns_per_second);
  std::uint64_t due = static_cast<std::uint64_t>(passed) / 1000 * options_.commands_per_second /
                      (ns_per_second / 1000);
  due -= std::min(due, due_count_);
  for (std::uint64_t i = 0; i < std::min(due, burst_max); ++i) act();
  due_count_ += due;
  // Counted from anew now and then, so that no count grows for ever.
  if (passed >= 60 * ns_per_second) {
    start_ = now;
    due_count_ = 0;
  }
  return static_cast<std::size_t>(sent_count_ - before);
}

void DemoMarket::learn() {
  for (std::size_t i = 0; i < transactions_per_step_max; ++i) {
    const Cursor::Next next = log_.next();
    if (next == Cursor::Next::failed) failed_ = log_.error();
    if (next != Cursor::Next::transaction) return;
    const TransactionView& view = log_.transaction();
    for (std::size_t e = 0; e < view.exec_count(); ++e) {
      const ExecEvent report = view.exec_event(e);
      if (DemoTrader* const trader = trader_of(report.account)) trader->on_report(report);
    }
  }
}

void DemoMarket::act() {
  Symbol& symbol = symbols_[below(symbols_.size())];
  if (chance(25)) wander(symbol);
  const std::uint64_t kind = below(100);
  const bool is_maker = kind < 76;
  DemoTrader& trader = is_maker ? traders_[below(options_.makers)]
                                : traders_[options_.makers + below(options_.takers)];
  if (!trader.may_ask()) return;
  if (is_maker) return act_as_maker(trader, symbol);
  if (kind < 94) return act_as_taker(trader, symbol);
  act_clumsily(trader, symbol);
}

void DemoMarket::wander(Symbol& symbol) {
  const std::int64_t reach = symbol.unit_ticks;
  const auto pace = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(2 * reach + 1)));
  const std::int64_t home = (symbol.anchor_ticks - symbol.fair_ticks) / 500;
  symbol.fair_ticks = std::max<std::int64_t>(1, symbol.fair_ticks + pace - reach + home);
}

PriceTicks DemoMarket::quote(const Symbol& symbol, Side side) {
  const auto width = static_cast<std::uint64_t>((far_units - near_units) * symbol.unit_ticks);
  const auto distance = near_units * symbol.unit_ticks + static_cast<std::int64_t>(below(width));
  return priced(symbol, symbol.fair_ticks + outward(side) * distance);
}

void DemoMarket::act_as_maker(DemoTrader& maker, Symbol& symbol) {
  const Side side = any_side();
  if (maker.open_count(symbol.id, side) < levels_per_side && maker.may_order()) {
    const QuantityLots quantity = sized(symbol, symbol.unit_lots * (50 + below(2000)));
    const DemoTrader::Wish wish{symbol.id,        side, quote(symbol, side), quantity,
                                TimeInForce::gtc, true};
    return send(maker, maker.order(wish));
  }
  // The quote that lies worst, seen from where it should be.
  DemoTrader::Resting* worst = nullptr;
  std::int64_t worst_error = -1;
  const std::int64_t middle = (near_units + far_units) / 2 * symbol.unit_ticks;
  for (DemoTrader::Resting& order : maker.resting()) {
    if (order.symbol != symbol.id || order.side != side || order.is_asked) continue;
    const std::int64_t distance = outward(side) * (order.price.value() - symbol.fair_ticks);
    const std::int64_t error = distance > middle ? distance - middle : middle - distance;
    if (error > worst_error) {
      worst = &order;
      worst_error = error;
    }
  }
  if (worst != nullptr) requote(maker, *worst, symbol);
}

void DemoMarket::requote(DemoTrader& maker, DemoTrader::Resting& order, const Symbol& symbol) {
  const std::uint64_t kind = below(100);
  const std::uint64_t lots = order.leaves.value();
  if (kind < 25) return send(maker, maker.cancel(order));
  if (kind < 50 && lots > symbol.body.quantity_min.value()) {  // less at the same place
    const std::uint64_t less = lots - 1 - below((lots + 1) / 2);
    return send(maker, maker.amend(order, order.price, sized(symbol, less)));
  }
  if (kind < 58)  // more, at the back of the queue
    return send(maker,
                maker.amend(order, order.price, sized(symbol, lots + symbol.unit_lots * 10)));
  const PriceTicks price = quote(symbol, order.side);
  send(maker, maker.amend(order, price, order.leaves));
}

void DemoMarket::act_as_taker(DemoTrader& taker, Symbol& symbol) {
  const Side side = any_side();
  const QuantityLots quantity = sized(symbol, symbol.unit_lots * (10 + below(3000)));
  const std::int64_t reach = outward(side) * -1 * far_units * symbol.unit_ticks;
  DemoTrader::Wish wish{symbol.id, side, no_price, quantity, TimeInForce::ioc, false};
  const std::uint64_t kind = below(100);
  if (kind < 45) return send(taker, taker.order(wish));
  wish.price =
      priced(symbol, symbol.fair_ticks + reach / (1 + static_cast<std::int64_t>(below(4))));
  if (kind < 70) return send(taker, taker.order(wish));
  if (kind < 85) {
    wish.time_in_force = TimeInForce::fok;
    if (chance(40)) wish.quantity = sized(symbol, symbol.unit_lots * 50'000);  // nobody has it
    return send(taker, taker.order(wish));
  }
  // Takes what is there and leaves the rest in the book; what lies there for long is taken out.
  if (!taker.may_order() || taker.resting().size() >= levels_per_side) {
    for (DemoTrader::Resting& order : taker.resting())
      if (!order.is_asked) return send(taker, taker.cancel(order));
    return;
  }
  wish.time_in_force = TimeInForce::gtc;
  wish.price =
      priced(symbol, symbol.fair_ticks + outward(side) * -1 * near_units * symbol.unit_ticks);
  send(taker, taker.order(wish));
}

void DemoMarket::act_clumsily(DemoTrader& trader, Symbol& symbol) {
  if (chance(50) && trader.last_gone()) return send(trader, trader.cancel_gone(symbol.id));
  if (chance(20) && !trader.resting().empty() && !trader.resting().front().is_asked) {
    // An amend into the other side: taken out, matched, and what is left rests again.
    DemoTrader::Resting& order = trader.resting().front();
    for (const Symbol& own : symbols_)
      if (own.id == order.symbol)
        return send(trader, trader.amend(order,
                                         priced(own, own.fair_ticks -
                                                         outward(order.side) * 8 * own.unit_ticks),
                                         order.leaves));
  }
  const Side side = any_side();
  const std::int64_t across = outward(side) * -1 * 3 * far_units * symbol.unit_ticks;
  const DemoTrader::Wish wish{symbol.id,
                              side,
                              priced(symbol, symbol.fair_ticks + across),
                              sized(symbol, symbol.unit_lots * (10 + below(100))),
                              TimeInForce::gtc,
                              true};
  if (trader.may_order()) send(trader, trader.order(wish));
}

void DemoMarket::send(DemoTrader& trader, const Command& command) {
  if (gate_.try_push(command))
    ++sent_count_;
  else
    trader.take_back();
}

DemoTrader* DemoMarket::trader_of(AccountId account) {
  const std::uint64_t index =
      std::uint64_t{account.value()} - std::uint64_t{options_.first_account.value()};
  return index < traders_.size() ? &traders_[index] : nullptr;
}

PriceTicks DemoMarket::priced(const Symbol& symbol, std::int64_t ticks) const {
  return PriceTicks{
      std::clamp(ticks, symbol.body.price_min.value(), symbol.body.price_max.value())};
}

QuantityLots DemoMarket::sized(const Symbol& symbol, std::uint64_t lots) const {
  return QuantityLots{
      std::clamp(lots, symbol.body.quantity_min.value(), symbol.body.quantity_max.value())};
}

std::size_t DemoMarket::open_orders() const {
  std::size_t count = 0;
  for (const DemoTrader& trader : traders_) count += trader.resting().size();
  return count;
}

}  // namespace bourse
