// How much memory the engine's state takes, as the system counts it.
//   Shape:  resident memory (VmRSS) before and after: of an empty engine, with the instruments,
//           with the orders. What was never touched does not count, whatever was reserved.
//   Owner:  the main thread.
//   Errors: says so, and measures nothing, when the machine has too little memory free.
#pragma once

#include <cstdint>

namespace bourse {

// Exit code of the process.
int report_memory(std::uint64_t resting_orders, std::uint64_t symbols);

}  // namespace bourse
