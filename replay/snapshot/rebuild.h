// Rebuilds what the exchange knows from its log: the engine by executing every command again, the
// public market by following every event.
//   Shape:  one pass from the cursor's position to its head.
//   Owner:  the thread that starts the exchange, before any other.
//   Errors: the cursor's; limits that are too small for the log (bad_config, names them); a
//           divergence (answer_is_no): then engine and market are of no use.
#pragma once

#include <cstdint>
#include <functional>

#include "matching/engine.h"        // Engine, EngineLimits
#include "matching/market_state.h"  // MarketState
#include "matching/types.h"         // Sequence, TimeNs, Epoch
#include "replay/log/cursor.h"      // Cursor
#include "replay/result.h"          // Result

namespace bourse {

struct RebuildReport {
  std::uint64_t transactions = 0;
  std::uint64_t imported = 0;  // of them: followed, not executed
  Sequence last{0};
  TimeNs last_time{0};
  Epoch last_epoch{0};
};

// From the cursor's position to `last` or its head; `market` must stand just before it. `stop`, if
// given, is asked now and then: true ends it with ExitCode::interrupted.
Result<RebuildReport> rebuild(Cursor& cursor, Engine& engine, MarketState& market,
                              Sequence last = Sequence{~std::uint64_t{0}},
                              const std::function<bool()>& stop = {});

// The largest limits of any epoch from the cursor's position to `last` or its head: an engine with
// these can execute it all again. The defaults of EngineLimits if there is no epoch.
Result<EngineLimits> limits_of(Cursor& cursor, Sequence last = Sequence{~std::uint64_t{0}});

}  // namespace bourse
