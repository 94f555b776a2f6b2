#include "matching/sequencer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "tests/matching/sequencer_fixture.h"  // SequencedMarket

namespace bourse {
namespace {

// The threads of an exchange in small: io threads push and are told when full, the engine thread
// polls and parks, the journal thread reads and parks, somebody looks at the views all the time.
TEST(SequencerStress, EveryCommandOfEveryGateIsInTheLogOnceAndInItsOrder) {
  constexpr std::uint32_t gate_count = 3;
  constexpr std::uint64_t per_gate = BOURSE_SANITIZED ? 3'000 : 15'000;
  SequencedMarket market;
  market.define(1);
  std::vector<Gate> gates;
  for (std::uint32_t i = 0; i < gate_count; ++i) {
    gates.push_back(market.sequencer.add_gate("io " + std::to_string(i), 64));
  }
  std::atomic<bool> is_over{false};

  std::jthread engine([&] {
    Waiter waiter(WaitMode::park, market.sequencer.commands_waiting());
    std::int64_t clock = 0;
    std::uint64_t executed = 0;
    while (executed < gate_count * per_gate) {
      const std::size_t now_executed = market.sequencer.poll(TimeNs{++clock}, 128);
      executed += now_executed;
      if (now_executed > 0) {
        market.ring.arrivals().wake();
        waiter.worked();
      } else if (market.sequencer.is_blocked()) {
        std::this_thread::yield();  // the journal will make room; nobody wakes us for that
      } else {
        waiter.wait([&] { return market.sequencer.has_work(TimeNs{0}); });
      }
    }
  });
  std::vector<std::jthread> pushers;
  for (std::uint32_t i = 0; i < gate_count; ++i) {
    pushers.emplace_back([&gate = gates[i], i] {
      for (std::uint64_t n = 1; n <= per_gate; ++n) {
        Command command{};
        command.type = CommandType::new_order;
        command.symbol = SymbolId{1};
        command.account = AccountId{i + 1};
        command.client_sequence = ClientSequence{n};
        command.order.side = n % 2 == 0 ? Side::buy : Side::sell;
        command.order.type = OrderType::limit;
        command.order.time_in_force = TimeInForce::gtc;
        command.order.quantity = QuantityLots{1 + n % 7};
        command.order.price = PriceTicks{static_cast<std::int64_t>(n % 11)};
        while (!gate.try_push(command)) std::this_thread::yield();
      }
    });
  }
  std::jthread looker([&] {
    std::uint64_t newest = 0;
    bool is_sound = true;
    while (!is_over.load(std::memory_order_relaxed)) {
      const TopOfBook top = market.views.read(SymbolId{1});
      const BestPrices& best = top.prices;
      is_sound &= top.sequence.value() >= newest;
      is_sound &= best.bid == no_price || best.ask == no_price || best.bid < best.ask;
      newest = top.sequence.value();
      std::this_thread::yield();
    }
    EXPECT_TRUE(is_sound);
  });

  std::map<std::uint32_t, std::uint64_t> last_of_account;
  std::uint64_t last = 0;
  Waiter waiter(WaitMode::park, market.ring.arrivals());
  while (last < gate_count * per_gate + 1) {
    if (!market.journal.has_more()) {
      waiter.wait([&] { return market.journal.has_more(); });
      continue;
    }
    waiter.worked();
    market.drain([&](const TransactionView& transaction) {
      EXPECT_EQ(transaction.sequence().value(), last + 1);
      last = transaction.sequence().value();
      const Command command = transaction.command();
      if (command.type != CommandType::new_order) return;
      EXPECT_EQ(command.client_sequence.value(), ++last_of_account[command.account.value()]);
    });
  }
  is_over.store(true, std::memory_order_relaxed);
  for (std::uint32_t i = 1; i <= gate_count; ++i) EXPECT_EQ(last_of_account[i], per_gate);
}

}  // namespace
}  // namespace bourse
