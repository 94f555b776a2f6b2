// All that the engine is made of; only the rooms of the engine itself look inside.
//   Shape:  everything is sized by EngineLimits in the constructor and never grows.
//   Owner:  the thread of the engine.
#pragma once

#include <cstdint>
#include <memory>

#include "matching/accounts.h"       // Accounts
#include "matching/book.h"           // Book, BookMemory
#include "matching/busted_trades.h"  // BustedTrades
#include "matching/due_heap.h"       // DueHeap
#include "matching/engine.h"         // EngineLimits
#include "matching/instruments.h"    // Instruments
#include "matching/positions.h"      // Positions
#include "matching/types.h"          // Sequence, MatchId

namespace bourse {

struct EngineState {
  explicit EngineState(const EngineLimits& memory)
      : memory_limits(memory),
        limits(memory),
        accounts_counted(memory.accounts_max),
        books(std::make_unique<Book[]>(memory.symbols_max)),
        book_memory(memory.orders_max),
        accounts(memory.accounts_max),
        instruments(memory.symbols_max),
        orders_due(memory.orders_max + 1),
        accounts_due(memory.accounts_max + 1),
        symbols_due(memory.symbols_max + 1) {}

  // nullptr if the symbol is not defined.
  Book* book(SymbolId symbol) {
    const std::uint32_t index = symbol.value() - 1;  // of none: beyond all
    return index < instruments.count() && books[index].symbol() == symbol ? &books[index] : nullptr;
  }
  // REQUIRES: the symbol is defined.
  Book& book_of(SymbolId symbol) { return books[symbol.value() - 1]; }
  Book& book_of(Handle order) {
    const Handle level = book_memory.orders[order].level;
    return book_of(level == no_handle ? book_memory.orders.details(order).symbol
                                      : book_memory.ladders.levels[level].symbol());
  }
  bool takes(AccountId account) const {
    return account.value() - 1 < limits.accounts_max;  // none is beyond all
  }
  // Does the account have numbered reports? By the rules in force, never by the memory at hand: the
  // same log gives the same numbers in an engine with more room.
  bool counts(AccountId account) const {
    return account.value() != 0 && account.value() <= accounts_counted;
  }
  // What an administrator's command or a timer changed becomes part of the state's hash.
  void note_change(std::uint64_t what, std::uint64_t value) {
    std::uint64_t& chain = book_memory.hash.administration;
    chain = mix64(chain + what * hash_weights[10] + value * hash_weights[11] + hash_weights[0]);
  }

  EngineLimits memory_limits;      // what the constructor took memory for
  EngineLimits limits;             // the rules in force, at most memory_limits
  std::uint32_t accounts_counted;  // highest account number of any epoch
  bool has_epoch = false;
  std::unique_ptr<Book[]> books;
  BookMemory book_memory;
  Accounts accounts;
  Instruments instruments;
  Positions positions;
  BustedTrades busted_trades;
  DueHeap orders_due;    // GTD orders, by handle
  DueHeap accounts_due;  // dead-man timers, by account
  DueHeap symbols_due;   // phase changes and indicative prices, by symbol
  // Unfinished work, oldest first; chained through the books and the accounts.
  SymbolId first_pending{0};
  SymbolId last_pending{0};
  AccountId first_sweeping{0};
  AccountId last_sweeping{0};

  Sequence sequence{0};            // of the last command
  TimeNs time{0};                  // of the last command
  MatchId match_id{0};             // of the last match
  std::uint32_t placed_count = 0;  // orders placed by the current command
  std::uint32_t match_count = 0;   // matches of the current command
};

}  // namespace bourse
