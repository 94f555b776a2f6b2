// What a foreign feed makes of a journal's market: events on books of its own, written as imported
// transactions.
//   Shape:  one transaction at a time, of one instrument: begin(), events, commit(). An event that
//           does not fit the book is refused and counted and not written, so that a journal always
//           replays. More than events_per_transaction_max are cut into several transactions of one
//           time.
//   Units:  ticks and lots of each instrument.
//   Owner:  one thread; the journal must outlive it.
//   Errors: those of the journal.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "matching/command.h"              // InstrumentBody
#include "matching/depth_book.h"           // DepthBook
#include "matching/event.h"                // EventBuffer
#include "replay/import/feed_import.h"     // FeedImportReport
#include "replay/import/import_journal.h"  // ImportJournal
#include "replay/result.h"                 // Result

namespace bourse {

class ImportedMarket {
 public:
  static constexpr std::size_t events_per_transaction_max = 8192;

  explicit ImportedMarket(ImportJournal& journal) : journal_(journal) {}

  // Ids from 1, in this order.
  Result<SymbolId> define(const InstrumentBody& instrument);
  std::uint32_t symbol_count() const { return static_cast<std::uint32_t>(symbols_.size()); }
  const DepthBook& book(SymbolId symbol) const { return at(symbol).book; }
  const InstrumentBody& instrument(SymbolId symbol) const { return at(symbol).instrument; }
  std::uint64_t events(SymbolId symbol) const { return at(symbol).events; }

  // What follows is of this instrument and time. A time before the last one is held there.
  Result<void> begin(SymbolId symbol, TimeNs time);
  Result<DepthError> add(OrderId order, Side side, PriceTicks price, QuantityLots quantity);
  Result<DepthError> modify(OrderId order, PriceTicks price, QuantityLots quantity);
  Result<DepthError> cancel(OrderId order, QuantityLots quantity, CancelReason reason);
  Result<DepthError> execute(OrderId order, PriceTicks price, QuantityLots quantity,
                             std::uint64_t match_id, OrderId taker, std::uint16_t flags = 0);
  Result<DepthError> trade(Side aggressor, PriceTicks price, QuantityLots quantity,
                           std::uint64_t match_id, OrderId taker = OrderId{0});
  Result<DepthError> clear();
  Result<void> commit();

  std::uint64_t clock_reversals() const { return clock_reversals_; }
  std::uint64_t crossed() const { return crossed_; }  // transactions that left a book crossed
  TimeNs first_time() const { return first_time_; }
  // Its symbols, and how far the journal has come.
  void report(FeedImportReport& into) const;

 private:
  struct Symbol {
    InstrumentBody instrument{};
    DepthBook book;
    std::uint64_t events = 0;
  };

  const Symbol& at(SymbolId symbol) const { return symbols_[symbol.value() - 1]; }
  Result<DepthError> put(PublicEvent event);
  Result<void> write();

  ImportJournal& journal_;
  std::vector<Symbol> symbols_;  // id - 1
  EventBuffer events_;
  SymbolId open_{0};
  std::uint64_t clock_reversals_ = 0;
  std::uint64_t crossed_ = 0;
  TimeNs first_time_{0};
};

// An instrument as a feed lets us know it: as many decimals as its prices and sizes have. Its
// limits are all that the fields can hold.
InstrumentBody imported_instrument(std::string_view symbol, std::string_view base,
                                   std::string_view quote, std::int64_t tick_size_e9,
                                   std::uint64_t lot_size, std::int8_t quantity_exponent);

// The largest power of ten that divides all numbers it was shown.
class DecimalStep {
 public:
  void see(std::uint64_t number) {
    while (number % step_ != 0) step_ /= 10;
  }
  void see_signed(std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    see(number < 0 ? 0 - bits : bits);
  }
  std::uint64_t step() const { return step_; }

 private:
  std::uint64_t step_ = 1'000'000'000;
};

}  // namespace bourse
