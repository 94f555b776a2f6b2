// Participants of the exchange's own process: the demo market and the order flow of a file. They
// trade like anybody else, through a gate and a cursor.
//   Shape:   two loops that run until told to stop, or until the file has ended.
//   Owner:   the participant's thread; the flag is set by the main thread.
//   Errors:  returned: a log that cannot be read, a file that is not what it should be.
#pragma once

#include <optional>

#include "app/exchange/demo_market.h"    // DemoMarket
#include "app/threads/engine_threads.h"  // StopFlag
#include "matching/broadcast_ring.h"     // BroadcastRing
#include "matching/sequencer.h"          // Gate
#include "replay/itch/itch_flow.h"       // ItchFlow
#include "replay/log/cursor.h"           // Cursor
#include "replay/result.h"               // Error

namespace bourse {

std::optional<Error> run_demo_market(DemoMarket& market, const StopFlag& stop);

// Ends by itself when the file is at its end and everything has been answered.
// `tail` is the one that the cursor reads; to stop, set the flag and wake its arrivals().
std::optional<Error> run_itch_flow(ItchFlow& flow, Gate gate, Cursor log, BroadcastRing& tail,
                                   WaitMode wait, const StopFlag& stop);

}  // namespace bourse
