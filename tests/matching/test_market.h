// A small market for tests: an engine with one or more instruments and the stamping that the
// sequencer does, so that a test reads as the orders it sends.
#pragma once

#include <cstdint>
#include <string_view>

#include "matching/engine.h"  // Engine, EventBuffer, Command

namespace bourse {

inline InstrumentBody test_instrument(std::string_view symbol, std::int64_t price_min = -1'000'000,
                                      std::int64_t price_max = 1'000'000) {
  InstrumentBody body{};
  std::memcpy(body.symbol, symbol.data(), symbol.size());
  std::memcpy(body.base, "BASE", 4);
  std::memcpy(body.quote, "USD", 3);
  body.tick_size_e9 = 10'000'000;
  body.lot_size = 100;
  body.quantity_min = QuantityLots{1};
  body.quantity_max = QuantityLots{1'000'000};
  body.price_min = PriceTicks{price_min};
  body.price_max = PriceTicks{price_max};
  body.quantity_exponent = -8;
  return body;
}

class TestMarket {
 public:
  explicit TestMarket(EngineLimits limits = {.symbols_max = 8,
                                             .accounts_max = 16,
                                             .orders_max = 4096})
      : engine(limits) {}

  // An instrument that takes any sensible order.
  SymbolId define(std::string_view symbol) { return define(test_instrument(symbol)); }
  SymbolId define(const InstrumentBody& body) {
    Command command = blank(CommandType::define_instrument);
    command.instrument = body;
    apply(command);
    return engine.find_symbol(body.symbol_view());
  }

  Command order(std::uint32_t account, Side side, std::uint64_t quantity, std::int64_t price) {
    Command command = blank(CommandType::new_order);
    command.symbol = SymbolId{1};
    command.account = AccountId{account};
    command.order.price = PriceTicks{price};
    command.order.quantity = QuantityLots{quantity};
    command.order.side = side;
    command.order.type = OrderType::limit;
    command.order.time_in_force = TimeInForce::gtc;
    return command;
  }
  Command amend(std::uint32_t account, OrderId id, std::uint64_t quantity, std::int64_t price) {
    Command command = blank(CommandType::amend);
    command.account = AccountId{account};
    command.order.order_id = id;
    command.order.price = PriceTicks{price};
    command.order.quantity = QuantityLots{quantity};
    return command;
  }
  Command cancel(std::uint32_t account, OrderId id) {
    Command command = blank(CommandType::cancel);
    command.account = AccountId{account};
    command.order.order_id = id;
    return command;
  }

  // Stamps and applies. A new order without an id gets its sequence as id, which is returned.
  OrderId apply(Command command) {
    sequence = next(sequence);
    command.sequence = sequence;
    if (command.time == TimeNs{0}) {
      command.time = TimeNs{static_cast<std::int64_t>(sequence.value())};
    }
    if (command.type == CommandType::new_order && !command.order.order_id) {
      command.order.order_id = OrderId{sequence.value()};
    }
    engine.apply(command, events);
    return command.order.order_id;
  }
  OrderId buy(std::uint32_t account, std::uint64_t quantity, std::int64_t price) {
    return apply(order(account, Side::buy, quantity, price));
  }
  OrderId sell(std::uint32_t account, std::uint64_t quantity, std::int64_t price) {
    return apply(order(account, Side::sell, quantity, price));
  }
  RejectReason reason() const {
    return events.exec_events().empty() ? RejectReason::none
                                        : events.exec_events().back().reject_reason;
  }

  static Command blank(CommandType type) {
    Command command{};
    command.type = type;
    return command;
  }

  Engine engine;
  EventBuffer events;
  Sequence sequence{0};
};

}  // namespace bourse
