#include "feed/trade/order_command.h"

#include <limits>
#include <utility>

#include "feed/control/control_error.h"  // ControlError
#include "replay/text/decimal.h"         // parse_price, parse_quantity, ticks_of, lots_of
#include "replay/text/order_words.h"     // parse_side, ...

namespace bourse {
namespace {

constexpr auto missing_field = static_cast<std::uint16_t>(ControlError::missing_field);
constexpr auto bad_type = static_cast<std::uint16_t>(ControlError::bad_type);
constexpr std::int64_t valid_ms_max = 24LL * 3600 * 1000;
constexpr std::int64_t ns_per_ms = 1'000'000;

std::unexpected<Refusal> refuse(RejectReason reason, std::string message) {
  return std::unexpected(Refusal{static_cast<std::uint16_t>(reason), std::move(message)});
}
std::unexpected<Refusal> refuse(std::uint16_t code, std::string message) {
  return std::unexpected(Refusal{code, std::move(message)});
}

std::string quoted(std::string_view text) {
  constexpr std::size_t shown_max = 48;
  return "'" + std::string{text.substr(0, shown_max)} + (text.size() > shown_max ? "...'" : "'");
}

std::unexpected<Refusal> refuse_price(DecimalError why, std::string_view value,
                                      const InstrumentBody& instrument) {
  std::string message = "price " + quoted(value) + " " + std::string{reason(why)};
  if (why == DecimalError::off_tick || why == DecimalError::too_many_digits)
    message += "; tick size " + format_decimal(instrument.tick_size_e9, price_decimals);
  if (why == DecimalError::not_a_number) return refuse(bad_type, std::move(message));
  return refuse(RejectReason::bad_tick, std::move(message));
}

std::unexpected<Refusal> refuse_quantity(DecimalError why, std::string_view value,
                                         const InstrumentBody& instrument) {
  std::string message = "quantity " + quoted(value) + " " + std::string{reason(why)};
  if (why == DecimalError::off_lot || why == DecimalError::too_many_digits)
    message += "; lot size " + quantity_text(QuantityLots{1}, instrument);
  if (why == DecimalError::not_a_number) return refuse(bad_type, std::move(message));
  return refuse(RejectReason::bad_lot, std::move(message));
}

Command empty_command(CommandType type, const Sender& sender) {
  Command command{};  // zeros everything, the order body included
  command.type = type;
  command.account = sender.account;
  command.session = sender.session;
  return command;
}

// What OrderOperation asks for, or nothing if this exchange does not offer it.
CommandType command_type(OrderOperation operation) {
  switch (operation) {
    case OrderOperation::new_order:
      return CommandType::new_order;
    case OrderOperation::amend:
      return CommandType::amend;
    case OrderOperation::cancel:
      return CommandType::cancel;
    case OrderOperation::mass_cancel:
      return CommandType::mass_cancel;
    case OrderOperation::cancel_all_after:
      return CommandType::cancel_after;
    default:
      return CommandType::none;
  }
}

std::expected<void, Refusal> name_order(std::string_view id, Command& command) {
  if (!command.order.client_order_id.assign(id))
    return refuse(RejectReason::bad_field,
                  "cl_ord_id " + quoted(id) + " is not up to 36 printable ASCII characters");
  return {};
}

std::unexpected<Refusal> refuse_word(std::string_view field, std::string_view word) {
  if (word.empty()) return refuse(missing_field, "'" + std::string{field} + "' is missing");
  return refuse(RejectReason::bad_field, std::string{field} + " " + quoted(word) + " is unknown");
}

std::expected<void, Refusal> read_kind(const OrderText& order, Command& command) {
  const auto side = parse_side(order.side);
  if (!side) return refuse_word("side", order.side);
  const auto type = order.type.empty() ? OrderType::limit : parse_order_type(order.type);
  if (!type) return refuse_word("type", order.type);
  const auto implied = *type == OrderType::market ? TimeInForce::ioc : TimeInForce::gtc;
  const auto tif = order.time_in_force.empty() ? implied : parse_time_in_force(order.time_in_force);
  if (!tif) return refuse_word("tif", order.time_in_force);
  const auto prevention = order.self_trade_prevention.empty()
                              ? SelfTradePrevention::none
                              : parse_self_trade_prevention(order.self_trade_prevention);
  if (!prevention) return refuse_word("stp", order.self_trade_prevention);
  command.order.side = *side;
  command.order.type = *type;
  command.order.time_in_force = *tif;
  command.order.self_trade_prevention = *prevention;
  command.order.group = order.group;
  if (order.post_only) command.order_flags |= order_flags::post_only;
  if (order.slide) command.order_flags |= order_flags::slide;
  if (order.hidden) command.order_flags |= order_flags::hidden;
  if (order.cancel_on_disconnect) command.order_flags |= order_flags::cancel_on_disconnect;
  if (order.prevent_in_group) command.order_flags |= order_flags::prevent_in_group;
  if (!order.peg.empty()) {
    const auto peg = parse_peg(order.peg);
    if (!peg) return refuse_word("peg", order.peg);
    command.peg = *peg;
  }
  command.order.expire_at = order.expire_at;
  return {};
}

// The prices and quantities that only some orders have; left out, they are 0.
std::expected<void, Refusal> read_rare_amounts(const OrderText& order,
                                               const InstrumentBody& instrument, Command& command) {
  const std::string_view stop = order.stop_price.empty() ? order.distance : order.stop_price;
  const OrderType type = command.order.type;
  const bool waits_for_price = type == OrderType::stop || type == OrderType::stop_limit;
  if (waits_for_price && order.stop_price.empty())
    return refuse(missing_field, "'stop_px' is missing");
  if (!stop.empty()) {
    const auto price = parse_price(stop, instrument);
    if (!price) return refuse_price(price.error(), stop, instrument);
    command.order.stop_price = *price;
  }
  if (!order.display.empty()) {
    const auto quantity = parse_quantity(order.display, instrument);
    if (!quantity) return refuse_quantity(quantity.error(), order.display, instrument);
    command.order.display_quantity = *quantity;
  }
  if (!order.minimum.empty()) {
    const auto quantity = parse_quantity(order.minimum, instrument);
    if (!quantity) return refuse_quantity(quantity.error(), order.minimum, instrument);
    command.order.min_quantity = *quantity;
  }
  return {};
}

// mass_cancel and cancel_after: whose orders, and when.
void read_scope(GroupId group, bool this_session, std::int64_t after_ms, const Sender& sender,
                Command& command) {
  const SessionId session = this_session ? sender.session : SessionId{0};
  if (command.type == CommandType::mass_cancel) {
    command.mass_cancel.group = group;
    command.mass_cancel.session = session;
  } else {
    command.cancel_after.group = group;
    command.cancel_after.session = session;
    command.cancel_after.after_ns = after_ms * ns_per_ms;
  }
}

bool is_about_many(CommandType type) {
  return type == CommandType::mass_cancel || type == CommandType::cancel_after;
}

// May an order of this type say nothing about its price?
bool may_lack_price(const Command& command) {
  if (command.type != CommandType::new_order) return false;
  const OrderType type = command.order.type;
  return type != OrderType::limit && type != OrderType::stop_limit;
}

std::expected<void, Refusal> read_amounts(const OrderText& order, const InstrumentBody& instrument,
                                          Command& command) {
  if (order.quantity.empty()) return refuse(missing_field, "'qty' is missing");
  const auto quantity = parse_quantity(order.quantity, instrument);
  if (!quantity) return refuse_quantity(quantity.error(), order.quantity, instrument);
  command.order.quantity = *quantity;
  command.order.price = no_price;
  if (order.price.empty()) {
    if (!may_lack_price(command)) return refuse(missing_field, "'px' is missing");
    return {};
  }
  const auto price = parse_price(order.price, instrument);
  if (!price) return refuse_price(price.error(), order.price, instrument);
  command.order.price = *price;
  return {};
}

// What the options of a wire order say, in ticks and lots; 0 says nothing.
std::expected<void, Refusal> read_options(const WireOrder& order, const InstrumentBody& instrument,
                                          Command& command) {
  command.order_flags = order.flags;
  if (order.expire_at > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return refuse(RejectReason::bad_field, "expire_at is no time");
  command.order.expire_at = TimeNs{static_cast<std::int64_t>(order.expire_at)};
  if (order.peg > static_cast<std::uint8_t>(PegReference::midpoint))
    return refuse(RejectReason::bad_field, "peg " + std::to_string(order.peg) + " is unknown");
  command.peg = static_cast<PegReference>(order.peg);
  if (order.stop_price == 0) {
    // A stop at the price of 0 can be asked for in JSON only.
    const auto type = static_cast<OrderType>(order.ord_type);
    if (type == OrderType::stop || type == OrderType::stop_limit)
      command.order.stop_price = no_price;
  } else {
    const auto price = ticks_of(order.stop_price, instrument);
    if (!price)
      return refuse_price(price.error(), format_decimal(order.stop_price, price_decimals),
                          instrument);
    command.order.stop_price = *price;
  }
  for (const bool shown : {true, false}) {
    const std::uint64_t wire = shown ? order.display_qty : order.min_qty;
    if (wire == 0) continue;
    const auto quantity = lots_of(wire, instrument);
    if (!quantity) return refuse_quantity(quantity.error(), std::to_string(wire), instrument);
    (shown ? command.order.display_quantity : command.order.min_quantity) = *quantity;
  }
  return {};
}

// Only the engine's vocabulary goes into the log.
std::expected<void, Refusal> read_kind(const WireOrder& order, Command& command) {
  if (order.side != wire_buy && order.side != wire_sell)
    return refuse(RejectReason::bad_field,
                  "side " + std::to_string(order.side) + " is neither 'B' nor 'A'");
  if (order.ord_type == 0 || order.ord_type > static_cast<std::uint8_t>(OrderType::pegged))
    return refuse(RejectReason::bad_field,
                  "ord_type " + std::to_string(order.ord_type) + " is unknown");
  if (order.tif == 0 || order.tif > static_cast<std::uint8_t>(TimeInForce::gtd))
    return refuse(RejectReason::bad_field, "tif " + std::to_string(order.tif) + " is unknown");
  if (order.stp > static_cast<std::uint8_t>(SelfTradePrevention::decrement))
    return refuse(RejectReason::bad_field, "stp " + std::to_string(order.stp) + " is unknown");
  command.order.side = order.side == wire_buy ? Side::buy : Side::sell;
  command.order.type = static_cast<OrderType>(order.ord_type);
  command.order.time_in_force = static_cast<TimeInForce>(order.tif);
  command.order.self_trade_prevention = static_cast<SelfTradePrevention>(order.stp);
  command.order.group = GroupId{order.group};
  return {};
}

std::expected<void, Refusal> read_amounts(const WireOrder& order, const InstrumentBody& instrument,
                                          Command& command) {
  const auto quantity = lots_of(order.qty, instrument);
  if (!quantity) return refuse_quantity(quantity.error(), std::to_string(order.qty), instrument);
  command.order.quantity = *quantity;
  command.order.price = no_price;
  if (order.price == std::numeric_limits<std::int64_t>::max()) return {};
  if (may_lack_price(command) && order.price == 0) return {};
  const auto price = ticks_of(order.price, instrument);
  if (!price)
    return refuse_price(price.error(), format_decimal(order.price, price_decimals), instrument);
  command.order.price = *price;
  return {};
}

}  // namespace

std::expected<Command, Refusal> command_of(const OrderText& order, const Sender& sender,
                                           const InstrumentTable& instruments) {
  const CommandType type = command_type(order.operation);
  if (type == CommandType::none)
    return refuse(RejectReason::unsupported, "this operation is not offered");
  Command command = empty_command(type, sender);
  command.client_sequence = order.client_sequence;
  command.client_time = order.client_time;
  if (is_about_many(type)) {
    if (order.after_ms < 0 || order.after_ms > valid_ms_max)
      return refuse(bad_type, "'ms' is not between 0 and one day");
    if (type == CommandType::mass_cancel && !order.symbol.empty()) {
      command.symbol = instruments.find(order.symbol);
      if (!command.symbol)
        return refuse(RejectReason::unknown_instrument,
                      "symbol " + quoted(order.symbol) + " is unknown");
    }
    read_scope(order.group, order.this_session, order.after_ms, sender, command);
    if (type == CommandType::mass_cancel && !order.side.empty()) {
      const auto side = parse_side(order.side);
      if (!side) return refuse_word("side", order.side);
      command.mass_cancel.side = *side;
    }
    return command;
  }
  if (type != CommandType::new_order) {
    if (order.order_id == OrderId{0}) return refuse(missing_field, "'order_id' is missing");
    command.order.order_id = order.order_id;
  }
  if (auto named = name_order(order.client_order_id, command); !named)
    return std::unexpected(named.error());
  if (order.valid_ms < 0 || order.valid_ms > valid_ms_max)
    return refuse(bad_type, "'valid_ms' is not between 0 and one day");
  if (order.valid_ms > 0)
    command.order.valid_until = TimeNs{sender.now.value() + order.valid_ms * ns_per_ms};

  const bool symbol_may_lack = type == CommandType::cancel;
  if (order.symbol.empty()) {
    if (!symbol_may_lack) return refuse(missing_field, "'symbol' is missing");
  } else {
    command.symbol = instruments.find(order.symbol);
    if (command.symbol == SymbolId{0})
      return refuse(RejectReason::unknown_instrument,
                    "symbol " + quoted(order.symbol) + " is unknown");
  }
  if (type == CommandType::cancel) return command;
  if (type == CommandType::new_order)
    if (auto kind = read_kind(order, command); !kind) return std::unexpected(kind.error());
  if (type == CommandType::amend && order.lose_priority)
    command.order_flags |= order_flags::lose_priority;
  const InstrumentBody& instrument = *instruments.find(command.symbol);
  if (auto amounts = read_amounts(order, instrument, command); !amounts)
    return std::unexpected(amounts.error());
  if (auto amounts = read_rare_amounts(order, instrument, command); !amounts)
    return std::unexpected(amounts.error());
  return command;
}

std::expected<Command, Refusal> command_of(const WireOrder& order, const Sender& sender,
                                           const InstrumentTable& instruments) {
  const CommandType type = command_type(static_cast<OrderOperation>(order.op));
  if (type == CommandType::none)
    return refuse(RejectReason::unsupported, "op " + std::to_string(order.op) + " is not offered");
  Command command = empty_command(type, sender);
  command.client_sequence = ClientSequence{order.client_seq};
  command.client_time = TimeNs{static_cast<std::int64_t>(order.client_ts)};
  if (is_about_many(type)) {
    if (order.instrument_id != 0 && instruments.find(SymbolId{order.instrument_id}) == nullptr)
      return refuse(RejectReason::unknown_instrument,
                    "instrument_id " + std::to_string(order.instrument_id) + " is unknown");
    if (order.valid_until > static_cast<std::uint64_t>(valid_ms_max))
      return refuse(bad_type, "valid_until, here milliseconds, is more than one day");
    command.symbol = SymbolId{order.instrument_id};
    read_scope(GroupId{order.group}, false, static_cast<std::int64_t>(order.valid_until), sender,
               command);
    if (type == CommandType::cancel_after) return command;
    if (order.side != 0 && order.side != wire_buy && order.side != wire_sell)
      return refuse(RejectReason::bad_field,
                    "side " + std::to_string(order.side) + " is neither 'B' nor 'A' nor 0");
    if (order.side != 0) command.mass_cancel.side = order.side == wire_buy ? Side::buy : Side::sell;
    return command;
  }
  if (type != CommandType::new_order) {
    if (order.order_id == 0) return refuse(missing_field, "'order_id' is missing");
    command.order.order_id = OrderId{order.order_id};
  }
  if (auto named = name_order(order.cl_ord_id, command); !named)
    return std::unexpected(named.error());
  if (order.valid_until > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return refuse(RejectReason::bad_field, "valid_until is no time");
  command.order.valid_until = TimeNs{static_cast<std::int64_t>(order.valid_until)};

  const InstrumentBody* const instrument = instruments.find(SymbolId{order.instrument_id});
  const bool symbol_may_lack = type == CommandType::cancel && order.instrument_id == 0;
  if (instrument == nullptr && !symbol_may_lack)
    return refuse(RejectReason::unknown_instrument,
                  "instrument_id " + std::to_string(order.instrument_id) + " is unknown");
  command.symbol = SymbolId{order.instrument_id};
  if (type == CommandType::cancel) return command;
  if (auto options = read_options(order, *instrument, command); !options)
    return std::unexpected(options.error());
  if (type == CommandType::new_order)
    if (auto kind = read_kind(order, command); !kind) return std::unexpected(kind.error());
  if (auto amounts = read_amounts(order, *instrument, command); !amounts)
    return std::unexpected(amounts.error());
  return command;
}

}  // namespace bourse
