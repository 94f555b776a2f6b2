#include "replay/import/dbn_books.h"

#include <fmt/format.h>

#include <algorithm>

#include "replay/export/market_rows.h"  // row_flags, price_none

namespace bourse {
namespace {

Side side_of(char letter) {
  return letter == 'B' ? Side::buy : letter == 'A' ? Side::sell : Side::none;
}

}  // namespace

void DbnBooks::define(std::uint32_t instrument_id, SymbolId symbol) {
  symbols_.emplace(instrument_id, symbol);
}

PriceTicks DbnBooks::ticks(std::int64_t price) {
  if (price == price_none) return no_price;
  const std::int64_t tick = market_.instrument(open_).tick_size_e9;
  off_tick_.note(price % tick == 0, fmt::format("{}, byte {}", file_, offset_));
  return PriceTicks{price / tick};
}

Result<void> DbnBooks::take(const dbn::Mbo& record, const std::string& file, std::uint64_t offset) {
  file_ = file;
  offset_ = offset;
  const auto found = symbols_.find(record.header.instrument_id);
  if (found == symbols_.end()) return {};  // not wanted
  if (open_ != found->second) {
    if (auto opened = open(found->second, record); !opened) return opened;
  }
  const auto letter = static_cast<unsigned char>(record.action);
  if (letter < std::size(actions_)) ++actions_[letter];
  if (auto taken = put(record); !taken) return taken;
  return (record.flags & row_flags::last) != 0 ? close() : Result<void>{};
}

// A group begins: what was open of another instrument is complete.
Result<void> DbnBooks::open(SymbolId symbol, const dbn::Mbo& record) {
  if (auto closed = close(); !closed) return closed;
  open_ = symbol;
  const bool is_snapshot = (record.flags & row_flags::snapshot) != 0;
  const std::uint64_t time = is_snapshot ? record.ts_recv : record.header.ts_event;
  return market_.begin(symbol, TimeNs{static_cast<std::int64_t>(time)});
}

Result<void> DbnBooks::close() {
  if (!open_) return {};
  if (auto printed = print_trade(); !printed) return printed;
  // A fill that nothing came with: its order was not in the book, but it was a trade.
  for (auto& [order, fill] : fills_) {
    if (fill.quantity == 0) continue;
    ++fills_alone_;
    const auto done = market_.trade(Side::none, fill.price, QuantityLots{fill.quantity},
                                    fill.match_id, fill.taker);
    if (auto noted = note(done); !noted) return noted;
  }
  fills_.clear();
  open_ = SymbolId{0};
  return market_.commit();
}

Result<void> DbnBooks::note(Result<DepthError> done) {
  if (!done) return std::unexpected(done.error());
  const bool fits = *done == DepthError::none;
  fits_.note(fits, fits ? std::string()
                        : fmt::format("{}, byte {}: {}", file_, offset_, to_string(*done)));
  return {};
}

Result<void> DbnBooks::put(const dbn::Mbo& record) {
  const bool is_part_of_trade = record.action == 'T' || record.action == 'F';
  if (!is_part_of_trade && trade_.left > 0 && !trade_.is_filled) {
    if (auto printed = print_trade(); !printed) return printed;
  }
  switch (record.action) {
    case 'A':
      return note(market_.add(OrderId{record.order_id}, side_of(record.side), ticks(record.price),
                              QuantityLots{record.size}));
    case 'C':
      return take_cancel(record);
    case 'M':
      return take_modify(record);
    case 'R':
      if (market_.book(open_).order_count() == 0) return {};
      return note(market_.clear());
    case 'T':
      return take_trade(record);
    case 'F':
      take_fill(record);
      return {};
    default:
      return {};
  }
}

Result<void> DbnBooks::print_trade() {
  if (trade_.left == 0) return {};
  const Trade trade = trade_;
  trade_ = {};
  return note(market_.trade(trade.aggressor, trade.price, QuantityLots{trade.left}, trade.match_id,
                            trade.taker));
}

Result<void> DbnBooks::take_trade(const dbn::Mbo& record) {
  if (auto printed = print_trade(); !printed) return printed;
  trade_ = {.left = record.size,
            .is_filled = false,
            .is_auction = side_of(record.side) == Side::none,
            .aggressor = side_of(record.side),
            .price = ticks(record.price),
            .match_id = next_match_++,
            .taker = OrderId{record.order_id}};
  return {};
}

void DbnBooks::take_fill(const dbn::Mbo& record) {
  const std::uint64_t told = std::min<std::uint64_t>(trade_.left, record.size);
  trade_.left -= told;
  trade_.is_filled = true;
  std::uint16_t flags = trade_.is_auction ? event_flags::auction : std::uint16_t{0};
  // The other order of an auction's match: no trade of its own.
  if (told == 0) flags = event_flags::auction | event_flags::auction_other_side;
  Fill& fill = fills_[record.order_id];
  fill = {fill.quantity + record.size, ticks(record.price), trade_.match_id, trade_.taker, flags};
}

Result<void> DbnBooks::execute(OrderId order, Fill& fill, std::uint64_t quantity) {
  fill.quantity -= quantity;
  return note(market_.execute(order, fill.price, QuantityLots{quantity}, fill.match_id, fill.taker,
                              fill.flags));
}

Result<void> DbnBooks::take_cancel(const dbn::Mbo& record) {
  const OrderId order{record.order_id};
  std::uint64_t size = record.size;
  const auto fill = fills_.find(record.order_id);
  if (fill != fills_.end() && fill->second.quantity > 0) {
    const std::uint64_t filled = std::min(fill->second.quantity, size);
    size -= filled;
    if (auto done = execute(order, fill->second, filled); !done) return done;
  }
  if (size == 0) return {};
  return note(market_.cancel(order, QuantityLots{size}, CancelReason::requested));
}

Result<void> DbnBooks::take_modify(const dbn::Mbo& record) {
  const OrderId order{record.order_id};
  const auto known = market_.book(open_).find(order);
  const auto fill = fills_.find(record.order_id);
  if (known && fill != fills_.end() && fill->second.quantity > 0) {
    const std::uint64_t filled = std::min(fill->second.quantity, known->quantity.value());
    if (auto done = execute(order, fill->second, filled); !done) return done;
  }
  const auto now = market_.book(open_).find(order);
  const PriceTicks price = ticks(record.price);
  if (now && now->price == price && now->quantity == QuantityLots{record.size}) return {};
  return note(market_.modify(order, price, QuantityLots{record.size}));
}

void DbnBooks::report(FeedImportReport& report) const {
  for (std::size_t letter = 0; letter < std::size(actions_); ++letter) {
    if (actions_[letter] == 0) continue;
    const char text = static_cast<char>(letter);
    const bool is_letter = text >= 'A' && text <= 'Z';
    report.counts.push_back(
        {is_letter ? std::string(1, text) : fmt::format("action_{}", letter), actions_[letter]});
  }
  report.counts.push_back({"fills_without_change", fills_alone_});
  report.checks.push_back(fits_);
  report.checks.push_back(off_tick_);
}

}  // namespace bourse
