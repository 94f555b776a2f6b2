// bourse_pipeline_bench: from an order to its transaction in the log's memory tail, in one process.
//   way       a thread's gate -> sequencer -> engine, all checks and risk -> events encoded -> the
//             tail, readable by any cursor; best prices published; readers' wake-up looked at
//   schedule  open loop: it decides when a command is sent, and latency counts from that intended
//             time until the poll that executed the command ends, so that waiting counts too
//   threads   the generator on core 0, the engine on core 1; both spin
//   orders    the stream `normal` of the challenge, one symbol
//   Left out: the journal (nobody holds the tail back) and the wire.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "app/threads/wall_clock.h"     // wall_clock_now
#include "bench/load/order_stream.h"    // make_order_stream, define_stream_symbol, stream_limits
#include "bench/measure/arguments.h"    // Arguments
#include "bench/measure/cycles.h"       // CycleClock
#include "bench/measure/machine.h"      // describe_machine, pin_to_core
#include "bench/measure/percentiles.h"  // Percentiles
#include "bench/measure/spread.h"       // median, spread
#include "matching/sequencer.h"         // Sequencer, Gate, BroadcastRing, MarketViews, Engine

namespace bourse {
namespace {

constexpr const char* usage =
    "usage: bourse_pipeline_bench [options]\n"
    "  --rate N      commands per second (1000000)\n"
    "  --seconds N   of every run, after half a second that does not count (2)\n"
    "  --runs N      (5)\n";

constexpr std::size_t gate_capacity = 4'096;
constexpr std::uint64_t stream_seed = 23;
constexpr std::size_t commands_per_poll_max = 256;  // the setting's default
struct Floor {
  Engine engine{stream_limits};
  BroadcastRing ring{BroadcastRing::Options{}};
  MarketViews views{stream_limits.symbols_max};
  Sequencer sequencer{engine, ring.writer(), views.writer(), Sequencer::Start{}};
  Gate gate{sequencer.add_gate("bench", gate_capacity)};

  Floor() { CHECK(sequencer.submit(define_stream_symbol(1), wall_clock_now())); }
};

// The end of one poll, and how many commands were done by then.
struct Done {
  std::uint64_t cycles;
  std::uint64_t count;
};

struct Run {
  std::vector<std::int64_t> latency_ns;
  double rate_reached = 0;       // commands done per second
  std::uint64_t late_count = 0;  // sent more than a microsecond after the intended time
  std::int64_t late_ns_max = 0;
  std::uint64_t full_count = 0;  // commands that found the gate full, and waited
  std::uint64_t refused_count = 0;
  std::uint32_t open_orders = 0;  // at the end
};

// `interval_ns` 0: as fast as it goes.
Run run_once(const std::vector<Command>& commands, std::size_t warm_up, double interval_ns,
             const CycleClock& clock) {
  Floor floor;
  std::vector<Done> done(commands.size());  // one for each poll at most; touched here
  std::size_t poll_count = 0;
  std::atomic<bool> is_ready{false};
  std::thread engine([&] {
    pin_to_core(1);
    is_ready.store(true, std::memory_order_release);
    for (std::uint64_t count = 0; count < commands.size();) {
      const std::size_t executed = floor.sequencer.poll(wall_clock_now(), commands_per_poll_max);
      if (executed == 0) {
        pause_briefly();
        continue;
      }
      floor.ring.arrivals().wake();
      count += executed;
      done[poll_count++] = {CycleClock::end(), count};
    }
  });
  while (!is_ready.load(std::memory_order_acquire)) std::this_thread::yield();

  Run result;
  const double interval = clock.cycles(interval_ns);
  const std::uint64_t start = CycleClock::now() + static_cast<std::uint64_t>(clock.cycles(1e6));
  const auto intended = [&](std::size_t i) {
    return start + static_cast<std::uint64_t>(interval * static_cast<double>(i));
  };
  const auto late_cycles = static_cast<std::uint64_t>(clock.cycles(1'000));
  std::uint64_t late_most = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::uint64_t due = intended(i);
    std::uint64_t now = CycleClock::now();
    while (now < due) {
      pause_briefly();
      now = CycleClock::now();
    }
    if (i >= warm_up) {
      result.late_count += now - due > late_cycles ? 1 : 0;
      late_most = std::max(late_most, now - due);
    }
    if (floor.gate.try_push(commands[i])) continue;
    ++result.full_count;
    while (!floor.gate.try_push(commands[i])) pause_briefly();
  }
  engine.join();
  result.late_ns_max = static_cast<std::int64_t>(clock.ns(late_most));
  const double passed_ns = clock.ns(done[poll_count - 1].cycles - intended(warm_up));
  result.rate_reached = static_cast<double>(commands.size() - warm_up) * 1e9 / passed_ns;
  result.latency_ns.reserve(commands.size() - warm_up);
  std::size_t at = 0;
  for (std::size_t poll = 0; poll < poll_count; ++poll) {
    for (; at < done[poll].count; ++at) {
      if (at < warm_up) continue;
      result.latency_ns.push_back(
          static_cast<std::int64_t>(clock.ns(done[poll].cycles - intended(at))));
    }
  }
  CHECK(floor.sequencer.last_sequence().value() == commands.size() + 1);
  result.refused_count = floor.sequencer.rejected_count(RejectReason::unknown_order);
  result.open_orders = floor.engine.open_orders();
  return result;
}

// What the engine thread does for one command, when no other core writes what it reads: one thread
// fills the gate, then polls it empty. The polls alone are timed.
double service_ns(const std::vector<Command>& commands, const CycleClock& clock) {
  Floor floor;
  std::uint64_t cycles = 0;
  for (std::size_t at = 0; at < commands.size();) {
    const std::size_t end = std::min(at + commands_per_poll_max, commands.size());
    for (; at < end; ++at) CHECK(floor.gate.try_push(commands[at]));
    const std::uint64_t begun = CycleClock::begin();
    static_cast<void>(floor.sequencer.poll(wall_clock_now(), commands_per_poll_max));
    cycles += CycleClock::end() - begun;
  }
  return clock.ns(cycles) / static_cast<double>(commands.size());
}

int run(std::uint64_t rate, std::uint64_t seconds, std::uint64_t runs) {
  pin_to_core(0);
  const CycleClock clock;
  const std::size_t warm_up = rate / 2;
  // The definition of the symbol is transaction 1.
  const std::vector<Command> commands =
      make_order_stream(warm_up + rate * seconds, Sequence{2}, stream_seed).commands;
  std::printf(
      "asked     %llu commands per second for %llu s, open loop, %llu runs; median "
      "(least..most); the counter's steps are %.1f ns\n\n",
      static_cast<unsigned long long>(rate), static_cast<unsigned long long>(seconds),
      static_cast<unsigned long long>(runs), clock.step_ns());
  std::fflush(stdout);
  constexpr std::size_t shown = Percentiles::shown.size();
  std::vector<double> latencies[shown + 1];
  std::vector<double> reached;
  std::vector<double> fastest;
  std::vector<double> service;
  std::vector<double> late_share;
  std::vector<double> late_max_us;
  std::uint64_t full_count = 0;
  std::size_t sample_count = 0;
  std::uint64_t refused_count = 0;
  std::uint32_t open_orders = 0;
  for (std::uint64_t i = 0; i < runs; ++i) {
    Run one = run_once(commands, warm_up, 1e9 / static_cast<double>(rate), clock);
    const Percentiles percentiles(std::move(one.latency_ns));
    for (std::size_t p = 0; p < shown; ++p) {
      latencies[p].push_back(static_cast<double>(percentiles.at(Percentiles::shown[p])));
    }
    latencies[shown].push_back(static_cast<double>(percentiles.max()));
    sample_count = percentiles.count();
    reached.push_back(one.rate_reached);
    late_share.push_back(100.0 * static_cast<double>(one.late_count) /
                         static_cast<double>(sample_count));
    late_max_us.push_back(static_cast<double>(one.late_ns_max) / 1e3);
    full_count += one.full_count;
    refused_count = one.refused_count;
    open_orders = one.open_orders;
    fastest.push_back(run_once(commands, warm_up, 0, clock).rate_reached / 1e6);
    service.push_back(service_ns(commands, clock));
  }
  std::printf("order in to transaction in the tail, ns, %zu samples a run\n", sample_count);
  for (std::size_t p = 0; p < shown; ++p) {
    std::printf("  p%-8g %s\n", Percentiles::shown[p], spread(latencies[p], 0).c_str());
  }
  std::printf("  max       %s\n", spread(latencies[shown], 0).c_str());
  std::printf("reached   %s commands per second\n", spread(reached, 0).c_str());
  std::printf(
      "generator more than 1 us late: %s %% of the commands, at worst %s us; gate full %llu "
      "times\n",
      spread(late_share, 2).c_str(), spread(late_max_us, 0).c_str(),
      static_cast<unsigned long long>(full_count));
  std::printf("fastest   %s M commands per second, as fast as they can be sent\n",
              spread(fastest, 2).c_str());
  std::printf(
      "service   %s ns per command in the sequencer, the gate filled before by the same "
      "core\n",
      spread(service, 0).c_str());
  std::printf(
      "stream    %zu commands a run, %llu of them for an order that is no longer open; %u "
      "orders open at the end\n",
      commands.size(), static_cast<unsigned long long>(refused_count), open_orders);
  if (median(reached) < 0.99 * static_cast<double>(rate)) {
    std::puts("warning   the rate was not reached: the latencies are those of a queue");
  }
  return 0;
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  bourse::Arguments arguments(argc, argv, bourse::usage);
  const std::uint64_t rate = arguments.number("--rate", 1'000'000);
  const std::uint64_t seconds = arguments.number("--seconds", 2);
  const std::uint64_t runs = arguments.number("--runs", 5);
  arguments.finish();
  std::fputs(bourse::describe_machine().c_str(), stdout);
  return bourse::run(rate, seconds, runs);
}
