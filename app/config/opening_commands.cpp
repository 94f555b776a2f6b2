#include "app/config/opening_commands.h"

#include <fmt/format.h>

#include <cstring>
#include <set>
#include <string>

#include "replay/text/decimal.h"  // parse_price, reason

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

std::unexpected<Error> refuse(const SymbolConfig& symbol, const char* key, const std::string& text,
                              std::string_view why) {
  return fail(ExitCode::bad_config,
              fmt::format("symbols.{}.{}: \"{}\": {}", symbol.symbol, key, text, why),
              symbol.line == 0 ? "" : fmt::format("line {}", symbol.line),
              "a multiple of tick_size in quotes, for example \"5.00\"; leave it out for no rule");
}

}  // namespace

Result<RulesBody> rules_of(const SymbolConfig& symbol, const InstrumentBody& instrument) {
  RulesBody rules{};
  struct Wish {
    const char* key;
    const std::string& text;
    std::int64_t ticks;
  };
  Wish wishes[] = {{"reference_price", symbol.reference_price, 0},
                   {"static_band", symbol.static_band, 0},
                   {"dynamic_band", symbol.dynamic_band, 0},
                   {"market_protection", symbol.market_protection, 0}};
  for (Wish& wish : wishes) {
    if (wish.text.empty()) continue;
    const auto price = parse_price(wish.text, instrument);
    if (!price) return refuse(symbol, wish.key, wish.text, reason(price.error()));
    if (price->value() <= 0) return refuse(symbol, wish.key, wish.text, "must be more than 0");
    wish.ticks = price->value();
  }
  rules.reference_price = PriceTicks{wishes[0].ticks};
  rules.static_band = TickDelta{wishes[1].ticks};
  rules.dynamic_band = TickDelta{wishes[2].ticks};
  rules.market_protection = TickDelta{wishes[3].ticks};
  if (!symbol.static_band.empty() && symbol.reference_price.empty()) {
    return refuse(symbol, "static_band", symbol.static_band, "needs a reference_price");
  }
  rules.volatility_ns = static_cast<std::int64_t>(symbol.volatility_ms) * ns_per_ms;
  rules.indicative_ns = static_cast<std::int64_t>(symbol.indicative_ms) * ns_per_ms;
  return rules;
}

Result<std::vector<Command>> rule_changes(const std::vector<SymbolConfig>& symbols,
                                          const Engine& engine) {
  std::vector<Command> commands;
  for (const SymbolConfig& symbol : symbols) {
    Command command{};
    command.type = CommandType::set_rules;
    command.symbol = engine.find_symbol(symbol.symbol);
    if (!command.symbol) continue;
    const auto rules = rules_of(symbol, *engine.instrument(command.symbol));
    if (!rules) return std::unexpected(rules.error());
    const RulesBody now = engine.trading(command.symbol).rules;
    if (std::memcmp(&now, &*rules, sizeof now) == 0) continue;
    command.rules = *rules;
    commands.push_back(command);
  }
  return commands;
}

bool differ_in_limits_only(const InstrumentBody& a, const InstrumentBody& b) {
  InstrumentBody same = b;
  same.quantity_min = a.quantity_min;
  same.quantity_max = a.quantity_max;
  same.price_min = a.price_min;
  same.price_max = a.price_max;
  return std::memcmp(&same, &a, sizeof same) == 0;
}

std::vector<Command> ends_of_lost_sessions(const Engine& engine) {
  std::set<AccountId> accounts;
  for (std::uint32_t id = 1; id <= engine.symbol_count(); ++id)
    for (const Side side : {Side::buy, Side::sell})
      for (const Orders which : {Orders::displayed, Orders::hidden, Orders::waiting})
        engine.for_each_order(
            SymbolId{id}, side,
            [&](const OpenOrder& order) {
              if ((order.order_flags & order_flags::cancel_on_disconnect) != 0)
                accounts.insert(order.account);
            },
            which);
  std::vector<Command> commands;
  for (const AccountId account : accounts) {
    Command command{};
    command.type = CommandType::mass_cancel;
    command.account = account;
    command.mass_cancel.cause = MassCancelCause::disconnect;
    command.mass_cancel.on_disconnect_only = true;
    commands.push_back(command);
  }
  return commands;
}

}  // namespace bourse
