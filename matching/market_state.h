// The public market at one sequence: the instruments and a DepthBook for each, followed transaction
// by transaction. Recovery builds one, each hub starts from a copy, `verify` compares two.
//   Shape:  arrays by symbol id; a transaction costs what its public events cost.
//   Owner:  one thread; a value, copyable.
//   Errors: a transaction that does not fit is refused with a DepthError; events before the bad one
//           have been followed and sequence() has not moved: rebuild, this state is of no more use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "matching/command.h"      // InstrumentBody
#include "matching/depth_book.h"   // DepthBook, DepthError
#include "matching/transaction.h"  // TransactionView
#include "matching/types.h"        // SymbolId, Sequence

namespace bourse {

class MarketState {
 public:
  static constexpr std::uint32_t symbols_max = 1u << 20;  // a larger id is not believed

  MarketState() = default;
  // The next transaction must be the one after `last`.
  explicit MarketState(Sequence last) : sequence_(last) {}

  DepthError apply(const TransactionView& transaction);

  Sequence sequence() const { return sequence_; }
  // nullptr if not defined. Pointers hold until the next apply().
  const InstrumentBody* instrument(SymbolId symbol) const;
  const DepthBook* book(SymbolId symbol) const;
  // For its notes of touched levels only. nullptr if not defined.
  DepthBook* watched_book(SymbolId symbol);
  // Trading status, an action code of docs/PROTOCOL.md. REQUIRES: defined.
  std::uint16_t status(SymbolId symbol) const { return symbols_[symbol.value() - 1].status; }
  // Ids go from 1 to this number; some may not be defined.
  std::uint32_t symbol_count() const { return static_cast<std::uint32_t>(symbols_.size()); }

  // Snapshots: defines without a transaction; the returned book is then filled by restore().
  DepthBook* define(SymbolId symbol, const InstrumentBody& instrument);
  void set_status(SymbolId symbol, std::uint16_t status) {  // REQUIRES: defined
    symbols_[symbol.value() - 1].status = status;
  }
  // Snapshots: the next transaction must be the one after `last`.
  void continue_after(Sequence last) { sequence_ = last; }

 private:
  struct Symbol {
    bool is_defined = false;
    std::uint16_t status = 7;  // trading, as long as nothing else is said
    InstrumentBody instrument{};
    DepthBook book;
  };

  Symbol* defined(SymbolId symbol);
  const Symbol* defined(SymbolId symbol) const;

  std::vector<Symbol> symbols_;  // id - 1
  Sequence sequence_{0};
};

}  // namespace bourse
