#include "bench/load/order_stream.h"

#include <fmt/format.h>

#include <cstdio>
#include <unordered_map>

#include "bench/load/challenge_workload.h"  // make_challenge_workload

namespace bourse {

OrderStream make_order_stream(std::size_t count, Sequence first, std::uint64_t seed) {
  const auto orders = static_cast<std::uint32_t>(count / 2 + count / 16 + 1'000);
  const ChallengeWorkload workload = make_challenge_workload(market_shapes[1], seed, orders);
  OrderStream stream;
  stream.mix = fmt::format("{}; shape '{}', one symbol, seed {}", workload.mix(),
                           market_shapes[1].name, seed);
  std::unordered_map<std::uint64_t, OrderId> ids;
  ids.reserve(orders);
  stream.commands.reserve(count);
  for (const me_msg_t& m : workload.messages) {
    if (stream.commands.size() == count) break;
    Command& c = stream.commands.emplace_back();
    c.symbol = SymbolId{1};
    c.account = AccountId{1};
    if (m.type == 0) {
      const OrderId id{first.value() + stream.commands.size() - 1};
      ids[m.new_order.order_id] = id;
      c.type = CommandType::new_order;
      c.order.type = OrderType::limit;
      c.order.price = PriceTicks{m.new_order.price_ticks};
      c.order.quantity = QuantityLots{m.new_order.quantity};
      c.order.side = m.new_order.side == 0 ? Side::buy : Side::sell;
      c.order.time_in_force = m.new_order.ioc != 0 ? TimeInForce::ioc : TimeInForce::gtc;
    } else if (m.type == 1) {
      c.type = CommandType::cancel;
      c.order.order_id = ids[m.cancel.order_id];
    } else {
      c.type = CommandType::amend;
      c.order_flags = order_flags::lose_priority;
      c.order.order_id = ids[m.modify.order_id];
      c.order.price = PriceTicks{m.modify.new_price_ticks};
      c.order.quantity = QuantityLots{m.modify.new_quantity};
    }
  }
  return stream;
}

Command define_stream_symbol(std::uint32_t number) {
  Command define{};
  define.type = CommandType::define_instrument;
  define.symbol = SymbolId{number};
  InstrumentBody& body = define.instrument;
  std::snprintf(body.symbol, sizeof body.symbol, "BENCH%u", number);
  std::snprintf(body.base, sizeof body.base, "B");
  std::snprintf(body.quote, sizeof body.quote, "USD");
  body.tick_size_e9 = 5'000'000;
  body.lot_size = 1;
  body.quantity_min = QuantityLots{1};
  body.quantity_max = QuantityLots{1'000'000};
  body.price_min = PriceTicks{0};
  body.price_max = PriceTicks{1'000'000};
  return define;
}

}  // namespace bourse
