#include "tests/matching/recipe.h"

#include "tests/matching/test_market.h"  // test_instrument, TestMarket::blank

namespace bourse {
namespace {

constexpr std::int64_t price_low = 90;
constexpr std::int64_t price_high = 112;
constexpr std::int64_t wide_low = -130;
constexpr std::int64_t wide_high = 130;

std::uint32_t account_count() { return RecipeMarket::limits().accounts_max; }

InstrumentBody instrument(std::uint32_t number) {
  InstrumentBody body = number == 1 ? test_instrument("ACME", price_low, price_high)
                                    : test_instrument("BETA", wide_low, wide_high);
  body.quantity_min = QuantityLots{number};
  body.quantity_max = QuantityLots{60};
  return body;
}

// ACME: mostly in the middle of the range, one in 64 anywhere around it. BETA is wide, with gaps
// and prices below zero.
PriceTicks price(SymbolId symbol, std::uint8_t byte) {
  if (symbol == SymbolId{2}) return PriceTicks{byte - 128};
  if (byte >= 252) return PriceTicks{price_low - 2 + (byte - 252) * 9};
  return PriceTicks{96 + byte % 9};
}

QuantityLots quantity(std::uint8_t byte) {
  if (byte == 255) return QuantityLots{0};
  if (byte == 254) return QuantityLots{61};
  return QuantityLots{1u + byte % 16u};
}

// The kinds of orders, by a byte below 64; the plainest first.
void set_kind(Command& command, const Recipe& r, TimeNs now) {
  OrderBody& order = command.order;
  const int kind = r[3] % 64;
  const auto distance = PriceTicks{r[6] % 4};
  const auto stop_at = [&](OrderType type) {
    order.type = type;
    order.stop_price = price(command.symbol, r[6]);
    if (type == OrderType::stop && (r[6] & 128) != 0) order.price = no_price;
  };
  if (kind < 20) return;
  if (kind < 23) {
    order.time_in_force = TimeInForce::ioc;
    if (r[6] % 2 == 0) order.min_quantity = quantity(r[7]);
  } else if (kind < 26) {
    order.time_in_force = TimeInForce::fok;
  } else if (kind < 29) {
    order.type = OrderType::market;
    if (r[6] % 2 == 0) order.price = no_price;
    if (r[6] % 3 == 0) order.time_in_force = TimeInForce::ioc;
  } else if (kind < 36) {
    order.display_quantity = QuantityLots{1u + r[6] % 4u};
  } else if (kind < 40) {
    command.order_flags |= order_flags::hidden;
  } else if (kind < 42) {
    command.order_flags |= order_flags::post_only;
  } else if (kind < 44) {
    command.order_flags |= order_flags::post_only | order_flags::slide;
  } else if (kind < 47) {
    stop_at(OrderType::stop);
  } else if (kind < 50) {
    stop_at(OrderType::stop_limit);
    if (r[7] % 4 == 0) order.display_quantity = QuantityLots{2};
    if (r[7] % 4 == 1) command.order_flags |= order_flags::hidden;
  } else if (kind < 53) {
    order.type = OrderType::trailing_stop;
    order.stop_price = PriceTicks{1 + r[6] % 4};
    if (r[7] % 2 == 0) order.price = no_price;
  } else if (kind < 60) {
    order.type = OrderType::pegged;
    command.peg = PegReference{static_cast<std::uint8_t>(1 + kind % 3)};
    order.stop_price = r[7] % 2 == 0 ? PriceTicks{0} : distance;
    if (r[7] % 3 != 0) order.price = no_price;
  } else if (kind < 62) {
    order.time_in_force = TimeInForce::day;
  }
  if (kind == 62 || kind == 63 || r[9] % 16 == 1) {
    order.time_in_force = TimeInForce::gtd;
    order.expire_at = TimeNs{now.value() + r[10] % 64};
  }
}

// One field of an order becomes any number: mostly nonsense, to be refused by both.
void disturb(Command& command, std::uint8_t which, std::uint8_t value) {
  OrderBody& order = command.order;
  switch (which % 14) {
    case 0:
      order.side = Side{static_cast<std::uint8_t>(value % 4)};
      return;
    case 1:
      order.type = OrderType{static_cast<std::uint8_t>(value % 8)};
      return;
    case 2:
      order.time_in_force = TimeInForce{static_cast<std::uint8_t>(value % 7)};
      return;
    case 3:
      order.self_trade_prevention = SelfTradePrevention{static_cast<std::uint8_t>(value % 6)};
      return;
    case 4:
      command.order_flags = value;
      return;
    case 5:
      order.stop_price = value % 2 == 0 ? no_price : price(command.symbol, value);
      return;
    case 6:
      order.display_quantity = QuantityLots{value % 8u};
      return;
    case 7:
      order.min_quantity = QuantityLots{value % 8u};
      return;
    case 8:
      order.expire_at = TimeNs{value};
      return;
    case 9:
      command.peg = PegReference{static_cast<std::uint8_t>(value % 5)};
      return;
    case 10:
      order.valid_until = TimeNs{value};
      return;
    case 11:
      command.symbol = SymbolId{value % 5u};
      return;
    case 12:
      command.account = AccountId{value % (account_count() + 2)};
      return;
    default:
      order.price = no_price;
  }
}

void new_order(Command& command, const Recipe& r, TimeNs now) {
  command.type = CommandType::new_order;
  OrderBody& order = command.order;
  order.side = (r[2] & 1) == 0 ? Side::buy : Side::sell;
  order.type = OrderType::limit;
  order.time_in_force = TimeInForce::gtc;
  order.price = price(command.symbol, r[4]);
  order.quantity = quantity(r[5]);
  order.group = GroupId{static_cast<std::uint32_t>(r[8] >> 6) % 3};
  if (r[8] % 4 == 1) {
    order.self_trade_prevention = SelfTradePrevention{static_cast<std::uint8_t>(1 + r[8] / 4 % 4)};
    if (r[9] % 4 == 3) command.order_flags |= order_flags::prevent_in_group;
  }
  if (r[9] % 8 == 2) command.order_flags |= order_flags::cancel_on_disconnect;
  if (r[11] == 7) order.client_order_id.assign("mine");
  set_kind(command, r, now);
}

void amend(Command& command, const Recipe& r, const RecipeMarket::Target& target) {
  command.type = CommandType::amend;
  command.order.order_id = target.order_id;
  command.order.price = r[4] % 2 == 0 ? target.price : price(target.symbol, r[4]);
  command.order.quantity = r[5] % 3 == 0 ? target.open : quantity(r[5]);
  if (r[3] % 8 == 1) command.order.stop_price = price(target.symbol, r[6]);
  if (r[3] % 8 == 2) command.order_flags = order_flags::lose_priority;
}

void set_phase(Command& command, const Recipe& r, TimeNs now) {
  static constexpr Phase phases[] = {
      Phase::continuous,         Phase::continuous, Phase::opening_auction, Phase::pre_open,
      Phase::volatility_auction, Phase::halted,     Phase::closing_auction, Phase::closed};
  command.type = CommandType::set_phase;
  command.account = AccountId{0};
  command.phase.phase = phases[r[3] % 8];
  if (r[4] % 4 != 0) {
    command.phase.change_at = TimeNs{now.value() + r[5] % 32};
    command.phase.next_phase = phases[r[6] % 2 == 0 ? 0 : r[6] % 8];
  }
}

void set_rules(Command& command, const Recipe& r) {
  command.type = CommandType::set_rules;
  command.account = AccountId{r[9] % 2u};
  RulesBody& rules = command.rules;
  if (r[3] % 2 == 1) rules.reference_price = price(command.symbol, r[4]);
  if (r[3] % 3 == 1) rules.static_band = TickDelta{r[5] % 8};
  if (r[3] % 4 == 1) rules.dynamic_band = TickDelta{r[6] % 5};
  if (r[3] % 5 == 1) rules.market_protection = TickDelta{r[7] % 4};
  rules.volatility_ns = r[8] % 32;
  rules.indicative_ns = r[9] % 16;
  if (r[10] % 8 == 1) rules.notional_min = r[11] * 4u;
  if (r[10] % 8 <= 2) rules.notional_max = r[12] * 16u;
}

void set_account(Command& command, const Recipe& r) {
  command.type = CommandType::set_account;
  AccountBody& body = command.account_limits;
  if (r[3] % 4 == 1) body.open_orders_max = r[4] % 8;
  if (r[3] % 8 == 2) {
    body.orders_per_second = 1u << (20 + r[5] % 10);
    body.orders_burst = r[6] % 4;
  }
  if (r[3] % 8 == 3) body.orders_burst = 1;  // contradicts itself
  body.status = AccountStatus{static_cast<std::uint8_t>(r[7] < 200 ? 0 : r[7] % 4)};
  if (r[8] % 4 == 1) body.quantity_max = QuantityLots{r[9] % 16u};
  if (r[8] % 8 == 2) body.notional_max = r[10] * 8u;
  if (r[8] % 4 == 3) body.position_max = QuantityLots{r[11] % 64u};
}

void mass_cancel(Command& command, const Recipe& r) {
  command.type = CommandType::mass_cancel;
  if (r[3] % 4 == 1) command.account = AccountId{0};
  if (r[4] % 2 == 0) command.symbol = SymbolId{0};
  MassCancelBody& body = command.mass_cancel;
  body.side = Side{static_cast<std::uint8_t>(r[5] % 8 < 5 ? 0 : r[5] % 8 - 4)};
  body.group = GroupId{r[6] % 4 == 1 ? r[7] % 3u : 0u};
  body.session = SessionId{r[6] % 4 == 2 ? r[7] % 3u : 0u};
  body.cause = MassCancelCause{static_cast<std::uint8_t>(r[8] % 6)};
  body.on_disconnect_only = r[9] % 2 == 1;
}

void bust(Command& command, const Recipe& r, MatchId last_match) {
  command.type = CommandType::bust_trade;
  command.account = AccountId{0};
  BustBody& body = command.bust;
  body.match_id = MatchId{last_match.value() + 2 - std::min<std::uint64_t>(r[3] % 8u, 2)};
  if (r[3] % 8 >= 2) body.match_id = MatchId{last_match.value() * (r[3] / 8u) / 32};
  body.price = price(command.symbol, r[4]);
  body.quantity = QuantityLots{r[5] % 8u};
  body.buyer = AccountId{r[6] % (account_count() + 2)};
  body.seller = AccountId{r[7] % (account_count() + 2)};
  body.buy_order = OrderId{r[8]};
  body.sell_order = OrderId{r[9]};
}

}  // namespace

EngineLimits RecipeMarket::limits() {
  return {.symbols_max = 3, .accounts_max = 5, .orders_max = 48};
}

std::vector<Command> RecipeMarket::definitions() {
  std::vector<Command> commands;
  for (std::uint32_t i : {1u, 2u}) {
    commands.push_back(TestMarket::blank(CommandType::define_instrument));
    commands.back().instrument = instrument(i);
  }
  return commands;
}

std::int64_t RecipeMarket::wait_ns(const Recipe& r) { return r[13] < 192 ? r[13] % 2 : r[13] % 16; }

Command RecipeMarket::command(const Recipe& r, TimeNs now, const std::vector<Target>& open) const {
  Command command{};
  command.account = AccountId{1 + r[1] % account_count()};
  command.symbol = SymbolId{r[2] < 192 ? 1u : 2u};
  command.session = SessionId{r[14] % 3u};
  if (r[14] >= 250) command.client_sequence = ClientSequence{r[15]};
  const int kind = r[0];
  if (kind < 150 || (kind < 206 && open.empty())) {
    new_order(command, r, now);
    if (r[12] < 6) disturb(command, r[10], r[11]);
    if (r[12] == 6 && !open.empty()) command.order.order_id = open[r[10] % open.size()].order_id;
  } else if (kind < 206) {
    const Target& target = open[r[1] % open.size()];
    command.order.order_id = target.order_id;
    if (r[12] >= 4) command.account = target.account;
    command.symbol = r[2] % 2 == 0 ? SymbolId{0} : target.symbol;
    if (r[12] == 5) command.symbol = SymbolId{r[10] % 4u};
    if (kind < 174) {
      command.type = CommandType::cancel;
    } else {
      amend(command, r, target);
    }
    if (r[12] == 6) disturb(command, r[10], r[11]);
    if (r[12] == 7) command.order.order_id = OrderId{999'999'999};
  } else if (kind < 212) {
    command = TestMarket::blank(CommandType::clock);
  } else if (kind < 228) {
    set_phase(command, r, now);
  } else if (kind < 234) {
    set_rules(command, r);
  } else if (kind < 240) {
    set_account(command, r);
  } else if (kind < 246) {
    mass_cancel(command, r);
  } else if (kind < 250) {
    command.type = CommandType::cancel_after;
    command.cancel_after.after_ns = r[3] % 32 - 1;
    if (r[4] % 4 == 1) command.cancel_after.group = GroupId{r[5] % 3u};
    if (r[4] % 4 == 2) command.cancel_after.session = SessionId{r[5] % 3u};
  } else if (kind < 252) {
    bust(command, r, last_match);
  } else if (kind < 254) {
    command.type = CommandType::change_instrument;
    command.instrument = instrument(r[2] < 192 ? 1 : 2);
    command.instrument.quantity_max = QuantityLots{20u + r[3] % 64u};
    if (r[4] % 4 == 1)
      command.instrument.price_max = PriceTicks{command.instrument.price_max.value() - r[5] % 4};
    if (r[4] % 4 == 2) command.instrument.lot_size += 1;
  } else if (kind == 254 && r[3] < 2) {
    command.type = CommandType::delist_instrument;
  } else if (kind == 255 && r[3] < 64) {
    command = TestMarket::blank(CommandType::open_epoch);
    const EngineLimits all = limits();
    command.epoch = {.epoch = Epoch{1},
                     .symbols_max = all.symbols_max + (r[4] == 1 ? 1u : 0u),
                     .accounts_max = all.accounts_max - r[5] % 2u,
                     .orders_max = all.orders_max - r[6] % 40u,
                     .reserved_ = {}};
  } else if (kind == 255 && r[3] < 96) {
    command.type = CommandType::define_instrument;
    command.symbol = SymbolId{0};
    command.instrument = instrument(r[4] % 2 + 1u);
    if (r[5] % 2 == 0) command.instrument.symbol[0] = 'Z';
  } else {
    command = TestMarket::blank(CommandType::clock);
  }
  return command;
}

}  // namespace bourse
