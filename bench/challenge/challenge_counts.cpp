#include "bench/challenge/challenge_counts.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "bench/challenge/challenge_runs.h"  // translate_challenge, ...
#include "bench/load/challenge_workload.h"   // make_challenge_workload
#include "bench/measure/counted.h"           // COUNTED
#include "matching/check.h"                  // CHECK
#include "matching/engine.h"                 // Engine
#include "matching/event.h"                  // EventBuffer

namespace bourse {
namespace {

struct CountedMarket {
  Engine engine{{.symbols_max = 1, .accounts_max = 1, .orders_max = 1u << 20}};
  EventBuffer events;
  Command command = first_challenge_command();
  std::uint64_t hashes = 0;

  CountedMarket() { engine.apply(define_challenge_symbol(1), events); }
  void apply(const me_msg_t& message) {
    translate_challenge(message, command);
    engine.apply(command, events);
    hashes ^= engine.state_hash();
  }
};

using Messages = std::vector<me_msg_t>;

void to_matcher(const Messages& messages) {
  engine_on_batch(messages.data(), static_cast<std::uint32_t>(messages.size()));
}
void to_engine(CountedMarket& market, const Messages& messages) {
  for (const me_msg_t& message : messages) market.apply(message);
}

}  // namespace

COUNTED void counted_matcher_add(const Messages& messages) { to_matcher(messages); }
COUNTED void counted_matcher_cancel(const Messages& messages) { to_matcher(messages); }
COUNTED void counted_matcher_execute(const Messages& messages) { to_matcher(messages); }
COUNTED void counted_full_add(CountedMarket& m, const Messages& messages) {
  to_engine(m, messages);
}
COUNTED void counted_full_cancel(CountedMarket& m, const Messages& messages) {
  to_engine(m, messages);
}
COUNTED void counted_full_execute(CountedMarket& m, const Messages& messages) {
  to_engine(m, messages);
}

namespace {

constexpr std::size_t book_orders = 40'000;
constexpr std::uint64_t operations_max = 15'000;  // there must be makers for all the executes

// The streams of one operation each. All adds rest at prices of the challenge's static shape; an
// execute is an order that takes exactly the order that is first in line.
struct Streams {
  Messages before;  // a book of 40,000 orders
  Messages adds;
  Messages cancels;   // of the adds, oldest first
  Messages executes;  // found while they run
};

Streams make_streams(std::uint64_t operations) {
  const auto count = static_cast<std::uint32_t>(book_orders + operations);
  Streams streams;
  for (me_msg_t message : make_challenge_workload(market_shapes[0], 23, count).messages) {
    if (message.type != 0) continue;
    message.new_order.ioc = 0;
    if (streams.before.size() < book_orders) {
      streams.before.push_back(message);
      continue;
    }
    streams.adds.push_back(message);
    me_msg_t cancel{};
    cancel.type = 1;
    cancel.cancel = {message.new_order.order_id, message.new_order.sequence_number};
    streams.cancels.push_back(cancel);
  }
  // One taker for each order of the book that it will meet: sells into the buys, best price first,
  // oldest first.
  std::vector<new_order_t> makers;
  for (const me_msg_t& m : streams.before) {
    if (m.new_order.side == 0) makers.push_back(m.new_order);
  }
  std::ranges::sort(makers, [](const new_order_t& a, const new_order_t& b) {
    if (a.price_ticks != b.price_ticks) return a.price_ticks > b.price_ticks;
    return a.sequence_number < b.sequence_number;
  });
  makers.resize(std::min<std::size_t>(makers.size(), operations));
  std::uint64_t id = count;
  for (const new_order_t& maker : makers) {
    me_msg_t taker{};
    taker.new_order = {++id, id, maker.price_ticks, maker.quantity, 1, 0, {}};
    streams.executes.push_back(taker);
  }
  return streams;
}

}  // namespace

int run_counted_operations(std::uint64_t operations) {
  if (operations > operations_max) {
    std::printf("at most %llu\n", static_cast<unsigned long long>(operations_max));
    return 2;
  }
  const Streams streams = make_streams(operations);
  engine_init(23, nullptr, nullptr);
  to_matcher(streams.before);
  to_matcher(streams.adds);  // once before: tables that grow have grown
  to_matcher(streams.cancels);
  counted_matcher_add(streams.adds);
  counted_matcher_cancel(streams.cancels);
  counted_matcher_execute(streams.executes);
  engine_shutdown();

  CountedMarket market;
  to_engine(market, streams.before);
  to_engine(market, streams.adds);
  to_engine(market, streams.cancels);
  counted_full_add(market, streams.adds);
  counted_full_cancel(market, streams.cancels);
  CHECK(market.engine.open_orders() == streams.before.size());
  counted_full_execute(market, streams.executes);
  // Every taker took one whole order and left nothing.
  CHECK(market.engine.open_orders() == streams.before.size() - streams.executes.size());
  std::printf("add %zu cancel %zu execute %zu\n", streams.adds.size(), streams.cancels.size(),
              streams.executes.size());
  return market.hashes == 0 ? 1 : 0;
}

}  // namespace bourse
