// The orders of a strategy from a file: CSV with a line of names, or one JSON object a line.
//   Shape:  rows of texts, then commands in ticks and lots of the instruments that an engine knows.
//           docs/REPLAY.md lists the names.
//   Owner:  free functions.
//   Errors: each names the file, the line, the field and what it takes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "matching/engine.h"        // Engine
#include "replay/result.h"          // Result
#include "replay/whatif/what_if.h"  // WhatIfOrder

namespace bourse {

struct OrderRow {
  std::size_t line = 0;
  std::map<std::string, std::string, std::less<>> fields;  // what is empty is left out

  std::string_view field(std::string_view name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
  }
};

// JSON lines if the first character is '{', else CSV.
Result<std::vector<OrderRow>> parse_order_rows(std::string_view text, const std::string& file);
// When each row is decided: its time, or the transaction that it waits for.
Result<WhatIfOrder> decision_of(const OrderRow& row, const std::string& file);
// The same with its command.
Result<WhatIfOrder> order_of(const OrderRow& row, const Engine& engine, const std::string& file);

}  // namespace bourse
