#include "replay/import/imported_market.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "matching/instruments.h"  // quantity_most

namespace bourse {
namespace {

template <std::size_t Size>
void copy_text(char (&to)[Size], std::string_view text) {
  std::memcpy(to, text.data(), std::min(text.size(), Size - 1));
}

PublicEvent event_of(EventKind kind, OrderId order, Side side, PriceTicks price,
                     QuantityLots quantity) {
  PublicEvent event{};
  event.kind = kind;
  event.side = side;
  event.order_id = order;
  event.price = price;
  event.quantity = quantity;
  return event;
}

}  // namespace

InstrumentBody imported_instrument(std::string_view symbol, std::string_view base,
                                   std::string_view quote, std::int64_t tick_size_e9,
                                   std::uint64_t lot_size, std::int8_t quantity_exponent) {
  InstrumentBody body{};
  copy_text(body.symbol, symbol);
  copy_text(body.base, base);
  copy_text(body.quote, quote);
  body.tick_size_e9 = tick_size_e9;
  body.lot_size = lot_size;
  body.quantity_exponent = quantity_exponent;
  body.quantity_min = QuantityLots{1};
  body.quantity_max = QuantityLots{
      std::min(quantity_most.value(), std::numeric_limits<std::uint64_t>::max() / lot_size)};
  const std::int64_t most = (std::numeric_limits<std::int64_t>::max() - 1) / tick_size_e9;
  body.price_min = PriceTicks{-most};
  body.price_max = PriceTicks{most};
  return body;
}

Result<SymbolId> ImportedMarket::define(const InstrumentBody& instrument) {
  Command command{};
  command.type = CommandType::define_instrument;
  command.instrument = instrument;
  if (auto written = journal_.write_executed(command); !written) {
    return std::unexpected(written.error());
  }
  const auto defined = journal_.executed().public_events();
  if (defined.empty() || defined.front().symbol.value() != symbols_.size() + 1) {
    return fail(ExitCode::data_damaged,
                fmt::format("'{}' is no symbol, or is there twice", instrument.symbol_view()), "",
                "leave it out with --symbols");
  }
  Symbol& symbol = symbols_.emplace_back();
  symbol.instrument = instrument;
  symbol.book = DepthBook(instrument.tick_size_e9, instrument.lot_size);
  symbol.book.continue_after(defined.back().rpt_sequence);
  return defined.front().symbol;
}

Result<void> ImportedMarket::begin(SymbolId symbol, TimeNs time) {
  if (auto written = write(); !written) return written;
  open_ = symbol;
  if (first_time_.value() == 0) first_time_ = time;
  if (time < journal_.time()) {
    ++clock_reversals_;
  } else {
    journal_.advance(time);
  }
  return {};
}

Result<void> ImportedMarket::commit() {
  if (auto written = write(); !written) return written;
  if (open_ && symbols_[open_.value() - 1].book.crossed()) ++crossed_;
  return {};
}

Result<void> ImportedMarket::write() {
  if (events_.public_count() == 0) return {};
  events_.public_events().back().flags |= event_flags::last;
  const auto written = journal_.write_imported(open_, events_);
  events_.clear();
  return written;
}

Result<DepthError> ImportedMarket::put(PublicEvent event) {
  Symbol& symbol = symbols_[open_.value() - 1];
  event.symbol = open_;
  event.rpt_sequence = RptSequence{symbol.book.last_rpt().value() + 1};
  if (const DepthError error = symbol.book.apply(event); error != DepthError::none) return error;
  events_.add_public() = event;
  ++symbol.events;
  if (events_.public_count() >= events_per_transaction_max) {
    if (auto written = write(); !written) return std::unexpected(written.error());
  }
  return DepthError::none;
}

Result<DepthError> ImportedMarket::add(OrderId order, Side side, PriceTicks price,
                                       QuantityLots quantity) {
  PublicEvent event = event_of(EventKind::add, order, side, price, quantity);
  event.leaves = quantity;
  return put(event);
}

Result<DepthError> ImportedMarket::modify(OrderId order, PriceTicks price, QuantityLots quantity) {
  const auto known = book(open_).find(order);
  if (!known) return DepthError::unknown_order;
  PublicEvent event = event_of(EventKind::modify, order, known->side, price, quantity);
  event.leaves = quantity;
  event.aux = known->quantity.value();
  return put(event);
}

Result<DepthError> ImportedMarket::cancel(OrderId order, QuantityLots quantity,
                                          CancelReason reason) {
  const auto known = book(open_).find(order);
  if (!known) return DepthError::unknown_order;
  if (quantity > known->quantity) return DepthError::quantity_mismatch;
  PublicEvent event = event_of(EventKind::cancel, order, known->side, known->price, quantity);
  event.leaves = known->quantity - quantity;
  event.aux = static_cast<std::uint64_t>(reason);
  return put(event);
}

Result<DepthError> ImportedMarket::execute(OrderId order, PriceTicks price, QuantityLots quantity,
                                           std::uint64_t match_id, OrderId taker,
                                           std::uint16_t flags) {
  const auto known = book(open_).find(order);
  if (!known) return DepthError::unknown_order;
  if (quantity > known->quantity) return DepthError::quantity_mismatch;
  PublicEvent event = event_of(EventKind::execute, order, known->side, price, quantity);
  event.leaves = known->quantity - quantity;
  event.aux = match_id;
  event.taker_order_id = taker;
  event.flags = flags;
  return put(event);
}

Result<DepthError> ImportedMarket::trade(Side aggressor, PriceTicks price, QuantityLots quantity,
                                         std::uint64_t match_id, OrderId taker) {
  PublicEvent event = event_of(EventKind::trade, OrderId{0}, aggressor, price, quantity);
  event.aux = match_id;
  event.taker_order_id = taker;
  return put(event);
}

Result<DepthError> ImportedMarket::clear() {
  return put(event_of(EventKind::clear, OrderId{0}, Side::none, no_price, QuantityLots{0}));
}

void ImportedMarket::report(FeedImportReport& into) const {
  for (const Symbol& one : symbols_)
    into.symbols.push_back({one.instrument, one.book.best(), one.book.order_count(), one.events});
  into.clock_reversals = clock_reversals_;
  into.last_sequence = journal_.sequence();
  into.last_time = journal_.time();
}

}  // namespace bourse
