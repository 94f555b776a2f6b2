// bourse_challenge: how many messages per second our engine takes in the five shapes of the public
// matching challenge, reports handed to another thread, and how long one message takes in the
// engine alone. Usage: bourse_challenge [seed] [new orders] [runs]
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "bench/challenge_adapter/challenge_abi.h"  // engine_...
#include "bench/challenge_workload.h"               // make_challenge_workload
#include "bench/machine.h"                          // describe_machine, pin_to_core
#include "matching/engine.h"                        // Engine
#include "matching/state_hash.h"                    // mix64

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

// Of this thread alone, so that other work on the machine disturbs the figure less.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct HandOff {
  double seconds;
  std::uint64_t report_count;
  std::uint64_t digest;  // over all fields of all reports, in order
};

// One run: this thread sends bursts of 64 messages to the adapter, another drains its ring. The
// clock stops when the last report has been read.
HandOff run_adapter(const ChallengeWorkload& workload) {
  constexpr std::uint32_t burst = 64;
  const transport_t* const transport = engine_get_transport();
  void* const sink = transport->create(1 << 16);
  engine_init(23, transport, sink);
  // Written by the sender after its last flush (release: publishes the reports before it), read by
  // the drain (acquire): once it is set, an empty ring is empty for good.
  std::atomic<bool> sent{false};
  HandOff result{};
  std::thread drain([&] {
    pin_to_core(1);
    std::vector<me_report_t> reports(256);
    for (;;) {
      const bool last_round = sent.load(std::memory_order_acquire);
      const std::uint32_t count = transport->drain(sink, reports.data(), 256);
      for (std::uint32_t i = 0; i < count; ++i) {
        const me_report_t& r = reports[i];
        result.digest =
            (result.digest ^
             (r.order_id + r.maker_order_id * 3 + r.sequence_number * 5 +
              static_cast<std::uint64_t>(r.price_ticks) * 7 + r.quantity * 11 + r.type)) *
            hash_weights[0];
      }
      result.report_count += count;
      if (count == 0 && last_round) return;
      if (count == 0) __builtin_ia32_pause();
    }
  });
  const Clock::time_point start = Clock::now();
  for (std::size_t at = 0; at < workload.messages.size(); at += burst) {
    const std::size_t left = workload.messages.size() - at;
    engine_on_batch(&workload.messages[at],
                    static_cast<std::uint32_t>(std::min<std::size_t>(burst, left)));
    engine_flush();
  }
  sent.store(true, std::memory_order_release);
  drain.join();
  result.seconds = seconds_since(start);
  engine_shutdown();
  transport->destroy(sink);
  return result;
}

// One message of the stream as a command of our own; fields that no message sets stay as they are.
void translate(const me_msg_t& m, Command& c) {
  c.sequence = next(c.sequence);
  if (m.type == 0) {
    c.type = CommandType::new_order;
    c.order_flags = 0;
    c.order.order_id = OrderId{m.new_order.order_id + 1};
    c.order.price = PriceTicks{m.new_order.price_ticks};
    c.order.quantity = QuantityLots{m.new_order.quantity};
    c.order.side = m.new_order.side == 0 ? Side::buy : Side::sell;
    c.order.time_in_force = m.new_order.ioc != 0 ? TimeInForce::ioc : TimeInForce::gtc;
  } else if (m.type == 1) {
    c.type = CommandType::cancel;
    c.order.order_id = OrderId{m.cancel.order_id + 1};
  } else {
    c.type = CommandType::amend;
    c.order_flags = order_flags::lose_priority;
    c.order.order_id = OrderId{m.modify.order_id + 1};
    c.order.price = PriceTicks{m.modify.new_price_ticks};
    c.order.quantity = QuantityLots{m.modify.new_quantity};
  }
}

struct Alone {
  double ns_per_message = 0;
  std::uint64_t fill_count = 0;
  std::uint32_t orders_most = 0;
};

// The engine alone, with all that the product asks of it per transaction: the events and the hash.
Alone run_engine(const std::vector<me_msg_t>& messages) {
  Engine engine({.symbols_max = 1, .accounts_max = 1, .orders_max = 1u << 20});
  EventBuffer events;
  Command define{};
  define.type = CommandType::define_instrument;
  define.sequence = Sequence{1};
  define.instrument.symbol[0] = 'C';
  define.instrument.tick_size_e9 = 1;
  define.instrument.lot_size = 1;
  define.instrument.quantity_min = QuantityLots{1};
  define.instrument.quantity_max = QuantityLots{1u << 31};
  define.instrument.price_min = PriceTicks{0};
  define.instrument.price_max = PriceTicks{1u << 31};
  engine.apply(define, events);
  Command first{};
  first.sequence = Sequence{1};
  first.symbol = SymbolId{1};
  first.account = AccountId{1};
  first.order.type = OrderType::limit;
  first.order.time_in_force = TimeInForce::gtc;
  Alone result{};
  Command command = first;
  std::uint64_t hashes = 0;
  const double start = cpu_seconds();
  for (const me_msg_t& message : messages) {
    translate(message, command);
    engine.apply(command, events);
    hashes ^= engine.state_hash();
  }
  result.ns_per_message = (cpu_seconds() - start) * 1e9 / static_cast<double>(messages.size());
  if (hashes == 0) std::puts("");  // nobody may leave the hashes out
  // Counted in a second pass, outside the clock.
  Engine again({.symbols_max = 1, .accounts_max = 1, .orders_max = 1u << 20});
  again.apply(define, events);
  command = first;
  for (const me_msg_t& message : messages) {
    translate(message, command);
    again.apply(command, events);
    for (const PublicEvent& e : events.public_events()) {
      result.fill_count += e.kind == EventKind::execute ? 1 : 0;
    }
    result.orders_most = std::max(result.orders_most, again.open_orders());
  }
  return result;
}

int run(std::uint64_t seed, std::uint32_t new_orders, int runs) {
  std::fputs(describe_machine().c_str(), stdout);
  std::printf("workload  seed %llu, %u new orders per shape, generated here; %d runs, median\n\n",
              static_cast<unsigned long long>(seed), new_orders, runs);
  pin_to_core(0);
  double worst = 1e9;
  std::printf("%-12s %10s %10s %10s %14s %10s %10s %10s\n", "shape", "M msg/s", "lowest", "highest",
              "engine ns/msg", "fills", "most open", "reports");
  std::string mixes;
  for (const MarketShape shape : market_shapes) {
    const ChallengeWorkload workload = make_challenge_workload(shape, seed, new_orders);
    mixes += std::string(name_of(shape)) + ": " + workload.mix() + "\n";
    std::vector<double> rates;
    std::vector<double> ns;
    Alone alone{};
    HandOff first{};
    for (int i = 0; i < runs; ++i) {
      const HandOff hand_off = run_adapter(workload);
      if (i == 0) first = hand_off;
      if (hand_off.digest != first.digest || hand_off.report_count != first.report_count) {
        std::puts("two runs of one stream gave different reports");
        return 1;
      }
      rates.push_back(static_cast<double>(workload.messages.size()) / hand_off.seconds / 1e6);
      alone = run_engine(workload.messages);
      ns.push_back(alone.ns_per_message);
    }
    worst = std::min(worst, median(rates));
    std::printf("%-12s %10.2f %10.2f %10.2f %14.1f %10llu %10u %10llu\n", name_of(shape),
                median(rates), std::ranges::min(rates), std::ranges::max(rates), median(ns),
                static_cast<unsigned long long>(alone.fill_count), alone.orders_most,
                static_cast<unsigned long long>(first.report_count));
    std::fflush(stdout);
  }
  std::printf("\nworst shape %.2f M msg/s, reports handed to another thread included\n\n%s", worst,
              mixes.c_str());
  return 0;
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  const auto number = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  return bourse::run(number(1, 23), static_cast<std::uint32_t>(number(2, 1'000'000)),
                     std::max(1, static_cast<int>(number(3, 5))));
}
