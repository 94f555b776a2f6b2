// Restores what the exchange knows: from the newest snapshot that can be relied upon, and the log
// after it. Without one, from the whole log.
//   Shape:  snapshots newest first; one that is damaged, of another log or history, or newer than
//           the log is passed over with a warning. What follows it is executed again and compared
//           byte for byte, state hash included (rebuild()).
//   Owner:  one thread.
//   Errors: those of the cursor and of rebuild(); limits too small for the log (bad_config); a log
//           whose beginning has been deleted and no snapshot that reaches it (data_damaged).
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "matching/engine.h"          // Engine, EngineLimits
#include "matching/market_state.h"    // MarketState
#include "matching/types.h"           // Sequence
#include "replay/log/log.h"           // Log
#include "replay/result.h"            // Result
#include "replay/snapshot/rebuild.h"  // RebuildReport

namespace bourse {

struct RestoreOptions {
  std::optional<EngineLimits> limits;                        // nullopt: as large as the log needs
  Sequence last{std::numeric_limits<std::uint64_t>::max()};  // the head, if that is lower
  std::optional<Sequence> snapshot;  // exactly this one, or fail; 0: the whole log
  // Where the snapshot may be at most, if not at `last`.
  Sequence snapshot_most{std::numeric_limits<std::uint64_t>::max()};
  std::function<bool()> stop;  // asked now and then; true: fails with `interrupted`
};

struct Restored {
  std::unique_ptr<Engine> engine;
  MarketState market;
  RebuildReport rebuilt;              // what came after the snapshot; its last_* count both
  Sequence snapshot{0};               // 0: none was used
  bool is_imported = false;           // a foreign feed: the market was followed, nothing executed
  std::vector<std::string> warnings;  // of snapshots that were passed over
};

Result<Restored> restore(const Log& log, const RestoreOptions& options = {});

// The state at the snapshot alone, in an engine that can go on to options.last; for tools that do
// what follows themselves.
Result<Restored> restore_snapshot(const Log& log, const RestoreOptions& options = {});

}  // namespace bourse
