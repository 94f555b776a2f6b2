// bourse_challenge: what our engine takes in the shapes of the public matching challenge, and in a
// few that are harder in one way or another. Every run takes all shapes, one after the other, so
// that a slow minute of the machine falls on all of them.

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/challenge/challenge_counts.h"  // run_counted_operations
#include "bench/challenge/challenge_memory.h"  // report_memory
#include "bench/challenge/challenge_runs.h"    // run_hand_off, ...
#include "bench/load/challenge_workload.h"     // make_challenge_workload
#include "bench/measure/arguments.h"           // Arguments
#include "bench/measure/machine.h"             // describe_machine, pin_to_core
#include "bench/measure/spread.h"              // median, spread

namespace bourse {
namespace {

constexpr const char* usage =
    "usage: bourse_challenge [options]\n"
    "  --seed N          of the streams (23)\n"
    "  --orders N        new orders per shape (1000000)\n"
    "  --runs N          of each shape (5)\n"
    "  --shape NAME      only this one: static normal swing-25 swing-40 flash-crash\n"
    "                    leaps thin deep wide-ids\n"
    "  --percentiles     time every single message as well\n"
    "  --memory [--resting N] [--symbols N]\n"
    "                    bytes per resting order and per instrument, nothing else (10000000, "
    "10000)\n"
    "  --count N         run N adds, cancels and executes for callgrind, nothing else\n";

struct ShapeRuns {
  explicit ShapeRuns(const MarketShape& of) : shape(&of) {}

  const MarketShape* shape;
  ChallengeWorkload workload;
  HandOff first;
  std::uint32_t most_open = 0;
  std::vector<double> rates;  // M msg/s
  std::vector<double> drained_rates;
  std::vector<double> matcher_ns;
  std::vector<double> full_ns;
  OperationTimes times;
};

// False: two runs of one stream gave different reports.
bool run_once(ShapeRuns& runs, bool with_percentiles, const CycleClock& clock) {
  const std::vector<me_msg_t>& messages = runs.workload.messages;
  // Also the first to read the messages, so that no run pays for their pages.
  const bool is_first = runs.rates.empty();
  if (is_first) runs.most_open = most_open_orders(messages);
  const HandOff hand_off = run_hand_off(messages);
  if (is_first) runs.first = hand_off;
  const auto count = static_cast<double>(messages.size());
  runs.rates.push_back(count / hand_off.seconds / 1e6);
  runs.drained_rates.push_back(count / hand_off.drained_seconds / 1e6);
  runs.matcher_ns.push_back(matcher_ns_per_message(messages));
  runs.full_ns.push_back(full_path_ns_per_message(messages));
  if (with_percentiles) time_operations(messages, clock, runs.times);
  return hand_off.digest == runs.first.digest && hand_off.report_count == runs.first.report_count;
}

void print_shapes(const std::vector<ShapeRuns>& all) {
  std::printf("%-12s %20s %20s %18s %20s %9s %10s %10s\n", "shape", "M msg/s", "until drained",
              "matcher ns/msg", "full path ns/msg", "fills", "most open", "reports");
  for (const ShapeRuns& runs : all) {
    std::printf("%-12s %20s %20s %18s %20s %9llu %10u %10llu\n", runs.shape->name,
                spread(runs.rates, 1).c_str(), spread(runs.drained_rates, 1).c_str(),
                spread(runs.matcher_ns, 1).c_str(), spread(runs.full_ns, 0).c_str(),
                static_cast<unsigned long long>(runs.first.trade_count), runs.most_open,
                static_cast<unsigned long long>(runs.first.report_count));
  }
  const auto worst_of = [&](bool of_challenge) {
    const ShapeRuns* worst = nullptr;
    for (const ShapeRuns& runs : all) {
      if (of_challenge && !runs.shape->is_of_challenge) continue;
      if (worst == nullptr || median(runs.rates) < median(worst->rates)) worst = &runs;
    }
    return worst;
  };
  if (const ShapeRuns* const worst = worst_of(true)) {
    std::printf("\nworst of the challenge's shapes: %.1f M msg/s (%s)\n", median(worst->rates),
                worst->shape->name);
  }
  const ShapeRuns* const worst = worst_of(false);
  std::printf("worst of all: %.1f M msg/s (%s)\n\n", median(worst->rates), worst->shape->name);
  for (const ShapeRuns& runs : all) {
    std::printf("%-12s %s\n", runs.shape->name, runs.workload.mix().c_str());
  }
}

void print_operations(const char* path, std::vector<std::int64_t> (&samples)[3],
                      const char* shape) {
  constexpr const char* names[] = {"new", "cancel", "modify"};
  for (int i = 0; i < 3; ++i) {
    const Percentiles times(std::move(samples[i]));
    if (times.count() == 0) continue;
    const auto at = [&](double percent) { return static_cast<long long>(times.at(percent)); };
    std::printf("%-12s %-10s %-8s %10zu %7lld %7lld %7lld %7lld %9lld\n", shape, path, names[i],
                times.count(), at(50), at(99), at(99.9), at(99.99),
                static_cast<long long>(times.max()));
  }
}

void print_percentiles(std::vector<ShapeRuns>& all, const CycleClock& clock) {
  std::printf(
      "\nevery message alone, ns of the cycle counter, whose steps are %.1f ns; reading it twice "
      "costs %.1f ns, subtracted\n",
      clock.step_ns(), clock.overhead_ns());
  std::printf("%-12s %-10s %-8s %10s %7s %7s %7s %7s %9s\n", "shape", "path", "message", "samples",
              "p50", "p99", "p99.9", "p99.99", "max");
  for (ShapeRuns& runs : all) {
    print_operations("matcher", runs.times.matcher, runs.shape->name);
    print_operations("full path", runs.times.full_path, runs.shape->name);
  }
}

int run(Arguments& arguments) {
  const std::uint64_t seed = arguments.number("--seed", 23);
  const auto orders = static_cast<std::uint32_t>(arguments.number("--orders", 1'000'000));
  const std::uint64_t runs_max = arguments.number("--runs", 5);
  const bool with_percentiles = arguments.flag("--percentiles");
  const std::string only = arguments.text("--shape").value_or("");
  arguments.finish();
  pin_to_core(0);
  const CycleClock clock;
  std::vector<ShapeRuns> all;
  for (const MarketShape& shape : market_shapes) {
    if (only.empty() || only == shape.name) all.emplace_back(shape);
  }
  if (all.empty()) arguments.give_up("there is no shape " + only);
  std::printf(
      "streams   seed %llu, %u new orders per shape, made before the clock starts; "
      "%llu runs of all shapes in turn, median (least..most)\n\n",
      static_cast<unsigned long long>(seed), orders, static_cast<unsigned long long>(runs_max));
  std::fflush(stdout);
  for (ShapeRuns& runs : all) {
    runs.workload = make_challenge_workload(*runs.shape, seed, orders);
  }
  for (std::uint64_t i = 0; i < runs_max; ++i) {
    for (ShapeRuns& runs : all) {
      if (run_once(runs, with_percentiles, clock)) continue;
      std::printf("%s: two runs of one stream gave different reports\n", runs.shape->name);
      return 1;
    }
  }
  print_shapes(all);
  if (with_percentiles) print_percentiles(all, clock);
  return 0;
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  bourse::Arguments arguments(argc, argv, bourse::usage);
  if (const std::uint64_t operations = arguments.number("--count", UINT64_MAX);
      operations != UINT64_MAX) {
    arguments.finish();
    return bourse::run_counted_operations(operations);
  }
  std::fputs(bourse::describe_machine().c_str(), stdout);
  if (arguments.flag("--memory")) {
    const std::uint64_t resting = arguments.number("--resting", 10'000'000);
    const std::uint64_t symbols = arguments.number("--symbols", 10'000);
    arguments.finish();
    return bourse::report_memory(resting, symbols);
  }
  return bourse::run(arguments);
}
