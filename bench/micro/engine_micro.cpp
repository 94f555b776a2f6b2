// The engine's operations, one by one: add_then_cancel, match, amend, at several depths.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "matching/engine.h"  // Engine, Command, EventBuffer

namespace bourse {
namespace {

// An engine with one instrument and a book of `depth` levels on each side, four orders on each.
class Market {
 public:
  explicit Market(std::int64_t depth)
      : engine_({.symbols_max = 1, .accounts_max = 2, .orders_max = 1u << 17}) {
    Command define{};
    define.type = CommandType::define_instrument;
    InstrumentBody& body = define.instrument;
    body.symbol[0] = 'M';
    body.tick_size_e9 = 1;
    body.lot_size = 1;
    body.quantity_min = QuantityLots{1};
    body.quantity_max = QuantityLots{1u << 30};
    body.price_min = PriceTicks{0};
    body.price_max = PriceTicks{1'000'000};
    apply(define);
    for (int i = 0; i < 4; ++i) {
      for (std::int64_t level = 1; level <= depth; ++level) {
        apply(order(Side::buy, 10, middle - level));
        apply(order(Side::sell, 10, middle + level));
      }
    }
  }

  Command order(Side side, std::uint64_t quantity, std::int64_t price) {
    Command command{};
    command.type = CommandType::new_order;
    command.symbol = SymbolId{1};
    command.account = AccountId{1};
    command.order.order_id = OrderId{sequence_ + 1};
    command.order.price = PriceTicks{price};
    command.order.quantity = QuantityLots{quantity};
    command.order.side = side;
    command.order.type = OrderType::limit;
    command.order.time_in_force = TimeInForce::gtc;
    return command;
  }
  OrderId apply(Command& command) {
    command.sequence = Sequence{++sequence_};
    engine_.apply(command, events_);
    benchmark::DoNotOptimize(engine_.state_hash());
    return command.order.order_id;
  }
  OrderId apply(Command&& command) { return apply(command); }

  static constexpr std::int64_t middle = 500'000;

 private:
  Engine engine_;
  EventBuffer events_;
  std::uint64_t sequence_ = 0;
};

void book_add_then_cancel(benchmark::State& state) {
  Market market(state.range(0));
  Command cancel{};
  cancel.type = CommandType::cancel;
  cancel.account = AccountId{1};
  std::int64_t away = 0;
  for (auto _ : state) {
    away = (away * 5 + 3) % state.range(0);
    cancel.order.order_id = market.apply(market.order(Side::buy, 10, Market::middle - 1 - away));
    market.apply(cancel);
  }
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(book_add_then_cancel)->ArgName("depth")->Arg(1)->Arg(16)->Arg(256)->Arg(4096);

// A resting order and one that takes it whole, in front of the rest of the book.
void book_add_then_match(benchmark::State& state) {
  Market market(state.range(0));
  for (auto _ : state) {
    market.apply(market.order(Side::sell, 10, Market::middle));
    market.apply(market.order(Side::buy, 10, Market::middle));
  }
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(book_add_then_match)->ArgName("depth")->Arg(1)->Arg(16)->Arg(256)->Arg(4096);

// One order takes `makers` others, each on a level of its own.
void book_sweep(benchmark::State& state) {
  Market market(1);
  const std::int64_t makers = state.range(0);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < makers; ++i) {
      market.apply(market.order(Side::sell, 10, Market::middle - i));
    }
    market.apply(market.order(Side::buy, 10 * static_cast<std::uint64_t>(makers), Market::middle));
  }
  state.SetItemsProcessed(state.iterations() * (makers + 1));
}
BENCHMARK(book_sweep)->ArgName("makers")->Arg(10)->Arg(100)->Arg(1000);

// The quantity of an order in the middle of its queue goes down: it keeps its place.
void book_amend_down(benchmark::State& state) {
  Market market(state.range(0));
  Command amend{};
  amend.type = CommandType::amend;
  amend.account = AccountId{1};
  amend.order.price = PriceTicks{Market::middle - 1};
  std::uint64_t quantity = 1;
  for (auto _ : state) {
    if (--quantity == 0) {
      state.PauseTiming();
      quantity = 1u << 20;
      amend.order.order_id = market.apply(market.order(Side::buy, quantity--, Market::middle - 1));
      state.ResumeTiming();
    }
    amend.order.quantity = QuantityLots{quantity};
    market.apply(amend);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(book_amend_down)->ArgName("depth")->Arg(16)->Arg(4096);

// The price of an order changes: to the back of another queue.
void book_amend_price(benchmark::State& state) {
  Market market(state.range(0));
  Command amend{};
  amend.type = CommandType::amend;
  amend.account = AccountId{1};
  amend.order.order_id = market.apply(market.order(Side::buy, 10, Market::middle - 1));
  amend.order.quantity = QuantityLots{10};
  std::int64_t away = 0;
  for (auto _ : state) {
    away = (away * 5 + 3) % state.range(0);
    amend.order.price = PriceTicks{Market::middle - 1 - away};
    market.apply(amend);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(book_amend_price)->ArgName("depth")->Arg(16)->Arg(4096);

}  // namespace
}  // namespace bourse
