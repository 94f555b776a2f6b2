// What `bourse whatif` prints: how the strategy's orders fared, and what they changed.
//   Owner:  pure functions.
#pragma once

#include <string>
#include <vector>

#include "app/log_commands/whatif_orders.h"  // OrderRow
#include "matching/engine.h"                 // Engine
#include "matching/types.h"                  // Sequence, AccountId
#include "replay/whatif/what_if.h"           // WhatIf

namespace bourse {

struct WhatIfRun {
  const WhatIf& result;
  const std::vector<OrderRow>& rows;
  const Engine& engine;  // as it is at the end: for the instruments
  std::string journal;
  Sequence first{0};  // of the record that was executed again
  AccountId account{0};
  std::int64_t latency_ns = 0;
};

std::string whatif_text(const WhatIfRun& run);
std::string whatif_json(const WhatIfRun& run);

}  // namespace bourse
