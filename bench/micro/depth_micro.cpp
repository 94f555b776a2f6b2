// The feed-handler path: public events into depth books with full queues, in the mix of a Nasdaq
// day (46 % add, 43 % delete, 4 % execute, 3 % replace, 2 % partial cancel, 2 % other) over few and
// many symbols. Time per event; a replace is two events.

#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "matching/depth_book.h"  // DepthBook

namespace bourse {
namespace {

class EventSource {
 public:
  EventSource(std::uint32_t symbols, std::size_t live, std::size_t count)
      : rpts_(symbols, 0), mids_(symbols, 10'000) {
    while (orders_.size() < live) add(warm_up);
    while (events.size() < count) {
      const std::uint64_t dice = random_() % 1000;
      if (dice < 460 || orders_.empty()) {
        add(events);
      } else if (dice < 890) {
        reduce(EventKind::cancel, true);
      } else if (dice < 930) {
        reduce(EventKind::execute, random_() % 2 == 0);
      } else if (dice < 960) {
        reduce(EventKind::cancel, true);
        add(events);
      } else if (dice < 980) {
        reduce(EventKind::cancel, false);
      } else {
        PublicEvent event{};
        event.kind = EventKind::trade;
        put(events, event, static_cast<std::uint32_t>(random_() % rpts_.size()));
      }
    }
  }

  std::vector<PublicEvent> warm_up;
  std::vector<PublicEvent> events;

 private:
  struct Order {
    std::uint64_t id;
    std::uint64_t quantity;
    std::uint32_t symbol;
    Side side;
  };

  void put(std::vector<PublicEvent>& into, PublicEvent event, std::uint32_t symbol) {
    event.symbol = SymbolId{symbol};
    event.rpt_sequence = RptSequence{++rpts_[symbol]};
    into.push_back(event);
  }
  void add(std::vector<PublicEvent>& into) {
    const auto symbol = static_cast<std::uint32_t>(random_() % rpts_.size());
    const Side side = random_() % 2 == 0 ? Side::buy : Side::sell;
    // Most orders near the best, a few far away.
    const auto away = static_cast<std::int64_t>(1 + random_() % (random_() % 8 == 0 ? 200 : 20));
    if (random_() % 16 == 0) mids_[symbol] += static_cast<std::int64_t>(random_() % 3) - 1;
    PublicEvent event{};
    event.kind = EventKind::add;
    event.side = side;
    event.order_id = OrderId{++last_id_};
    event.price = PriceTicks{mids_[symbol] + (side == Side::buy ? -away : away)};
    event.quantity = event.leaves = QuantityLots{100 * (1 + random_() % 5)};
    orders_.push_back({last_id_, event.quantity.value(), symbol, side});
    put(into, event, symbol);
  }
  void reduce(EventKind kind, bool is_whole) {
    // Half of what goes is young, as most orders are.
    const std::size_t span =
        random_() % 2 == 0 ? std::min<std::size_t>(orders_.size(), 1000) : orders_.size();
    const std::size_t at = orders_.size() - 1 - random_() % span;
    Order& order = orders_[at];
    PublicEvent event{};
    event.kind = kind;
    event.side = order.side;
    event.order_id = OrderId{order.id};
    const std::uint64_t quantity = is_whole || order.quantity < 2 ? order.quantity : 1;
    event.quantity = QuantityLots{quantity};
    event.leaves = QuantityLots{order.quantity - quantity};
    order.quantity -= quantity;
    const std::uint32_t symbol = order.symbol;
    if (order.quantity == 0) {
      order = orders_.back();
      orders_.pop_back();
    }
    put(events, event, symbol);
  }

  std::mt19937_64 random_{5};
  std::vector<std::uint64_t> rpts_;
  std::vector<std::int64_t> mids_;
  std::vector<Order> orders_;
  std::uint64_t last_id_ = 0;
};

void depth_follow(benchmark::State& state) {
  const auto symbols = static_cast<std::uint32_t>(state.range(0));
  const EventSource source(symbols, 100'000 + 50u * symbols, 1'500'000);
  std::vector<DepthBook> warm(symbols);
  std::uint64_t errors = 0;
  const auto follow = [&errors](std::vector<DepthBook>& books, const PublicEvent& event) {
    errors += books[event.symbol.value()].apply(event) != DepthError::none;
  };
  for (const PublicEvent& event : source.warm_up) follow(warm, event);
  std::vector<DepthBook> books = warm;
  std::size_t at = 0;
  for (auto _ : state) {
    follow(books, source.events[at]);
    if (++at == source.events.size()) {
      state.PauseTiming();
      books = warm;
      at = 0;
      state.ResumeTiming();
    }
  }
  if (errors > 0) state.SkipWithError("the events do not fit");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(depth_follow)->Arg(1)->Arg(100)->Arg(8000);

}  // namespace
}  // namespace bourse
