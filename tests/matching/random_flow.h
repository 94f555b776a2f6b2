// A seeded stream of commands of every kind over several symbols: orders of all types around a
// drifting price, amends up and down and across, cancels, strangers' ids, refused fields.
//   Shape:  next() gives the command that will get the given sequence, which the new order's id is.
//   Owner:  one thread.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "matching/command.h"            // Command
#include "tests/matching/test_market.h"  // test_instrument

namespace bourse {

class RandomFlow {
 public:
  RandomFlow(std::uint64_t seed, std::uint32_t symbols, std::uint32_t accounts)
      : random_(seed), mids_(symbols, 0), accounts_(accounts) {}

  // The instruments come first: one command per symbol.
  static Command define(std::uint32_t symbol) {
    Command command{};
    command.type = CommandType::define_instrument;
    command.instrument = test_instrument("SYM-" + std::to_string(symbol));
    return command;
  }

  Command next(Sequence sequence) {
    Command command{};
    const std::uint64_t dice = below(100);
    if (dice < 60 || known_.empty()) {
      new_order(command, sequence, dice);
      return command;
    }
    const Known& target = known_[below(known_.size())];
    command.symbol = below(4) == 0 ? SymbolId{0} : target.symbol;
    command.account = below(50) == 0 ? some_account() : target.account;
    command.order.order_id = target.order_id;
    if (dice < 88) {
      command.type = CommandType::cancel;
      return command;
    }
    command.type = CommandType::amend;
    command.order.price = below(2) == 0 ? target.price : price_near(target.symbol.value());
    command.order.quantity = QuantityLots{below(40)};
    return command;
  }

 private:
  struct Known {
    OrderId order_id;
    SymbolId symbol;
    AccountId account;
    PriceTicks price;
  };
  static constexpr std::size_t known_max = 512;

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  AccountId some_account() { return AccountId{static_cast<std::uint32_t>(1 + below(accounts_))}; }
  PriceTicks price_near(std::uint32_t symbol) {
    std::int64_t& mid = mids_[symbol - 1];
    mid += static_cast<std::int64_t>(below(3)) - 1;
    return PriceTicks{mid + static_cast<std::int64_t>(below(31)) - 15};
  }

  void new_order(Command& command, Sequence sequence, std::uint64_t dice) {
    command.type = CommandType::new_order;
    command.symbol = SymbolId{static_cast<std::uint32_t>(1 + below(mids_.size()))};
    command.account = some_account();
    OrderBody& order = command.order;
    order.side = below(2) == 0 ? Side::buy : Side::sell;
    order.quantity = QuantityLots{below(100) == 0 ? 0 : 1 + below(30)};
    order.price = price_near(command.symbol.value());
    order.type = OrderType::limit;
    order.time_in_force = TimeInForce::gtc;
    if (dice < 4) {
      order.type = OrderType::market;
      order.time_in_force = TimeInForce::ioc;
      if (below(2) == 0) order.price = no_price;
    } else if (dice < 8) {
      order.time_in_force = TimeInForce::ioc;
    } else if (dice < 11) {
      order.time_in_force = TimeInForce::fok;
    } else if (dice < 16) {
      command.order_flags = order_flags::post_only;
    } else if (dice == 16) {
      command.symbol = SymbolId{9999};
    } else if (dice < 20) {
      static_cast<void>(order.client_order_id.assign("mine-" + std::to_string(below(1000))));
    }
    const Known known{OrderId{sequence.value()}, command.symbol, command.account, order.price};
    if (command.symbol.value() > mids_.size() || order.price == no_price) return;
    if (known_.size() < known_max) {
      known_.push_back(known);
    } else {
      known_[below(known_max)] = known;
    }
  }

  std::mt19937_64 random_;
  std::vector<std::int64_t> mids_;  // by symbol id - 1
  std::vector<Known> known_;
  std::uint32_t accounts_;
};

}  // namespace bourse
