#include "replay/itch/itch_feed.h"

#include <algorithm>
#include <utility>

namespace bourse {
namespace {

// Trading status as DBN numbers it, docs/PROTOCOL.md.
enum class StatusAction : std::uint8_t {
  none = 0,
  quoting = 3,
  price_indication = 6,
  trading = 7,
  halt = 8,
  pause = 9,
  suspend = 10,
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

// The phase whose auction is being indicated.
Phase phase_of(char cross_type) {
  switch (cross_type) {
    case 'O':
      return Phase::opening_auction;
    case 'C':
      return Phase::closing_auction;
    case 'H':  // halts and IPOs
      return Phase::volatility_auction;
    default:  // extended trading close
      return Phase::none;
  }
}

PriceTicks ticks(itch::Price4 price) { return PriceTicks{price.value}; }
PriceTicks indicated(itch::Price4 price) { return price.value == 0 ? no_price : ticks(price); }

// An event of which the change will fill in side, price, quantity and leaves.
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
    if (symbol && is_new) feed_.stocks_.push_back({.locate = header.stock_locate});
    // Listed once more, the day's definition stands.
    if (find_stock(header) && is_new) publish(reduction(EventKind::definition, 0));
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
    if (!find_order_stock(m.header)) return;
    ItchChange change;
    if (!is_refused(feed_.books_.reduce(m.header.stock_locate, m.order_reference_number,
                                        ItchBooks::all_shares, change))) {
      took(m.order_reference_number, change, cancellation(CancelReason::requested));
    }
  }
  void operator()(const itch::OrderReplace& m) {
    if (!find_order_stock(m.header)) return;
    ItchChange change;
    if (is_refused(feed_.books_.replace(m.header.stock_locate, m.original_order_reference_number,
                                        m.new_order_reference_number, m.shares, m.price.value,
                                        change))) {
      return;
    }
    took(m.original_order_reference_number, change, cancellation(CancelReason::replaced));
    rests(m.new_order_reference_number, change.side, m.shares, ticks(m.price));
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
  void operator()(const itch::BrokenTrade& m) {
    ++feed_.counts_.broken_trades;
    const auto& prints = feed_.prints_;
    auto print = std::ranges::lower_bound(prints, m.match_number, {}, &Print::match);
    if (print == prints.end() || print->match != m.match_number) {
      // Of a stock that is not wanted, of before the file, or numbered out of turn.
      print = std::ranges::find(prints, m.match_number, &Print::match);
    }
    if (print == prints.end()) {
      ++feed_.counts_.broken_unknown;
      return;
    }
    symbol_ = print->symbol;
    stock_ = &feed_.stocks_[symbol_.value() - 1];
    PublicEvent event = reduction(EventKind::bust, m.match_number);
    event.price = PriceTicks{print->price};
    event.quantity = QuantityLots{print->shares};
    publish(event);
  }

  // The price at which the auction would trade with the book as it is; before that is known, the
  // price at which it would pair most.
  void operator()(const itch::NetOrderImbalanceIndicator& m) {
    if (!find_stock(m.header)) return;
    ++feed_.counts_.imbalances;
    PublicEvent event =
        reduction(EventKind::imbalance, static_cast<std::uint64_t>(phase_of(m.cross_type)));
    event.side = side_of(m.imbalance_direction);
    event.price = indicated(m.near_price.value != 0 ? m.near_price : m.current_reference_price);
    event.quantity = QuantityLots{m.paired_shares};
    event.leaves = QuantityLots{m.imbalance_shares};
    publish(event);
  }

  void operator()(const itch::StockTradingAction& m) {
    if (find_stock(m.header)) change_status(action_of(m.trading_state));
  }
  void operator()(const itch::OperationalHalt& m) {
    // Only Nasdaq's own book is the one in this feed.
    if (m.market_code != 'Q' || !find_stock(m.header)) return;
    change_status(m.operational_halt_action == 'T' ? StatusAction::trading : StatusAction::halt);
  }
  // Told of every stock in the morning: only what changes is news.
  void operator()(const itch::RegShoRestriction& m) {
    if (!find_stock(m.header)) return;
    const bool is_restricted = m.reg_sho_action != '0';
    if (std::exchange(stock_->is_short_sale_restricted, is_restricted) == is_restricted) return;
    indicate(StatusAction::short_sale_restriction, no_price);
  }
  void operator()(const itch::LuldAuctionCollar& m) {
    if (!find_stock(m.header)) return;
    indicate(StatusAction::price_indication, indicated(m.auction_collar_reference_price));
  }
  void operator()(const itch::IpoQuotingPeriodUpdate& m) {
    if (!find_stock(m.header)) return;
    // C: cancelled or postponed.
    if (m.ipo_quotation_release_qualifier == 'C') {
      indicate(StatusAction::suspend, no_price);
    } else {
      indicate(StatusAction::price_indication, indicated(m.ipo_price));
    }
  }
  void operator()(const itch::DirectListingWithCapitalRaise& m) {
    if (!find_stock(m.header)) return;
    indicate(StatusAction::price_indication, indicated(m.near_execution_price));
  }

  template <class Message>
  void operator()(const Message&) {}

  ItchOutcome finish() {
    const std::span<PublicEvent> events = out_.public_events();
    if (events.empty()) return outcome_;
    events.back().flags |= event_flags::last;
    // Only an order that is added can cross a book that was not.
    if (events.back().kind == EventKind::add || stock_->is_crossed) {
      stock_->is_crossed = feed_.books_.crossed(stock_->locate);
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

  bool is_refused(ItchFault fault) {
    if (fault == ItchFault::none) return false;
    refuse(fault);
    return true;
  }

  // The same for a message that names an order: there is none in a stock that was never listed.
  bool find_order_stock(const itch::MessageHeader& header) {
    if (find_stock(header)) return true;
    if (outcome_ != ItchOutcome::left_out) refuse(ItchFault::unknown_reference);
    return false;
  }

  template <class Order>
  void add(const Order& m) {
    if (find_stock(m.header)) {
      const Side side = side_of(m.buy_sell_indicator);
      if (!is_refused(feed_.books_.add(m.header.stock_locate, m.order_reference_number, side,
                                       m.shares, m.price.value))) {
        rests(m.order_reference_number, side, m.shares, ticks(m.price));
      }
    } else if (outcome_ != ItchOutcome::left_out) {
      outcome_ = ItchOutcome::not_listed;
      feed_.missing_header_ = m.header;
      feed_.missing_stock_ = m.stock;
    }
  }

  void reduce(const itch::MessageHeader& header, std::uint64_t reference, std::uint32_t shares,
              const PublicEvent& event) {
    if (!find_order_stock(header)) return;
    if (shares == 0) return refuse(ItchFault::bad_field);
    ItchChange change;
    if (!is_refused(feed_.books_.reduce(header.stock_locate, reference, shares, change))) {
      took(reference, change, event);
    }
  }

  void rests(std::uint64_t reference, Side side, std::uint32_t shares, PriceTicks price) {
    PublicEvent event = reduction(EventKind::add, 0);
    event.side = side;
    event.order_id = OrderId{reference};
    event.price = price;
    event.quantity = event.leaves = QuantityLots{shares};
    publish(event);
    feed_.counts_.live_orders = feed_.books_.order_count();
    feed_.counts_.live_orders_max =
        std::max(feed_.counts_.live_orders_max, feed_.counts_.live_orders);
  }

  void took(std::uint64_t reference, const ItchChange& change, PublicEvent event) {
    event.side = change.side;
    event.order_id = OrderId{reference};
    if (event.price == no_price) event.price = PriceTicks{change.price};
    event.quantity = QuantityLots{change.shares};
    event.leaves = QuantityLots{change.leaves};
    publish(event);
    feed_.counts_.live_orders = feed_.books_.order_count();
  }

  void print(std::uint64_t shares, PriceTicks price, std::uint64_t match, std::uint16_t flags) {
    PublicEvent event = reduction(EventKind::trade, match);
    event.flags = flags;
    event.price = price;
    event.quantity = QuantityLots{shares};
    publish(event);
  }

  void change_status(StatusAction action) {
    stock_->is_halted = action != StatusAction::trading;
    if (stock_->is_halted) stock_->may_be_crossed = true;
    publish(reduction(EventKind::status, static_cast<std::uint64_t>(action)));
  }

  // A status that does not say whether the stock trades.
  void indicate(StatusAction action, PriceTicks price) {
    PublicEvent event = reduction(EventKind::status, static_cast<std::uint64_t>(action));
    event.price = price;
    publish(event);
  }

  void remember(const PublicEvent& event) {
    feed_.prints_.push_back({.match = event.aux,
                             .symbol = symbol_,
                             .price = static_cast<std::uint32_t>(event.price.value()),
                             .shares = event.quantity.value()});
  }

  void publish(PublicEvent event) {
    if (event.kind == EventKind::execute || event.kind == EventKind::trade) remember(event);
    event.symbol = symbol_;
    stock_->last_rpt = RptSequence{stock_->last_rpt.value() + 1};
    event.rpt_sequence = stock_->last_rpt;
    out_.add_public() = event;
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
