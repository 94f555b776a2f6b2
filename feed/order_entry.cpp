#include "feed/order_entry.h"

#include <limits>
#include <utility>

#include "feed/control_error.h"  // ControlError
#include "replay/decimal.h"      // parse_price, parse_quantity, ticks_of, lots_of
#include "replay/order_words.h"  // parse_side, ...

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
  return {};
}

std::expected<void, Refusal> read_amounts(const OrderText& order, const InstrumentBody& instrument,
                                          Command& command) {
  if (order.quantity.empty()) return refuse(missing_field, "'qty' is missing");
  const auto quantity = parse_quantity(order.quantity, instrument);
  if (!quantity) return refuse_quantity(quantity.error(), order.quantity, instrument);
  command.order.quantity = *quantity;
  command.order.price = no_price;
  if (order.price.empty()) {
    const bool may_lack_price =
        command.type == CommandType::new_order && command.order.type == OrderType::market;
    if (!may_lack_price) return refuse(missing_field, "'px' is missing");
    return {};
  }
  const auto price = parse_price(order.price, instrument);
  if (!price) return refuse_price(price.error(), order.price, instrument);
  command.order.price = *price;
  return {};
}

// Flags go to the engine, which knows what it takes; what a Command has no place for is refused,
// not silently dropped: a display quantity that is ignored shows the whole order.
std::expected<void, Refusal> read_options(const WireOrder& order, Command& command) {
  if (order.display_qty != 0 || order.expire_at != 0 || order.stop_price != 0)
    return refuse(RejectReason::unsupported,
                  "display_qty, expire_at and stop_price are reserved and must be 0");
  command.order_flags = order.flags;
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
  const bool is_market =
      command.type == CommandType::new_order && command.order.type == OrderType::market;
  if (order.price == std::numeric_limits<std::int64_t>::max()) return {};
  if (is_market && order.price == 0) return {};
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
  if (auto amounts = read_amounts(order, *instruments.find(command.symbol), command); !amounts)
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
  if (auto options = read_options(order, command); !options)
    return std::unexpected(options.error());
  if (type == CommandType::new_order)
    if (auto kind = read_kind(order, command); !kind) return std::unexpected(kind.error());
  if (auto amounts = read_amounts(order, *instrument, command); !amounts)
    return std::unexpected(amounts.error());
  return command;
}

OrderEntry::OrderEntry(Gate gate, const InstrumentTable& instruments)
    : gate_(std::move(gate)), instruments_(instruments) {}

OrderEntry::Outcome OrderEntry::submit(const OrderText& order, const Sender& sender) {
  const auto command = command_of(order, sender, instruments_);
  if (!command) return std::unexpected(command.error());
  return push(*command);
}

OrderEntry::Outcome OrderEntry::submit(const WireOrder& order, const Sender& sender) {
  const auto command = command_of(order, sender, instruments_);
  if (!command) return std::unexpected(command.error());
  return push(*command);
}

OrderEntry::Outcome OrderEntry::push(const Command& command) {
  if (draining_)
    return refuse(RejectReason::draining, "the exchange is shutting down; nothing was sequenced");
  if (!gate_.try_push(command)) {
    ++busy_count_;
    return refuse(RejectReason::busy, "the gate to the engine is full; nothing was sequenced");
  }
  ++sent_count_;
  return {};
}

}  // namespace bourse
