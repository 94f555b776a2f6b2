// Synthetic ITCH days: the mix of a Nasdaq day, seeded, over any number of stocks.
//   Shape:  two streams of framed messages: the directory with the orders that rest at the start,
//           and the messages to measure: 46 % add, 43 % delete, 4 % execute, 3 % replace, 2 %
//           cancel, 2 % hidden prints.
//   Units:  messages; prices in 1e-4 dollars on a cent grid, most of them near the best.
//   Owner:  values. The same seed makes the same bytes everywhere.
//   Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bourse {

struct ItchWorkloadOptions {
  std::uint32_t stocks = 8000;
  std::uint32_t orders_per_stock = 100;  // resting at the start
  std::uint64_t messages = 4'000'000;
  std::uint64_t seed = 1;
};

struct ItchWorkload {
  std::vector<std::byte> start;     // directory and resting orders
  std::vector<std::byte> messages;  // what is measured
  std::uint64_t live_orders = 0;    // at the end
  std::uint64_t references = 0;     // the last one
};

ItchWorkload make_itch_workload(const ItchWorkloadOptions& options);

}  // namespace bourse
