// The public market as it was before any transaction: the nearest snapshot, rolled forward by the
// public events. Nothing is executed.
//   Shape:  one call; it costs what lies between the snapshot and the sequence.
//   Owner:  one thread.
//   Errors: a sequence that the log cannot reach (usage, with the range); a log or a snapshot that
//           does not fit together (data_damaged); `interrupted` if told to stop.
#pragma once

#include <functional>

#include "matching/market_state.h"  // MarketState
#include "matching/types.h"         // Sequence, TimeNs, Epoch
#include "replay/log/log.h"         // Log
#include "replay/result.h"          // Result

namespace bourse {

struct MarketAt {
  MarketState market;  // market.sequence(): of the last transaction that is in it
  TimeNs time{0};      // of that transaction; 0 = there is none
  Epoch epoch{0};
};

// As it was just before the transaction `from`. `known` is a market that was reached already: it is
// gone on from if nothing is nearer. `stop` is asked now and then.
Result<MarketAt> market_before(const Log& log, Sequence from, MarketAt known = {},
                               const std::function<bool()>& stop = {});

// The first transaction of an epoch; the one after the head if there is no such epoch.
Result<Sequence> first_of_epoch(const Log& log, Epoch epoch);

}  // namespace bourse
