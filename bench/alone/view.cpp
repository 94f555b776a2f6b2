// bourse_view_bench: what it costs the engine to publish best prices or depth by a seqlock, alone
// and while another core reads, and what share of the reads succeeds.
//   sizes     64 bytes: TopOfBook, what the product publishes for each symbol; 192 bytes: twelve
//             levels of price and quantity
//   writer    on core 0, without a pause between two values, or one value every so often
//   reader    on core 1: `spins` tries again at once; `backs off` is Published::read(), which waits
//             longer after each failure
//   Every word of a value is its number: a torn value, or one older than the one before, ends the
//   bench with an error.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "bench/measure/arguments.h"  // Arguments
#include "bench/measure/cycles.h"     // CycleClock
#include "bench/measure/machine.h"    // describe_machine, pin_to_core
#include "bench/measure/spread.h"     // spread
#include "matching/check.h"           // CHECK
#include "matching/market_view.h"     // Published, TopOfBook

namespace bourse {
namespace {

constexpr const char* usage =
    "usage: bourse_view_bench [options]\n"
    "  --values N    published in each case and run (10000000)\n"
    "  --runs N      (5)\n";

template <std::size_t Bytes>
struct Value {
  std::array<std::uint64_t, Bytes / 8> words;
};
static_assert(sizeof(Value<64>) == sizeof(TopOfBook));

enum class Reading : std::uint8_t { none, spins, backs_off };

struct Case {
  const char* name;
  std::size_t bytes;
  Reading reading;
  double pause_ns;  // from one value to the next; 0 = none
  std::vector<double> ns_per_publish = {};
  std::vector<double> good_share = {};     // percent of the tries
  std::vector<double> million_reads = {};  // good ones, per second
};

struct Reads {
  std::uint64_t tries = 0;
  std::uint64_t good = 0;
};

template <std::size_t Bytes>
Reads read_until(const Published<Value<Bytes>>& published, Reading reading,
                 const std::atomic<bool>& is_over) {
  Reads reads;
  Value<Bytes> value{};
  std::uint64_t last = 0;
  while (!is_over.load(std::memory_order_relaxed)) {
    ++reads.tries;
    if (reading == Reading::backs_off) {
      value = published.read();
    } else if (!published.try_read(value)) {
      continue;
    }
    ++reads.good;
    CHECK(value.words.front() >= last);
    for (const std::uint64_t word : value.words) CHECK(word == value.words.front());
    last = value.words.front();
  }
  return reads;
}

template <std::size_t Bytes>
void run_case(Case& one, std::uint64_t values, const CycleClock& clock) {
  Published<Value<Bytes>> published;
  std::atomic<bool> is_over{false};
  std::atomic<bool> is_ready{one.reading == Reading::none};
  Reads reads;
  std::thread reader;
  if (one.reading != Reading::none) {
    reader = std::thread([&] {
      pin_to_core(1);
      is_ready.store(true, std::memory_order_release);
      reads = read_until(published, one.reading, is_over);
    });
  }
  while (!is_ready.load(std::memory_order_acquire)) std::this_thread::yield();
  const double pause = clock.cycles(one.pause_ns);
  const std::uint64_t count =
      one.pause_ns == 0 ? values : std::min(values, static_cast<std::uint64_t>(3e8 / one.pause_ns));
  const std::uint64_t start = CycleClock::now();
  for (std::uint64_t i = 1; i <= count; ++i) {
    if (one.pause_ns > 0) {
      const std::uint64_t due = start + static_cast<std::uint64_t>(pause * static_cast<double>(i));
      while (CycleClock::now() < due) pause_briefly();
    }
    Value<Bytes> value{};
    value.words.fill(i);
    published.publish(value);
  }
  const double ns = clock.ns(CycleClock::end() - start);
  is_over.store(true, std::memory_order_relaxed);
  if (reader.joinable()) reader.join();
  one.ns_per_publish.push_back(ns / static_cast<double>(count));
  if (reads.tries == 0) return;
  one.good_share.push_back(100.0 * static_cast<double>(reads.good) /
                           static_cast<double>(reads.tries));
  one.million_reads.push_back(static_cast<double>(reads.good) * 1e3 / ns);
}

int run(std::uint64_t values, std::uint64_t runs) {
  pin_to_core(0);
  const CycleClock clock;
  std::vector<Case> cases;
  for (const std::size_t bytes : {std::size_t{64}, std::size_t{192}}) {
    cases.push_back({"writer alone", bytes, Reading::none, 0});
    cases.push_back({"reader spins", bytes, Reading::spins, 0});
    cases.push_back({"reader backs off", bytes, Reading::backs_off, 0});
    cases.push_back({"every 100 ns, reader spins", bytes, Reading::spins, 100});
    cases.push_back({"every 1 us, reader spins", bytes, Reading::spins, 1'000});
  }
  for (std::uint64_t i = 0; i < runs; ++i) {
    for (Case& one : cases) {
      if (one.bytes == 64) {
        run_case<64>(one, values, clock);
      } else {
        run_case<192>(one, values, clock);
      }
    }
  }
  std::printf("%llu runs of all cases in turn, median (least..most)\n\n",
              static_cast<unsigned long long>(runs));
  std::printf("%-28s %6s %20s %24s %24s\n", "case", "bytes", "ns per value", "M good reads per s",
              "% of tries that succeed");
  for (const Case& one : cases) {
    const bool is_paced = one.pause_ns > 0;
    const bool is_alone = one.reading == Reading::none;
    // read() hides its tries.
    const bool has_share = one.reading == Reading::spins;
    std::printf("%-28s %6zu %20s %24s %24s\n", one.name, one.bytes,
                is_paced ? "(paced)" : spread(one.ns_per_publish, 1).c_str(),
                is_alone ? "" : spread(one.million_reads, 2).c_str(),
                has_share ? spread(one.good_share, 2).c_str() : "");
  }
  return 0;
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  bourse::Arguments arguments(argc, argv, bourse::usage);
  const std::uint64_t values = arguments.number("--values", 10'000'000);
  const std::uint64_t runs = arguments.number("--runs", 5);
  arguments.finish();
  std::fputs(bourse::describe_machine().c_str(), stdout);
  return bourse::run(values, runs);
}
