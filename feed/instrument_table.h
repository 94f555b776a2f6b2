// The instruments an io thread knows: by number and by name, as the log has defined them.
//   Shape:  an array by SymbolId and a sorted list of names.
//   Owner:  one io thread; on_transaction() in sequence order.
//   Errors: none; what is not defined is not found.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/command.h"      // InstrumentBody
#include "matching/engine.h"       // Engine
#include "matching/transaction.h"  // TransactionView
#include "matching/types.h"        // SymbolId

namespace bourse {

class InstrumentTable {
 public:
  void recover(const Engine& engine);                // all that the engine knows
  void on_transaction(const TransactionView& view);  // looks at define_instrument only
  void define(SymbolId symbol, const InstrumentBody& body);

  const InstrumentBody* find(SymbolId symbol) const;  // nullptr if not defined
  SymbolId find(std::string_view name) const;         // none if not defined
  std::size_t size() const { return by_name_.size(); }

 private:
  std::vector<std::optional<InstrumentBody>> by_id_;
  std::map<std::string, SymbolId, std::less<>> by_name_;
};

}  // namespace bourse
