// Our engine behind the challenge's interface. Translation only: ids + 1 (0 is no order of ours),
// sides, and reports from events; every rule is the engine's own.
#include <limits>
#include <memory>

#include "bench/challenge_adapter/challenge_abi.h"  // the exported functions
#include "bench/challenge_adapter/report_ring.h"    // ReportRing
#include "matching/engine.h"                        // Engine

namespace bourse {
namespace {

constexpr EngineLimits challenge_limits{
    .symbols_max = 1, .accounts_max = 1, .orders_max = 1u << 20};

enum ReportType : std::uint8_t {
  order_ack = 0,
  trade = 1,
  cancel_ack = 2,
  modify_ack = 3,
  cancel_reject = 4,
  modify_reject = 5,
};

std::uint8_t side_code(Side side) { return side == Side::sell; }
OrderId our_id(std::uint64_t theirs) { return OrderId{theirs + 1}; }
std::uint64_t their_id(OrderId ours) { return ours.value() - 1; }

void* ring_create(std::uint32_t capacity) { return new ReportRing(capacity); }
int ring_push(void* sink, const me_report_t* r) {
  const bool is_trade = r->type == trade;
  return static_cast<ReportRing*>(sink)->push(
      r->type, r->side, r->sequence_number, is_trade ? r->maker_order_id : r->order_id,
      is_trade ? r->taker_order_id : 0, r->price_ticks, r->quantity);
}
std::uint32_t ring_drain(void* sink, me_report_t* out, std::uint32_t max) {
  return static_cast<ReportRing*>(sink)->drain(out, max);
}
void ring_flush(void* sink) { static_cast<ReportRing*>(sink)->publish(); }
void ring_destroy(void* sink) { delete static_cast<ReportRing*>(sink); }

constexpr transport_t own_transport{ring_create, ring_push, ring_drain, ring_flush, ring_destroy};

class Adapter {
 public:
  Adapter(const transport_t* transport, void* sink)
      : engine_(challenge_limits), transport_(transport), sink_(sink) {
    if (transport == &own_transport) ring_ = static_cast<ReportRing*>(sink);
    command_.type = CommandType::define_instrument;
    InstrumentBody& body = command_.instrument;
    body.symbol[0] = 'C';
    body.tick_size_e9 = 1;
    body.lot_size = 1;
    body.quantity_min = QuantityLots{1};
    body.quantity_max = QuantityLots{std::numeric_limits<std::uint32_t>::max()};
    body.price_min = PriceTicks{-(std::int64_t{1} << 62)};
    body.price_max = PriceTicks{std::int64_t{1} << 62};
    execute();
    CHECK(engine_.symbol_count() == 1);
    const Sequence sequence = command_.sequence;
    command_ = {};
    command_.sequence = sequence;
    command_.symbol = symbol;
    command_.account = AccountId{1};
    command_.order.type = OrderType::limit;
  }

  void on_new_order(const new_order_t& m) {
    OrderBody& order = command_.order;
    command_.type = CommandType::new_order;
    command_.order_flags = 0;
    order.order_id = our_id(m.order_id);
    order.price = PriceTicks{m.price_ticks};
    order.quantity = QuantityLots{m.quantity};
    order.side = m.side == 0 ? Side::buy : Side::sell;
    order.time_in_force = m.ioc != 0 ? TimeInForce::ioc : TimeInForce::gtc;
    execute();
    if (decision().type != ExecType::accepted) return;  // there is no report for that
    report(order_ack, m.side, m.sequence_number, m.order_id, 0, m.price_ticks, m.quantity);
    report_matches(m.sequence_number);
  }

  void on_cancel(const cancel_t& m) {
    command_.type = CommandType::cancel;
    command_.order.order_id = our_id(m.order_id);
    execute();
    const ExecEvent& answer = decision();
    if (answer.type != ExecType::canceled) {
      return report(cancel_reject, 0, m.sequence_number, m.order_id, 0, 0, 0);
    }
    report(cancel_ack, side_code(answer.side), m.sequence_number, m.order_id, 0,
           answer.price.value(), static_cast<std::uint32_t>(answer.quantity.value()));
  }

  void on_modify(const modify_t& m) {
    OrderBody& order = command_.order;
    command_.type = CommandType::amend;
    command_.order_flags = order_flags::lose_priority;
    order.order_id = our_id(m.order_id);
    order.price = PriceTicks{m.new_price_ticks};
    order.quantity = QuantityLots{m.new_quantity};
    execute();
    if (decision().type != ExecType::replaced) {
      return report(modify_reject, 0, m.sequence_number, m.order_id, 0, 0, 0);
    }
    const Side side = decision().side;
    order.side = side;
    order.time_in_force = TimeInForce::gtc;
    report_matches(m.sequence_number);
    report(modify_ack, side_code(side), m.sequence_number, m.order_id, 0, m.new_price_ticks,
           m.new_quantity);
  }

  void flush() {
    if (ring_ != nullptr) {
      ring_->publish();
    } else if (transport_ != nullptr) {
      transport_->flush(sink_);
    }
  }

  const Engine& engine() const { return engine_; }
  static constexpr SymbolId symbol{1};

 private:
  void execute() {
    command_.sequence = next(command_.sequence);
    engine_.apply(command_, events_);
  }
  const ExecEvent& decision() const { return events_.exec_events().front(); }

  // The trades of the command, and the residual that expired. The engine ends a command after
  // matches_per_command_max matches; the challenge knows no such limit, so the rest is sent on.
  void report_matches(std::uint64_t sequence) {
    for (;;) {
      std::uint32_t matches = 0;
      for (const PublicEvent& event : events_.public_events()) {
        if (event.kind != EventKind::execute) continue;
        ++matches;
        report(trade, side_code(opposite(event.side)), sequence, their_id(event.order_id),
               their_id(event.taker_order_id), event.price.value(),
               static_cast<std::uint32_t>(event.quantity.value()));
      }
      const ExecEvent& last = events_.exec_events().back();
      if (last.type != ExecType::expired) return;
      const QuantityLots rest = last.quantity - last.filled;
      if (matches < matches_per_command_max) {
        return report(cancel_ack, side_code(last.side), sequence, their_id(last.order_id), 0,
                      last.price.value(), static_cast<std::uint32_t>(rest.value()));
      }
      command_.type = CommandType::new_order;
      command_.order_flags = 0;
      command_.order.quantity = rest;
      execute();
    }
  }

  void report(ReportType type, std::uint8_t side, std::uint64_t sequence, std::uint64_t a,
              std::uint64_t b, std::int64_t price, std::uint32_t quantity) {
    if (ring_ != nullptr) {
      while (!ring_->push(type, side, sequence, a, b, price, quantity)) __builtin_ia32_pause();
      return;
    }
    if (transport_ == nullptr) return;
    const bool is_trade = type == trade;
    const me_report_t full{type,  side,     {}, sequence,         is_trade ? b : a,
                           price, quantity, 0,  is_trade ? a : 0, is_trade ? b : 0,
                           0};
    while (transport_->push(sink_, &full) == 0) __builtin_ia32_pause();
  }

  Engine engine_;
  EventBuffer events_;
  Command command_{};
  const transport_t* transport_;
  void* sink_;
  ReportRing* ring_ = nullptr;  // the sink, if it is our own
};

std::unique_ptr<Adapter> adapter;

}  // namespace
}  // namespace bourse

using bourse::adapter;

void engine_init(std::uint64_t, const transport_t* transport, void* sink) {
  adapter = std::make_unique<bourse::Adapter>(transport, sink);
}
void engine_shutdown() { adapter.reset(); }
void engine_on_new_order(const new_order_t* message) { adapter->on_new_order(*message); }
void engine_on_cancel(const cancel_t* message) { adapter->on_cancel(*message); }
void engine_on_modify(const modify_t* message) { adapter->on_modify(*message); }

void engine_on_batch(const me_msg_t* messages, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const me_msg_t& message = messages[i];
    if (message.type == 0) {
      adapter->on_new_order(message.new_order);
    } else if (message.type == 1) {
      adapter->on_cancel(message.cancel);
    } else {
      adapter->on_modify(message.modify);
    }
  }
}

void engine_flush() { adapter->flush(); }

std::int64_t engine_query_best_bid() {
  const bourse::BestPrices best = adapter->engine().best(bourse::Adapter::symbol);
  return best.bid == bourse::no_price ? std::numeric_limits<std::int64_t>::min() : best.bid.value();
}

std::int64_t engine_query_best_ask() {
  return adapter->engine().best(bourse::Adapter::symbol).ask.value();  // no_price is INT64_MAX
}

std::uint64_t engine_query_depth_at(std::int64_t price, std::uint8_t side) {
  return adapter->engine()
      .depth_at(bourse::Adapter::symbol, side == 0 ? bourse::Side::buy : bourse::Side::sell,
                bourse::PriceTicks{price})
      .value();
}

const transport_t* engine_get_transport() { return &bourse::own_transport; }
