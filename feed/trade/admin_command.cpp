#include "feed/trade/admin_command.h"

#include <algorithm>
#include <string>
#include <utility>

#include "feed/control/control_error.h"   // ControlError
#include "feed/trade/trade_lookup.h"      // find_trade
#include "replay/text/decimal.h"          // parse_price, reason
#include "replay/text/instrument_text.h"  // read_instrument
#include "replay/text/order_words.h"      // parse_phase, ...

namespace bourse {
namespace {

using Outcome = std::expected<void, Refusal>;
using Reading = Outcome (*)(FieldReader&, const AdminView&, Command&);

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::uint64_t ms_max = std::uint64_t{366} * 24 * 3600 * 1000;

std::unexpected<Refusal> refuse(RejectReason reason, std::string message) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(reason), std::move(message)});
}
std::unexpected<Refusal> lacks(std::string_view field) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(ControlError::missing_field),
                                 "'" + std::string{field} + "' is missing"});
}
std::string in_quotes(std::string_view text) { return "'" + std::string{text.substr(0, 48)} + "'"; }

// The symbol that the command is about.
Outcome read_symbol(FieldReader& fields, const AdminView& view, Command& command) {
  const std::string_view symbol = fields.text("symbol");
  if (symbol.empty()) return lacks("symbol");
  command.symbol = view.instruments.find(symbol);
  if (command.symbol) return {};
  return refuse(RejectReason::unknown_instrument, "symbol " + in_quotes(symbol) + " is unknown");
}

Outcome read_phase(FieldReader& fields, const AdminView& view, Command& command) {
  command.type = CommandType::set_phase;
  if (auto symbol = read_symbol(fields, view, command); !symbol) return symbol;
  const auto word = [&](std::string_view field, Phase& to) -> Outcome {
    const std::string_view name = fields.text(field);
    if (name.empty()) return {};
    const auto phase = parse_phase(name);
    if (!phase)
      return refuse(RejectReason::bad_field, std::string{field} + " " + in_quotes(name) +
                                                 " is unknown: pre_open, opening_auction, "
                                                 "continuous, volatility_auction, halted, "
                                                 "closing_auction or closed");
    to = *phase;
    return {};
  };
  if (!fields.has("phase")) return lacks("phase");
  if (auto read = word("phase", command.phase.phase); !read) return read;
  if (auto read = word("next_phase", command.phase.next_phase); !read) return read;
  command.phase.change_at = TimeNs{static_cast<std::int64_t>(fields.integer("change_at"))};
  if (const std::uint64_t ms = fields.integer("lasts_ms", ms_max); ms != 0)
    command.phase.change_at = TimeNs{view.now.value() + static_cast<std::int64_t>(ms) * ns_per_ms};
  return {};
}

Outcome read_rules(FieldReader& fields, const AdminView& view, Command& command) {
  command.type = CommandType::set_rules;
  if (auto symbol = read_symbol(fields, view, command); !symbol) return symbol;
  const InstrumentBody& instrument = *view.instruments.find(command.symbol);
  RulesBody& rules = command.rules;
  rules = view.limits.rules(command.symbol);
  std::int64_t ticks[] = {rules.reference_price.value(), rules.static_band.value(),
                          rules.dynamic_band.value(), rules.market_protection.value()};
  constexpr const char* names[] = {"reference_price", "static_band", "dynamic_band",
                                   "market_protection"};
  for (std::size_t i = 0; i < std::size(ticks); ++i) {
    const std::string_view text = fields.decimal(names[i]);
    if (text.empty()) continue;
    const auto price = parse_price(text, instrument);
    if (!price)
      return refuse(RejectReason::bad_tick, std::string{names[i]} + " " + in_quotes(text) + " " +
                                                std::string{reason(price.error())});
    ticks[i] = price->value();
  }
  rules.reference_price = PriceTicks{ticks[0]};
  rules.static_band = TickDelta{ticks[1]};
  rules.dynamic_band = TickDelta{ticks[2]};
  rules.market_protection = TickDelta{ticks[3]};
  for (const auto& [name, to] : {std::pair{"volatility_ms", &rules.volatility_ns},
                                 std::pair{"indicative_ms", &rules.indicative_ns}})
    if (fields.has(name)) *to = static_cast<std::int64_t>(fields.integer(name, ms_max)) * ns_per_ms;
  if (fields.has("notional_min")) rules.notional_min = fields.integer("notional_min");
  if (fields.has("notional_max")) rules.notional_max = fields.integer("notional_max");
  return {};
}

Outcome read_account(FieldReader& fields, const AdminView& view, Command& command) {
  command.type = CommandType::set_account;
  if (!fields.has("account")) return lacks("account");
  command.account = AccountId{static_cast<std::uint32_t>(fields.integer("account", UINT32_MAX))};
  AccountBody& body = command.account_limits;
  body = view.limits.account(command.account);
  if (const std::string_view name = fields.text("status"); !name.empty()) {
    const auto status = parse_account_status(name);
    if (!status)
      return refuse(RejectReason::bad_field,
                    "status " + in_quotes(name) + " is unknown: enabled, cancel_only or killed");
    body.status = *status;
  }
  for (const auto& [name, to] : {std::pair{"open_orders_max", &body.open_orders_max},
                                 std::pair{"orders_per_second", &body.orders_per_second},
                                 std::pair{"orders_burst", &body.orders_burst}})
    if (fields.has(name)) *to = static_cast<std::uint32_t>(fields.integer(name, UINT32_MAX));
  if (fields.has("quantity_max")) body.quantity_max = QuantityLots{fields.integer("quantity_max")};
  if (fields.has("notional_max")) body.notional_max = fields.integer("notional_max");
  if (fields.has("position_max")) body.position_max = QuantityLots{fields.integer("position_max")};
  return {};
}

// The fields of an instrument that the request names.
Outcome read_instrument_fields(FieldReader& fields, InstrumentText& text, Command& command) {
  for (const auto& [name, to] : {std::pair{"base", &text.base}, std::pair{"quote", &text.quote}})
    if (const std::string_view given = fields.text(name); !given.empty()) *to = given;
  for (const auto& [name, to] :
       {std::pair{"tick_size", &text.tick_size}, std::pair{"lot_size", &text.lot_size},
        std::pair{"quantity_min", &text.quantity_min},
        std::pair{"quantity_max", &text.quantity_max}, std::pair{"price_min", &text.price_min},
        std::pair{"price_max", &text.price_max}})
    if (const std::string_view given = fields.decimal(name); !given.empty()) *to = given;
  if (const std::string_view given = fields.decimal("quantity_exponent"); !given.empty()) {
    const auto exponent = parse_decimal(given, 0);
    if (!exponent) return refuse(RejectReason::bad_field, "quantity_exponent is no whole number");
    text.quantity_exponent = *exponent;
  }
  const auto body = read_instrument(text);
  if (!body) {
    const InstrumentFault& fault = body.error();
    return refuse(RejectReason::bad_instrument,
                  fault.field + " " + in_quotes(fault.value) + ": " + fault.why);
  }
  command.instrument = *body;
  return {};
}

Outcome read_definition(FieldReader& fields, const AdminView&, Command& command) {
  command.type = CommandType::define_instrument;
  InstrumentText text;
  text.symbol = fields.text("symbol");
  if (text.symbol.empty()) return lacks("symbol");
  return read_instrument_fields(fields, text, command);
}

Outcome read_change(FieldReader& fields, const AdminView& view, Command& command) {
  command.type = CommandType::change_instrument;
  if (auto symbol = read_symbol(fields, view, command); !symbol) return symbol;
  InstrumentText text = instrument_text(*view.instruments.find(command.symbol));
  return read_instrument_fields(fields, text, command);
}

Outcome read_delisting(FieldReader& fields, const AdminView& view, Command& command) {
  command.type = CommandType::delist_instrument;
  return read_symbol(fields, view, command);
}

Outcome read_bust(FieldReader& fields, const AdminView& view, Command& command) {
  command.type = CommandType::bust_trade;
  if (auto symbol = read_symbol(fields, view, command); !symbol) return symbol;
  const MatchId match_id{fields.integer("match_id")};
  const Sequence at{fields.integer("seq")};
  if (!fields.ok()) return {};
  if (!match_id) return lacks("match_id");
  const auto trade = find_trade(view.log, match_id, at);
  if (!trade) return std::unexpected(trade.error());
  if (trade->symbol != command.symbol)
    return refuse(RejectReason::unknown_trade,
                  "trade " + std::to_string(match_id.value()) + " was one of another symbol");
  command.bust = trade->body;
  return {};
}

// The orders of an account, or all of a symbol.
Outcome read_cancel(FieldReader& fields, const AdminView& view, Command& command) {
  command.type = CommandType::mass_cancel;
  command.mass_cancel.cause = MassCancelCause::administrator;
  command.account = AccountId{static_cast<std::uint32_t>(fields.integer("account", UINT32_MAX))};
  if (!command.account || fields.has("symbol"))
    if (auto symbol = read_symbol(fields, view, command); !symbol) return symbol;
  if (const std::string_view name = fields.text("side"); !name.empty()) {
    const auto side = parse_side(name);
    if (!side) return refuse(RejectReason::bad_field, "side " + in_quotes(name) + " is unknown");
    command.mass_cancel.side = *side;
  }
  return {};
}

constexpr std::pair<std::string_view, Reading> operations[] = {
    {"set_phase", read_phase},          {"set_rules", read_rules},
    {"set_account", read_account},      {"define_instrument", read_definition},
    {"change_instrument", read_change}, {"delist_instrument", read_delisting},
    {"bust_trade", read_bust},          {"cancel_orders", read_cancel}};

const std::pair<std::string_view, Reading>* find_operation(std::string_view op) {
  const auto* const found =
      std::ranges::find(operations, op, &std::pair<std::string_view, Reading>::first);
  return found == std::end(operations) ? nullptr : found;
}

}  // namespace

bool is_admin_operation(std::string_view op) { return find_operation(op) != nullptr; }

std::expected<Command, Refusal> admin_command(std::string_view op, FieldReader& fields,
                                              const AdminView& view) {
  Command command{};
  if (auto read = find_operation(op)->second(fields, view, command); !read)
    return std::unexpected(std::move(read.error()));
  return command;
}

}  // namespace bourse
