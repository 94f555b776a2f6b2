#include "replay/itch_feed.h"

#include <algorithm>
#include <optional>

namespace bourse {
namespace {

// Trading status as DBN numbers it, docs/PROTOCOL.md.
enum class StatusAction : std::uint8_t {
  none = 0,
  quoting = 3,
  trading = 7,
  halt = 8,
  pause = 9,
  short_sale_restriction = 14,
};

StatusAction action_of(char trading_state) {
  switch (trading_state) {
    case 'H':
      return StatusAction::halt;
    case 'P':
      return StatusAction::pause;
    case 'Q':
      return StatusAction::quoting;
    case 'T':
      return StatusAction::trading;
    default:
      return StatusAction::none;
  }
}

Side side_of(char buy_sell_indicator) {
  return buy_sell_indicator == 'B'   ? Side::buy
         : buy_sell_indicator == 'S' ? Side::sell
                                     : Side::none;
}

PriceTicks ticks(itch::Price4 price) { return PriceTicks{price.value}; }

ItchFault fault_of(DepthError error) {
  switch (error) {
    case DepthError::unknown_order:
      return ItchFault::unknown_reference;
    case DepthError::duplicate_order:
      return ItchFault::duplicate_reference;
    case DepthError::quantity_mismatch:
      return ItchFault::excess_quantity;
    default:
      return ItchFault::bad_field;
  }
}

constexpr std::uint64_t all_shares = ~std::uint64_t{0};

// An event of which the book will fill in side, price, quantity and leaves.
PublicEvent reduction(EventKind kind, std::uint64_t aux) {
  PublicEvent event{};
  event.kind = kind;
  event.price = no_price;
  event.aux = aux;
  return event;
}
PublicEvent cancellation(CancelReason reason) {
  return reduction(EventKind::cancel, static_cast<std::uint64_t>(reason));
}

}  // namespace

// What one message does; dispatch() calls it with the message in its own type.
class ItchFeed::Step {
 public:
  Step(ItchFeed& feed, EventBuffer& out) : feed_(feed), out_(out) {}

  void list(const itch::MessageHeader& header, const itch::Stock& stock) {
    const auto [symbol, is_new] = feed_.directory_.list(header.stock_locate, stock);
    if (symbol && is_new) {
      const InstrumentBody instrument = itch_instrument(stock.view());
      feed_.stocks_.push_back({.book = DepthBook(instrument.tick_size_e9, instrument.lot_size)});
    }
    // Listed once more, the day's definition stands.
    if (find_stock(header) && is_new) follow(reduction(EventKind::definition, 0));
  }

  void operator()(const itch::StockDirectory& m) { list(m.header, m.stock); }
  void operator()(const itch::AddOrder& m) { add(m); }
  void operator()(const itch::AddOrderMpid& m) { add(m); }

  void operator()(const itch::OrderExecuted& m) {
    reduce(m.header, m.order_reference_number, m.executed_shares,
           reduction(EventKind::execute, m.match_number));
  }
  void operator()(const itch::OrderExecutedWithPrice& m) {
    PublicEvent event = reduction(EventKind::execute, m.match_number);
    event.price = ticks(m.execution_price);
    // Shares of a cross are printed once more, with the cross: the flag tells them apart.
    if (m.printable == 'N') event.flags = event_flags::auction;
    reduce(m.header, m.order_reference_number, m.executed_shares, event);
  }
  void operator()(const itch::OrderCancel& m) {
    reduce(m.header, m.order_reference_number, m.cancelled_shares,
           cancellation(CancelReason::reduced));
  }
  void operator()(const itch::OrderDelete& m) {
    reduce(m.header, m.order_reference_number, all_shares, cancellation(CancelReason::requested));
  }
  void operator()(const itch::OrderReplace& m) {
    const std::optional<DepthOrder> before =
        reduce(m.header, m.original_order_reference_number, all_shares,
               cancellation(CancelReason::replaced));
    if (before) rest(m.new_order_reference_number, before->side, m.shares, ticks(m.price));
  }

  // Since 2014 Nasdaq says 'B' whatever the hidden order's side was: nobody is told the aggressor.
  void operator()(const itch::Trade& m) {
    if (!find_stock(m.header)) return;
    ++feed_.counts_.trades;
    print(m.shares, ticks(m.price), m.match_number, 0);
  }
  void operator()(const itch::CrossTrade& m) {
    if (!find_stock(m.header)) return;
    ++(m.shares == 0 ? feed_.counts_.empty_crosses : feed_.counts_.crosses);
    if (m.shares != 0) print(m.shares, ticks(m.cross_price), m.match_number, event_flags::auction);
  }
  void operator()(const itch::BrokenTrade&) { ++feed_.counts_.broken_trades; }

  void operator()(const itch::StockTradingAction& m) {
    if (find_stock(m.header)) change_status(action_of(m.trading_state));
  }
  void operator()(const itch::OperationalHalt& m) {
    // Only Nasdaq's own book is the one in this feed.
    if (m.market_code != 'Q' || !find_stock(m.header)) return;
    change_status(m.operational_halt_action == 'T' ? StatusAction::trading : StatusAction::halt);
  }
  void operator()(const itch::RegShoRestriction& m) {
    if (m.reg_sho_action == '0' || !find_stock(m.header)) return;
    follow(reduction(EventKind::status,
                     static_cast<std::uint64_t>(StatusAction::short_sale_restriction)));
  }

  template <class Message>
  void operator()(const Message&) {}

  ItchOutcome finish() {
    const std::span<PublicEvent> events = out_.public_events();
    if (events.empty()) return outcome_;
    events.back().flags |= event_flags::last;
    // Only an order that is added can cross a book that was not.
    if (events.back().kind == EventKind::add || stock_->is_crossed) {
      stock_->is_crossed = stock_->book.crossed();
      if (stock_->is_crossed) {
        ++(stock_->may_be_crossed ? feed_.counts_.crossed_halted : feed_.counts_.crossed);
      }
    }
    if (!stock_->is_crossed) stock_->may_be_crossed = stock_->is_halted;
    return ItchOutcome::events;
  }

 private:
  bool find_stock(const itch::MessageHeader& header) {
    symbol_ = feed_.directory_.symbol(header.stock_locate);
    if (symbol_) [[likely]] {
      stock_ = &feed_.stocks_[symbol_.value() - 1];
      return true;
    }
    if (feed_.directory_.is_listed(header.stock_locate)) {
      outcome_ = ItchOutcome::left_out;
      ++feed_.counts_.left_out;
    }
    return false;
  }

  void refuse(ItchFault fault) {
    outcome_ = ItchOutcome::refused;
    feed_.fault_ = fault;
    ++feed_.counts_.faults[static_cast<std::size_t>(fault)];
  }

  template <class Order>
  void add(const Order& m) {
    if (find_stock(m.header)) {
      rest(m.order_reference_number, side_of(m.buy_sell_indicator), m.shares, ticks(m.price));
    } else if (outcome_ != ItchOutcome::left_out) {
      outcome_ = ItchOutcome::not_listed;
      feed_.missing_header_ = m.header;
      feed_.missing_stock_ = m.stock;
    }
  }

  void rest(std::uint64_t reference, Side side, std::uint64_t shares, PriceTicks price) {
    PublicEvent event = reduction(EventKind::add, 0);
    event.side = side;
    event.order_id = OrderId{reference};
    event.price = price;
    event.quantity = event.leaves = QuantityLots{shares};
    if (!follow(event)) return;
    feed_.counts_.live_orders_max =
        std::max(feed_.counts_.live_orders_max, ++feed_.counts_.live_orders);
  }

  // The order as it was before, if there was one and it has so many shares.
  std::optional<DepthOrder> reduce(const itch::MessageHeader& header, std::uint64_t reference,
                                   std::uint64_t shares, PublicEvent event) {
    if (!find_stock(header)) {
      if (outcome_ != ItchOutcome::left_out) refuse(ItchFault::unknown_reference);
      return std::nullopt;
    }
    const std::optional<DepthOrder> order = stock_->book.find(OrderId{reference});
    if (!order) {
      refuse(ItchFault::unknown_reference);
      return std::nullopt;
    }
    const QuantityLots quantity = shares == all_shares ? order->quantity : QuantityLots{shares};
    if (quantity > order->quantity) {
      refuse(ItchFault::excess_quantity);
      return std::nullopt;
    }
    event.side = order->side;
    event.order_id = order->order_id;
    if (event.price == no_price) event.price = order->price;
    event.quantity = quantity;
    event.leaves = order->quantity - quantity;
    if (!follow(event)) return std::nullopt;
    if (!event.leaves) --feed_.counts_.live_orders;
    return order;
  }

  void print(std::uint64_t shares, PriceTicks price, std::uint64_t match, std::uint16_t flags) {
    PublicEvent event = reduction(EventKind::trade, match);
    event.flags = flags;
    event.price = price;
    event.quantity = QuantityLots{shares};
    follow(event);
  }

  void change_status(StatusAction action) {
    stock_->is_halted = action != StatusAction::trading;
    if (stock_->is_halted) stock_->may_be_crossed = true;
    follow(reduction(EventKind::status, static_cast<std::uint64_t>(action)));
  }

  bool follow(PublicEvent event) {
    event.symbol = symbol_;
    event.rpt_sequence = RptSequence{stock_->book.last_rpt().value() + 1};
    if (const DepthError error = stock_->book.apply(event); error != DepthError::none) {
      refuse(fault_of(error));
      return false;
    }
    out_.add_public() = event;
    return true;
  }

  ItchFeed& feed_;
  EventBuffer& out_;
  Stock* stock_ = nullptr;
  SymbolId symbol_{0};
  ItchOutcome outcome_ = ItchOutcome::no_event;
};

ItchOutcome ItchFeed::apply(std::span<const std::byte> message, EventBuffer& out) {
  out.clear();
  Step step(*this, out);
  itch::dispatch(message, step);
  return step.finish();
}

ItchOutcome ItchFeed::list_missing(EventBuffer& out) {
  out.clear();
  Step step(*this, out);
  step.list(missing_header_, missing_stock_);
  return step.finish();
}

}  // namespace bourse
