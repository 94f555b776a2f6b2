// The mbo records of DBN as events of a journal: T, F and C or M become executions again.
//   Shape:  per instrument the fills of the open group that no C or M has accompanied yet.
//   Owner:  one thread; the market must outlive it.
//   Errors: those of the journal; records that do not fit the book are counted and left out.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "replay/dbn/dbn_format.h"          // dbn::Mbo
#include "replay/import/feed_import.h"      // FeedImportReport
#include "replay/import/imported_market.h"  // ImportedMarket
#include "replay/result.h"                  // Result

namespace bourse {

class DbnBooks {
 public:
  explicit DbnBooks(ImportedMarket& market) : market_(market) {}

  // REQUIRES: defined in the market under this id.
  void define(std::uint32_t instrument_id, SymbolId symbol);
  bool is_defined(std::uint32_t instrument_id) const { return symbols_.contains(instrument_id); }
  Result<void> take(const dbn::Mbo& record, const std::string& file, std::uint64_t offset);
  Result<void> finish() { return close(); }
  void report(FeedImportReport& report) const;

 private:
  struct Fill {
    std::uint64_t quantity;  // that no C or M has taken out of the book so far
    PriceTicks price;
    std::uint64_t match_id;
    OrderId taker;
    std::uint16_t flags;
  };
  struct Trade {
    std::uint64_t left = 0;  // that no F has told of
    bool is_filled = false;  // by one F at least
    bool is_auction = false;
    Side aggressor = Side::none;
    PriceTicks price{0};
    std::uint64_t match_id = 0;
    OrderId taker{0};
  };

  Result<void> open(SymbolId symbol, const dbn::Mbo& record);
  Result<void> close();
  Result<void> put(const dbn::Mbo& record);
  Result<void> take_trade(const dbn::Mbo& record);
  void take_fill(const dbn::Mbo& record);
  Result<void> take_cancel(const dbn::Mbo& record);
  Result<void> take_modify(const dbn::Mbo& record);
  Result<void> print_trade();
  Result<void> execute(OrderId order, Fill& fill, std::uint64_t quantity);
  Result<void> note(Result<DepthError> done);
  PriceTicks ticks(std::int64_t price);

  ImportedMarket& market_;
  std::unordered_map<std::uint32_t, SymbolId> symbols_;  // by instrument id
  SymbolId open_{0};
  Trade trade_;
  std::unordered_map<std::uint64_t, Fill> fills_;  // of the open group, by order id
  std::uint64_t next_match_ = 1;
  std::string file_;
  std::uint64_t offset_ = 0;
  FeedCheck fits_{.name = "fits_the_book"};
  FeedCheck off_tick_{.name = "prices_on_tick"};
  std::uint64_t actions_[128] = {};  // records by the letter of their action
  std::uint64_t fills_alone_ = 0;    // F without C or M
};

}  // namespace bourse
