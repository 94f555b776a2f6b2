// The words of a scenario's commands.
#include <stdexcept>

#include "tests/matching/scenario.h"
#include "tests/matching/scenario_words.h"  // from_word
#include "tests/matching/test_market.h"     // TestMarket::blank, test_instrument

namespace bourse {
namespace {

std::int64_t number(const std::string& text) {
  std::size_t used = 0;
  const std::int64_t value = std::stoll(text, &used);
  if (used != text.size()) throw std::invalid_argument("not a number: " + text);
  return value;
}

std::uint64_t count(const std::string& text) { return static_cast<std::uint64_t>(number(text)); }
std::uint32_t small(const std::string& text) { return static_cast<std::uint32_t>(number(text)); }

PriceTicks price(const std::string& text) {
  return text == "none" ? no_price : PriceTicks{number(text)};
}

std::pair<std::int64_t, std::int64_t> range(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) throw std::invalid_argument("not a range: " + text);
  return {number(text.substr(0, dots)), number(text.substr(dots + 2))};
}

AccountId account_of(char letter) {
  // '?' is nobody, '!' one past the last account.
  if (letter == '?') return AccountId{0};
  if (letter == '!') return AccountId{27};
  if (letter < 'A' || letter > 'Z') throw std::invalid_argument("accounts are A to Z");
  return AccountId{static_cast<std::uint32_t>(letter - 'A' + 1)};
}

void expect_at(const Words& w) {
  if (w.at(3) != "@") throw std::invalid_argument("expected @");
}

// Any number in a field, sense or not.
void set_field(Command& command, const std::string& field, std::int64_t value) {
  OrderBody& order = command.order;
  const auto byte = static_cast<std::uint8_t>(value);
  if (field == "side") {
    order.side = Side{byte};
  } else if (field == "type") {
    order.type = OrderType{byte};
  } else if (field == "time_in_force") {
    order.time_in_force = TimeInForce{byte};
  } else if (field == "stp") {
    order.self_trade_prevention = SelfTradePrevention{byte};
  } else if (field == "peg") {
    command.peg = PegReference{byte};
  } else if (field == "flags") {
    command.order_flags = byte;
  } else if (field == "stop_price") {
    order.stop_price = PriceTicks{value};
  } else if (field == "expire_at") {
    order.expire_at = TimeNs{value};
  } else {
    throw std::invalid_argument("unknown field " + field);
  }
}

}  // namespace

Command Scenario::command_of(const Words& w) {
  const std::string& verb = w.at(0);
  if (verb == "buy" || verb == "sell") return new_order(w);
  if (verb == "amend") return amend(w);
  if (verb == "cancel") return cancel(w);
  if (verb == "instrument") return define(w);
  if (verb == "change") return change(w);
  if (verb == "phase") return phase(w);
  if (verb == "rules") return rules(w);
  if (verb == "account") return account(w);
  if (verb == "mass-cancel") return mass_cancel(w);
  if (verb == "cancel-after") return cancel_after(w);
  if (verb == "bust") return bust(w);
  if (verb == "delist") {
    Command command = TestMarket::blank(CommandType::delist_instrument);
    command.symbol = symbol_of(w.at(1));
    return command;
  }
  if (verb == "limits") {
    Command command = TestMarket::blank(CommandType::open_epoch);
    command.epoch.epoch = Epoch{1};
    command.epoch.symbols_max = small(w.at(2));
    command.epoch.accounts_max = small(w.at(4));
    command.epoch.orders_max = small(w.at(6));
    return command;
  }
  throw std::invalid_argument("unknown verb");
}

SymbolId Scenario::symbol_of(const std::string& name) const {
  const SymbolId symbol = twins_.engine().find_symbol(name);
  return symbol ? symbol : SymbolId{99};
}

Command Scenario::new_order(const Words& w) {
  const std::string& order = w.at(1);
  expect_at(w);
  Command command = TestMarket::blank(CommandType::new_order);
  command.symbol = SymbolId{1};
  command.account = account_of(order[0]);
  command.order.side = from_word<Side>(w.at(0));
  command.order.quantity = QuantityLots{count(w.at(2))};
  command.order.type = w.at(4) == "market" ? OrderType::market : OrderType::limit;
  command.order.price = w.at(4) == "market" ? no_price : price(w.at(4));
  command.order.time_in_force = TimeInForce::gtc;
  add_options(command, w, 5);
  // What is due comes first, so that the sequence is known.
  apply_due();
  if (ids_.contains(order)) {
    command.order.order_id = ids_[order];  // a duplicate, on purpose
  } else {
    ids_[order] = OrderId{twins_.sequence().value() + 1};
    names_[ids_[order]] = order;
  }
  return command;
}

Command Scenario::cancel(const Words& w) {
  const std::string& order = w.at(1);
  Command command = TestMarket::blank(CommandType::cancel);
  command.account = account_of(order[0]);
  command.order.order_id = ids_.contains(order) ? ids_[order] : OrderId{999'999};
  add_options(command, w, 2);
  return command;
}

Command Scenario::amend(const Words& w) {
  expect_at(w);
  Command command = cancel({w.at(0), w.at(1)});
  command.type = CommandType::amend;
  command.order.quantity = QuantityLots{count(w.at(2))};
  command.order.price = price(w.at(4));
  add_options(command, w, 5);
  return command;
}

Command Scenario::define(const Words& w) {
  Command command = TestMarket::blank(CommandType::define_instrument);
  const auto [price_min, price_max] = range(w.at(3));
  const auto [quantity_min, quantity_max] = range(w.at(5));
  command.instrument = test_instrument(w.at(1), price_min, price_max);
  command.instrument.quantity_min = QuantityLots{static_cast<std::uint64_t>(quantity_min)};
  command.instrument.quantity_max = QuantityLots{static_cast<std::uint64_t>(quantity_max)};
  return command;
}

Command Scenario::change(const Words& w) {
  Command command = define(w);
  command.type = CommandType::change_instrument;
  command.symbol = symbol_of(w.at(1));
  if (w.size() > 6 && w[6] == "tick") command.instrument.tick_size_e9 = number(w.at(7));
  return command;
}

Command Scenario::phase(const Words& w) {
  Command command = TestMarket::blank(CommandType::set_phase);
  command.symbol = SymbolId{1};
  command.phase.phase = from_word<Phase>(w.at(1));
  for (std::size_t i = 2; i < w.size(); i += 2) {
    if (w[i] == "until") {
      command.phase.change_at = TimeNs{number(w.at(i + 1))};
    } else if (w[i] == "then") {
      command.phase.next_phase = from_word<Phase>(w.at(i + 1));
    } else if (w[i] == "on") {
      command.symbol = symbol_of(w.at(i + 1));
    } else {
      throw std::invalid_argument("unknown option " + w[i]);
    }
  }
  return command;
}

Command Scenario::rules(const Words& w) {
  Command command = TestMarket::blank(CommandType::set_rules);
  command.symbol = SymbolId{1};
  RulesBody& rules = command.rules;
  for (std::size_t i = 1; i < w.size(); i += 2) {
    const std::string& value = w.at(i + 1);
    if (w[i] == "reference") {
      rules.reference_price = PriceTicks{number(value)};
    } else if (w[i] == "static") {
      rules.static_band = TickDelta{number(value)};
    } else if (w[i] == "dynamic") {
      rules.dynamic_band = TickDelta{number(value)};
    } else if (w[i] == "protection") {
      rules.market_protection = TickDelta{number(value)};
    } else if (w[i] == "volatility") {
      rules.volatility_ns = number(value);
    } else if (w[i] == "indicative") {
      rules.indicative_ns = number(value);
    } else if (w[i] == "notional-min") {
      rules.notional_min = count(value);
    } else if (w[i] == "notional-max") {
      rules.notional_max = count(value);
    } else if (w[i] == "on") {
      command.symbol = symbol_of(value);
    } else {
      throw std::invalid_argument("unknown rule " + w[i]);
    }
  }
  return command;
}

Command Scenario::account(const Words& w) {
  Command command = TestMarket::blank(CommandType::set_account);
  command.account = account_of(w.at(1)[0]);
  AccountBody& body = command.account_limits;
  for (std::size_t i = 2; i < w.size(); i += 2) {
    const std::string& value = w.at(i + 1);
    if (w[i] == "status") {
      body.status = from_word<AccountStatus>(value);
    } else if (w[i] == "open-orders") {
      body.open_orders_max = small(value);
    } else if (w[i] == "rate") {
      body.orders_per_second = small(value);
    } else if (w[i] == "burst") {
      body.orders_burst = small(value);
    } else if (w[i] == "quantity") {
      body.quantity_max = QuantityLots{count(value)};
    } else if (w[i] == "notional") {
      body.notional_max = count(value);
    } else if (w[i] == "position") {
      body.position_max = QuantityLots{count(value)};
    } else {
      throw std::invalid_argument("unknown limit " + w[i]);
    }
  }
  return command;
}

Command Scenario::mass_cancel(const Words& w) {
  Command command = TestMarket::blank(CommandType::mass_cancel);
  if (w.at(1) != "everybody") command.account = account_of(w.at(1)[0]);
  MassCancelBody& body = command.mass_cancel;
  for (std::size_t i = 2; i < w.size(); ++i) {
    if (w[i] == "on-disconnect") {
      body.on_disconnect_only = true;
    } else if (w[i] == "side") {
      body.side = from_word<Side>(w.at(++i));
    } else if (w[i] == "group") {
      body.group = GroupId{small(w.at(++i))};
    } else if (w[i] == "session") {
      body.session = SessionId{small(w.at(++i))};
    } else if (w[i] == "cause") {
      body.cause = from_word<MassCancelCause>(w.at(++i));
    } else if (w[i] == "on") {
      command.symbol = symbol_of(w.at(++i));
    } else if (w[i] == "seq") {
      command.client_sequence = ClientSequence{count(w.at(++i))};
    } else {
      throw std::invalid_argument("unknown option " + w[i]);
    }
  }
  return command;
}

Command Scenario::cancel_after(const Words& w) {
  Command command = TestMarket::blank(CommandType::cancel_after);
  command.account = account_of(w.at(1)[0]);
  command.cancel_after.after_ns = number(w.at(2));
  for (std::size_t i = 3; i < w.size(); i += 2) {
    if (w[i] == "group") {
      command.cancel_after.group = GroupId{small(w.at(i + 1))};
    } else if (w[i] == "session") {
      command.cancel_after.session = SessionId{small(w.at(i + 1))};
    } else {
      throw std::invalid_argument("unknown option " + w[i]);
    }
  }
  return command;
}

Command Scenario::bust(const Words& w) {
  Command command = TestMarket::blank(CommandType::bust_trade);
  const MatchId match_id{count(w.at(1))};
  command.symbol = SymbolId{1};
  command.bust.match_id = match_id;
  command.bust.quantity = QuantityLots{1};
  if (const auto found = trades_.find(match_id); found != trades_.end()) {
    const Trade& trade = found->second;
    command.symbol = trade.symbol;
    command.bust = {.match_id = match_id,
                    .price = trade.price,
                    .quantity = trade.quantity,
                    .buy_order = trade.orders[0],
                    .sell_order = trade.orders[1],
                    .buyer = trade.accounts[0],
                    .seller = trade.accounts[1],
                    .reserved_ = {}};
  }
  return command;
}

bool Scenario::add_flag(Command& command, const std::string& option) const {
  static const std::map<std::string, std::uint8_t> flags{
      {"post-only", order_flags::post_only},
      {"reduce-only", order_flags::reduce_only},
      {"hidden", order_flags::hidden},
      {"lose-priority", order_flags::lose_priority},
      {"slide", order_flags::slide},
      {"on-disconnect", order_flags::cancel_on_disconnect},
      {"in-group", order_flags::prevent_in_group}};
  if (const auto found = flags.find(option); found != flags.end()) {
    command.order_flags |= found->second;
    return true;
  }
  if (option == "ioc" || option == "fok" || option == "day" || option == "gtd") {
    command.order.time_in_force = from_word<TimeInForce>(option);
    return true;
  }
  if (option != "unpriced") return false;
  command.order.price = no_price;
  return true;
}

bool Scenario::add_value(Command& command, const std::string& option,
                         const std::string& value) const {
  OrderBody& order = command.order;
  const auto stop = [&](OrderType type) {
    order.type = type;
    order.stop_price = price(value);
  };
  if (option == "stop") {
    stop(OrderType::stop);
  } else if (option == "stop-limit") {
    stop(OrderType::stop_limit);
  } else if (option == "trailing") {
    stop(OrderType::trailing_stop);
  } else if (option == "stop-price") {
    order.stop_price = price(value);
  } else if (option == "display") {
    order.display_quantity = QuantityLots{count(value)};
  } else if (option == "minimum") {
    order.min_quantity = QuantityLots{count(value)};
  } else if (option == "expire") {
    order.time_in_force = TimeInForce::gtd;
    order.expire_at = TimeNs{number(value)};
  } else if (option == "stp") {
    order.self_trade_prevention = from_word<SelfTradePrevention>(value);
  } else if (option == "group") {
    order.group = GroupId{small(value)};
  } else if (option == "session") {
    command.session = SessionId{small(value)};
  } else if (option == "protected") {
    order.price = price(value);
  } else if (option == "by") {
    command.account = account_of(value[0]);
  } else if (option == "on") {
    command.symbol = symbol_of(value);
  } else if (option == "until") {
    order.valid_until = TimeNs{number(value)};
  } else if (option == "seq") {
    command.client_sequence = ClientSequence{count(value)};
  } else {
    return false;
  }
  return true;
}

void Scenario::add_options(Command& command, const Words& w, std::size_t from) {
  for (std::size_t i = from; i < w.size(); ++i) {
    if (add_flag(command, w[i])) continue;
    if (w[i] == "peg") {
      command.order.type = OrderType::pegged;
      command.peg = from_word<PegReference>(w.at(i + 1));
      command.order.stop_price = price(w.at(i + 2));
      i += 2;
    } else if (w[i] == "field") {
      set_field(command, w.at(i + 1), number(w.at(i + 2)));
      i += 2;
    } else if (add_value(command, w[i], w.at(i + 1))) {
      ++i;
    } else {
      throw std::invalid_argument("unknown option " + w[i]);
    }
  }
}

}  // namespace bourse
