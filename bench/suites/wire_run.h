// One wire run: orders over wss on a schedule, their ticks at the subscribers of a child process.
//   Units:  nanoseconds of the wall clock.
//   Owner:  the main thread.
//   Errors: a connection that breaks, ticks that do not come, a chain that is not whole.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/exchange_process.h"  // ExchangeProcess
#include "bench/report/report.h"          // OpenRun
#include "replay/result.h"                // Result

namespace bourse {

using StageSamples = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

struct WireRun {
  OpenRun latency;          // every subscriber's
  StageSamples stages;      // from the intended time to the first subscriber
  StageSamples ack_stages;  // as the exchange stamps them itself; empty: it does not
  std::int64_t server_cpu_ns = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t orders = 0;
  std::uint64_t server_bytes_before = 0;  // resident: before the subscribers came
  std::uint64_t server_bytes_with = 0;    // and with them, before the first order
  std::uint64_t server_bytes_end = 0;     // and after the last one
  double storm_seconds = 0;               // what the storm took
};

struct WireLoad {
  std::uint32_t subscribers = 1;
  double rate = 0;
  double seconds = 1;
  double warm_up = 0.5;
  bool with_laggards = false;    // see WirePlan
  std::uint32_t handshakes = 0;  // of a storm that begins after the warm-up
};

Result<WireRun> run_wire(const ExchangeProcess& exchange, const WireLoad& load);

}  // namespace bourse
