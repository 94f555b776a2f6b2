// What bourse_challenge measures of one stream.
//   Shape:  functions, one run each; the engine is made anew for every run, before the clock.
//             hand-off   the adapter as the public harness drives it: long batches, its own ring,
//                        another thread that keeps every report
//             matcher    the adapter without a sink: decisions and books, no reports
//             full path  Engine::apply with all that the product asks of it: public and private
//                        events, state hash after every command
//   Units:  nanoseconds of this thread's CPU time for matcher and full path, so that other work on
//           the machine disturbs them less; wall time for the hand-off.
//   Owner:  the caller's thread, which should be pinned; the hand-off makes one more on core 1.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/challenge_adapter/challenge_abi.h"  // me_msg_t
#include "bench/measure/cycles.h"                   // CycleClock
#include "bench/measure/percentiles.h"              // Percentiles
#include "matching/command.h"                       // Command
#include "matching/engine.h"                        // Engine

namespace bourse {

struct HandOff {
  double seconds = 0;          // until the engine has flushed: what the challenge counts
  double drained_seconds = 0;  // until the other thread has the last report
  std::uint64_t report_count = 0;
  std::uint64_t trade_count = 0;
  std::uint64_t digest = 0;  // over all fields of all reports, in order
};
HandOff run_hand_off(const std::vector<me_msg_t>& messages);

double matcher_ns_per_message(const std::vector<me_msg_t>& messages);
double full_path_ns_per_message(const std::vector<me_msg_t>& messages);

// The most orders that were open at a time.
std::uint32_t most_open_orders(const std::vector<me_msg_t>& messages);

// Every message alone, what reading the clock costs subtracted. By type: new, cancel, modify.
struct OperationTimes {
  std::vector<std::int64_t> matcher[3];
  std::vector<std::int64_t> full_path[3];
};
void time_operations(const std::vector<me_msg_t>& messages, const CycleClock& clock,
                     OperationTimes& times);

// A symbol that takes all prices and quantities of the streams.
Command define_challenge_symbol(std::uint32_t number);
// An order of ours with all that stays the same from one message to the next.
Command first_challenge_command();
// One message as a command of our own; fields that no message sets stay as they are.
void translate_challenge(const me_msg_t& message, Command& command);

}  // namespace bourse
