// Our engine behind the challenge's interface. Translation only: ids + 1 (0 is no order of ours),
// sides, and the words of the reports; every rule is the engine's own.
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "bench/challenge_adapter/challenge_abi.h"  // the exported functions
#include "bench/challenge_adapter/report_ring.h"    // ReportRing
#include "matching/decide.h"                        // decide
#include "matching/engine_state.h"                  // EngineState

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

// What the engine's decisions are told to: reports of the challenge, straight into the ring.
class ChallengeReports {
 public:
  ChallengeReports(EngineState& state, const transport_t* transport, void* sink)
      : orders_(state.book_memory.orders), transport_(transport), sink_(sink) {
    if (transport == &own_transport) ring_ = static_cast<ReportRing*>(sink);
  }

  // The message that is being decided.
  void begin(std::uint64_t sequence) { sequence_ = sequence; }
  // The rest of it, which is returned, is sent on; it has been acknowledged.
  QuantityLots begin_rest() {
    is_continued_ = true;
    return std::exchange(rest_, QuantityLots{0});
  }
  void end_rest() { is_continued_ = false; }
  bool was_decided_well() const { return decided_well_; }
  Side side() const { return side_; }  // of the order that was replaced
  // What the engine's own limit of matches per command has left of an order.
  QuantityLots rest() const { return rest_; }

  [[gnu::always_inline]] void accepted(Handle order, OrderStatus, std::uint32_t) {
    if (!is_continued_) tell_order(order_ack, order);
  }
  void replaced(Handle order, std::uint32_t = 0) {
    decided_well_ = true;
    side_ = orders_[order].side;
  }
  void canceled(Handle order, std::uint32_t, RejectReason) { tell_order(cancel_ack, order); }
  void expired(Handle order, RejectReason reason) {
    if (reason != RejectReason::book_full) return tell_order(cancel_ack, order);
    rest_ = orders_[order].leaves;
  }
  void rejected(const Command& command, RejectReason, std::uint32_t = 0) {
    decided_well_ = false;
    if (command.type == CommandType::new_order) return;  // there is no report for that
    const bool is_amend = command.type == CommandType::amend;
    push(is_amend ? modify_reject : cancel_reject, 0, their_id(command.order.order_id), 0, 0, 0);
  }
  void matched(Book&, const Level& level, Handle taker, Handle maker, QuantityLots quantity,
               MatchId) {
    push(trade, side_code(orders_[taker].side), their_id(orders_[maker].id),
         their_id(orders_[taker].id), level.price.value(), quantity.value());
  }
  void modified_to(std::uint64_t id, std::uint8_t side, std::int64_t price,
                   std::uint32_t quantity) {
    push(modify_ack, side, id, 0, price, quantity);
  }

  // The challenge has no words for the rest.
  void toggle(Handle) {}
  void identify(Handle, SymbolId, PriceTicks) {}
  void acknowledged(const Command&) {}
  void restated(Handle, std::uint32_t) {}
  void triggered(Handle) {}
  void added(Book&, const Level&, Handle) {}
  void removed(Book&, const Level&, Handle, CancelReason, std::uint16_t) {}
  void modified(Book&, const Level&, Handle, PriceTicks, QuantityLots, std::uint16_t) {}
  void auction_matched(Book&, PriceTicks, Handle, Handle, QuantityLots, MatchId) {}
  void status_changed(Book&) {}
  void indicated(Book&, PriceTicks, QuantityLots, Side, QuantityLots) {}
  void defined(Book&) {}
  void busted(Book&, const BustBody&) {}

  void flush() {
    if (ring_ != nullptr) {
      ring_->publish();
    } else if (transport_ != nullptr) {
      transport_->flush(sink_);
    }
  }

 private:
  [[gnu::always_inline]] void tell_order(ReportType type, Handle handle) {
    if (transport_ == nullptr) return;
    const Order& order = orders_[handle];
    push(type, side_code(order.side), their_id(order.id), 0, order.price.value(),
         order.leaves.value());
  }
  [[gnu::always_inline]] void push(ReportType type, std::uint8_t side, std::uint64_t a,
                                   std::uint64_t b, std::int64_t price, std::uint64_t lots) {
    const auto quantity = static_cast<std::uint32_t>(lots);
    if (ring_ != nullptr) [[likely]] {
      while (!ring_->push(type, side, sequence_, a, b, price, quantity)) __builtin_ia32_pause();
    } else if (transport_ != nullptr) {
      push_elsewhere(type, side, a, b, price, quantity);
    }
  }
  [[gnu::noinline]] void push_elsewhere(ReportType type, std::uint8_t side, std::uint64_t a,
                                        std::uint64_t b, std::int64_t price,
                                        std::uint32_t quantity) {
    const bool is_trade = type == trade;
    const me_report_t full{type,  side,     {}, sequence_,        is_trade ? b : a,
                           price, quantity, 0,  is_trade ? a : 0, is_trade ? b : 0,
                           0};
    while (transport_->push(sink_, &full) == 0) __builtin_ia32_pause();
  }

  const OrderPool& orders_;
  const transport_t* transport_;
  void* sink_;
  ReportRing* ring_ = nullptr;  // the sink, if it is our own
  std::uint64_t sequence_ = 0;
  QuantityLots rest_{0};
  bool is_continued_ = false;
  bool decided_well_ = false;
  Side side_ = Side::none;
};

class Adapter {
 public:
  Adapter(const transport_t* transport, void* sink)
      : state_(challenge_limits), reports_(state_, transport, sink) {
    state_.book_memory.touch();
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
    CHECK(state_.instruments.count() == 1);
    const Sequence sequence = command_.sequence;
    command_ = {};
    command_.sequence = sequence;
    command_.symbol = symbol;
    command_.account = AccountId{1};
    command_.order.type = OrderType::limit;
  }

  void on_new_order(const new_order_t& m) {
    OrderBody& order = command_.order;
    set_kind(CommandType::new_order, 0);
    order.order_id = our_id(m.order_id);
    order.price = PriceTicks{m.price_ticks};
    order.quantity = QuantityLots{m.quantity};
    // Side, limit order, time in force: the engine reads these neighbours as one word, and a word
    // that was written in parts is slow to read back.
    const std::uint32_t words = 0x00'01'01'01 + (m.side != 0) + (std::uint32_t{m.ioc != 0} << 16);
    std::memcpy(&order.side, &words, sizeof words);
    reports_.begin(m.sequence_number);
    decide_new_order(state_, command_, reports_);
    if (reports_.rest() != QuantityLots{0}) [[unlikely]]
      go_on();
  }

  void on_cancel(const cancel_t& m) {
    set_kind(CommandType::cancel, 0);
    command_.order.order_id = our_id(m.order_id);
    reports_.begin(m.sequence_number);
    decide_cancel(state_, command_, reports_);
  }

  void on_modify(const modify_t& m) {
    OrderBody& order = command_.order;
    set_kind(CommandType::amend, order_flags::lose_priority);
    order.order_id = our_id(m.order_id);
    order.price = PriceTicks{m.new_price_ticks};
    order.quantity = QuantityLots{m.new_quantity};
    reports_.begin(m.sequence_number);
    decide_amend(state_, command_, reports_);
    if (!reports_.was_decided_well()) return;
    if (reports_.rest() != QuantityLots{0}) [[unlikely]] {
      order.side = reports_.side();
      order.time_in_force = TimeInForce::gtc;
      go_on();
    }
    reports_.modified_to(m.order_id, side_code(reports_.side()), m.new_price_ticks, m.new_quantity);
  }

  void flush() { reports_.flush(); }

  std::int64_t best(Side side, std::int64_t otherwise) const {
    const PriceTicks price = state_.books[0].best_price(state_.book_memory, side);
    return price == no_price ? otherwise : price.value();
  }
  std::uint64_t depth_at(Side side, PriceTicks price) const {
    const Book& book = state_.books[0];
    if (price < book.price_min() || price > book.price_max()) return 0;
    const LadderMemory& ladders = state_.book_memory.ladders;
    const Handle level = book.ladder(side).find(ladders, book.key(side, price));
    return level == no_handle ? 0 : ladders.levels[level].total.value();
  }
  static constexpr SymbolId symbol{1};

 private:
  // Type and flags in one store, as above. And the next sequence.
  void set_kind(CommandType type, std::uint8_t flags) {
    command_.sequence = next(command_.sequence);
    const std::uint32_t words = static_cast<std::uint32_t>(type) | std::uint32_t{flags} << 8;
    std::memcpy(&command_.type, &words, sizeof words);
  }
  [[gnu::noinline]] void execute() {
    command_.sequence = next(command_.sequence);
    decide(state_, command_, reports_);
  }
  // The engine ends a command after matches_per_command_max matches; the challenge knows no such
  // limit, so the rest is sent on.
  void go_on() {
    command_.type = CommandType::new_order;
    command_.order_flags = 0;
    while (reports_.rest() != QuantityLots{0}) {
      command_.order.quantity = reports_.begin_rest();
      execute();
    }
    reports_.end_rest();
  }

  EngineState state_;
  ChallengeReports reports_;
  Command command_{};
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
  bourse::Adapter& to = *adapter;
  for (std::uint32_t i = 0; i < count; ++i) {
    const me_msg_t& message = messages[i];
    if (message.type == 0) {
      to.on_new_order(message.new_order);
    } else if (message.type == 1) {
      to.on_cancel(message.cancel);
    } else {
      to.on_modify(message.modify);
    }
  }
}

void engine_flush() { adapter->flush(); }

std::int64_t engine_query_best_bid() {
  return adapter->best(bourse::Side::buy, std::numeric_limits<std::int64_t>::min());
}

std::int64_t engine_query_best_ask() {
  return adapter->best(bourse::Side::sell, std::numeric_limits<std::int64_t>::max());
}

std::uint64_t engine_query_depth_at(std::int64_t price, std::uint8_t side) {
  return adapter->depth_at(side == 0 ? bourse::Side::buy : bourse::Side::sell,
                           bourse::PriceTicks{price});
}

const transport_t* engine_get_transport() { return &bourse::own_transport; }
