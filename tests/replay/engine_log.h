// Fills a log with a small seeded market: what the exchange does, in one thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "matching/broadcast_ring.h"  // BroadcastRing::Writer
#include "matching/engine.h"          // Engine
#include "matching/transaction.h"     // encode
#include "replay/log/log.h"           // Log

namespace bourse {

class EngineLog {
 public:
  static constexpr EngineLimits limits{4, 16, 4096};

  EngineLog(Log& log, BroadcastRing::Writer& writer, std::uint64_t seed)
      : writer_(writer),
        epoch_(log.last_epoch().value() + 1),
        random_(seed),
        bytes_(transaction_bytes_max) {}

  Engine engine{limits};

  void execute(Command command) {
    command.sequence = next(writer_.last());
    command.time = TimeNs{
        static_cast<std::int64_t>(1'700'000'000'000'000'000 + command.sequence.value() * 1000)};
    if (command.type == CommandType::new_order) {
      command.order.order_id = OrderId{command.sequence.value()};
    }
    engine.apply(command, events_);
    const std::size_t length = encode(command, events_, Epoch{epoch_}, engine.state_hash(), bytes_);
    ASSERT_TRUE(writer_.append(std::span<const std::byte>(bytes_).first(length)));
  }

  void open_epoch() {
    Command command{};
    command.type = CommandType::open_epoch;
    command.epoch.epoch = Epoch{epoch_};
    command.epoch.symbols_max = limits.symbols_max;
    command.epoch.accounts_max = limits.accounts_max;
    command.epoch.orders_max = limits.orders_max;
    execute(command);
  }

  void define(const char* symbol) {
    Command command{};
    command.type = CommandType::define_instrument;
    InstrumentBody& body = command.instrument;
    std::snprintf(body.symbol, sizeof body.symbol, "%s", symbol);
    std::snprintf(body.base, sizeof body.base, "EXA");
    std::snprintf(body.quote, sizeof body.quote, "USD");
    body.tick_size_e9 = 10'000'000;  // 0.01
    body.lot_size = 1'000'000;       // 0.01
    body.quantity_min = QuantityLots{1};
    body.quantity_max = QuantityLots{1'000'000};
    body.price_min = PriceTicks{1};
    body.price_max = PriceTicks{100'000};
    body.quantity_exponent = -8;
    execute(command);
  }

  // Orders around 100.00 that rest, match and are refused; amends and cancels of any of them.
  void trade(std::size_t commands) {
    for (std::size_t i = 0; i < commands; ++i) {
      Command command{};
      command.symbol = SymbolId{static_cast<std::uint32_t>(1 + random_() % 2)};
      command.account = AccountId{static_cast<std::uint32_t>(1 + random_() % 5)};
      command.session = SessionId{7};
      const std::uint64_t kind = random_() % 10;
      OrderBody& order = command.order;
      order.price = PriceTicks{static_cast<std::int64_t>(9'950 + random_() % 100)};
      order.quantity = QuantityLots{1 + random_() % 50};
      if (kind < 6 || orders_.empty()) {
        command.type = CommandType::new_order;
        order.side = random_() % 2 == 0 ? Side::buy : Side::sell;
        order.type = kind == 5 ? OrderType::market : OrderType::limit;
        if (kind == 5) order.price = no_price;
        order.time_in_force = kind >= 4 ? TimeInForce::ioc : TimeInForce::gtc;
        if (kind == 3) order.client_order_id.assign("mine \"quoted\", with comma");
        orders_.push_back(next(writer_.last()).value());
      } else {
        command.type = kind < 8 ? CommandType::cancel : CommandType::amend;
        order.order_id = OrderId{orders_[random_() % orders_.size()]};
      }
      execute(command);
    }
  }

 private:
  BroadcastRing::Writer& writer_;
  std::uint32_t epoch_;
  std::mt19937_64 random_;
  EventBuffer events_;
  std::vector<std::byte> bytes_;
  std::vector<std::uint64_t> orders_;
};

}  // namespace bourse
