#include "bench/challenge/challenge_memory.h"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#include "bench/challenge/challenge_runs.h"  // define_challenge_symbol, first_challenge_command
#include "bench/load/challenge_workload.h"   // make_challenge_workload
#include "matching/engine.h"                 // Engine
#include "matching/event.h"                  // EventBuffer

namespace bourse {
namespace {

constexpr double mib = 1024 * 1024;
constexpr std::uint64_t target_bytes = std::uint64_t{2} << 30;
constexpr std::uint64_t orders_limit = 1u << 24;  // the engine's own

// A line of /proc in bytes; 0 if there is none.
std::uint64_t bytes_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;
  }
  return 0;
}
std::uint64_t resident_bytes() { return bytes_of("/proc/self/status", "VmRSS:"); }

EngineLimits limits_for(std::uint64_t symbols, std::uint64_t orders) {
  return {.symbols_max = static_cast<std::uint32_t>(symbols),
          .accounts_max = 4'096,
          .orders_max = static_cast<std::uint32_t>(orders)};
}

// What an engine for one instrument takes that nothing has been asked of.
std::uint64_t smallest_engine_bytes(std::uint64_t orders) {
  const std::uint64_t before = resident_bytes();
  const Engine engine(limits_for(1, orders));
  return resident_bytes() - before;
}

double per(std::uint64_t bytes, std::uint64_t count) {
  return static_cast<double>(bytes) / static_cast<double>(count);
}

}  // namespace

int report_memory(std::uint64_t resting_orders, std::uint64_t symbols) {
  if (resting_orders > orders_limit || symbols > resting_orders) {
    std::printf("at most %llu resting orders, and one at least for each symbol\n",
                static_cast<unsigned long long>(orders_limit));
    return 2;
  }
  const std::uint64_t available = bytes_of("/proc/meminfo", "MemAvailable:");
  const std::uint64_t wanted = resting_orders * 400 + symbols * 20'000;
  if (available < wanted) {
    std::printf(
        "too little memory for an honest answer: %.0f MiB are free, %.0f MiB might be "
        "needed; try --resting %llu\n",
        static_cast<double>(available) / mib, static_cast<double>(wanted) / mib,
        static_cast<unsigned long long>(resting_orders / 10));
    return 1;
  }
  // What is freed goes back to the system at once and is resident no longer.
  static_cast<void>(::mallopt(M_MMAP_THRESHOLD, 128 * 1024));
  // Prices of the challenge's static shape: buys and sells that never meet.
  const ChallengeWorkload stream = make_challenge_workload(market_shapes[0], 23, 1'000'000);
  std::vector<new_order_t> orders;
  for (const me_msg_t& m : stream.messages) {
    if (m.type == 0) orders.push_back(m.new_order);
  }
  EventBuffer events;
  static_cast<void>(::malloc_trim(0));
  const std::uint64_t smallest = smallest_engine_bytes(resting_orders);
  const std::uint64_t before = resident_bytes();
  Engine engine(limits_for(symbols, resting_orders));
  for (std::uint32_t i = 1; i <= symbols; ++i) engine.apply(define_challenge_symbol(i), events);
  const std::uint64_t defined = resident_bytes();
  const std::uint64_t instruments = defined - before - std::min(smallest, defined - before);
  Command command = first_challenge_command();
  command.type = CommandType::new_order;
  command.sequence = Sequence{symbols};
  for (std::uint64_t i = 0; i < resting_orders; ++i) {
    const new_order_t& order = orders[i % orders.size()];
    command.sequence = next(command.sequence);
    command.symbol = SymbolId{static_cast<std::uint32_t>(1 + i % symbols)};
    command.account = AccountId{static_cast<std::uint32_t>(1 + i % 4'000)};
    command.order.order_id = OrderId{command.sequence.value()};
    command.order.price = PriceTicks{order.price_ticks};
    command.order.quantity = QuantityLots{order.quantity};
    command.order.side = order.side == 0 ? Side::buy : Side::sell;
    engine.apply(command, events);
  }
  const std::uint64_t full = resident_bytes();
  if (engine.open_orders() != resting_orders) {
    std::printf("only %u orders rest\n", engine.open_orders());
    return 1;
  }
  const auto row = [](const char* what, std::uint64_t bytes) {
    std::printf("%-34s %10.1f MiB\n", what, static_cast<double>(bytes) / mib);
  };
  std::printf("%llu orders rest over %llu instruments; resident memory (VmRSS)\n",
              static_cast<unsigned long long>(resting_orders),
              static_cast<unsigned long long>(symbols));
  row("an engine for one instrument", smallest);
  row("the instruments", instruments);
  row("the orders and their levels", full - defined);
  row("all", full - before);
  std::printf("%-34s %10.1f bytes\n", "per instrument, without orders", per(instruments, symbols));
  std::printf("%-34s %10.1f bytes\n", "per resting order, levels included",
              per(full - defined, resting_orders));
  std::printf("%-34s %10.1f bytes\n", "all, per resting order", per(full - before, resting_orders));
  std::printf("target: 2048 MiB for ten million orders over 10,000 instruments: %s\n",
              full - before <= target_bytes ? "kept" : "missed");
  return 0;
}

}  // namespace bourse
