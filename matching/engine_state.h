// All that the engine is made of; only engine.cpp, matcher.cpp and reports.h look inside.
//   Shape:  everything is sized by EngineLimits in the constructor and never grows.
//   Owner:  the thread of the engine.
#pragma once

#include <cstdint>
#include <memory>

#include "matching/accounts.h"     // Accounts
#include "matching/book.h"         // Book, BookMemory
#include "matching/engine.h"       // EngineLimits
#include "matching/instruments.h"  // Instruments
#include "matching/types.h"        // Sequence, MatchId

namespace bourse {

struct EngineState {
  explicit EngineState(const EngineLimits& memory)
      : memory_limits(memory),
        limits(memory),
        accounts_counted(memory.accounts_max),
        books(std::make_unique<Book[]>(memory.symbols_max)),
        book_memory(memory.orders_max),
        accounts(memory.accounts_max),
        instruments(memory.symbols_max) {}

  // nullptr if the symbol is not defined.
  Book* book(SymbolId symbol) {
    return instruments.find(symbol) != nullptr ? &books[symbol.value() - 1] : nullptr;
  }
  bool takes(AccountId account) const {
    return account.value() != 0 && account.value() <= limits.accounts_max;
  }

  // Does the account have numbered reports? By the rules in force, never by the memory at hand: the
  // same log gives the same numbers in an engine with more room.
  bool counts(AccountId account) const {
    return account.value() != 0 && account.value() <= accounts_counted;
  }

  EngineLimits memory_limits;      // what the constructor took memory for
  EngineLimits limits;             // the rules in force, at most memory_limits
  std::uint32_t accounts_counted;  // highest account number of any epoch
  bool has_epoch = false;
  std::unique_ptr<Book[]> books;
  BookMemory book_memory;
  Accounts accounts;
  Instruments instruments;
  Sequence sequence{0};            // of the last command
  MatchId match_id{0};             // of the last match
  std::uint32_t placed_count = 0;  // orders placed by the current command
};

}  // namespace bourse
