// `bourse whatif`: a strategy's orders in a recorded session, on the real engine. Counterfactual.
//   Shape:   restores the engine as it was before the first decision, executes the rest of the
//            journal with the orders among it, prints what became of them and of the market.
//   Owner:   the main thread.
//   Errors:  printed on stderr; the ExitCode is returned.
#pragma once

#include <cstdint>
#include <string>

namespace bourse {

struct WhatIfArguments {
  std::string directory;          // the journal
  std::string orders_file;        // CSV or JSON lines
  std::string latency_us = "0";   // decimal; from each decision to its arrival
  std::uint32_t account = 0;      // of the strategy; 0 = the highest one that is not used
  std::uint64_t to_sequence = 0;  // 0 = the head
  bool json = false;
};

int whatif_command(const WhatIfArguments& arguments);

}  // namespace bourse
