// bourse_itch_bench: how fast ITCH is read, and how fast the shipped feed handler builds the books
// from it: full FIFO queues, all checks, without and with the public events made of it. Everything
// lies in memory before the clock starts; every run begins with the same books; the median of the
// runs counts. Ours and the twin (itch_twin.h) take turns.
//   Use:  bourse_itch_bench [--runs N] [--messages N] [--seed N] [--stocks N]
//                           [FILE of ITCH 5.0 messages]

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/itch_workload.h"  // make_itch_workload
#include "bench/measure/machine.h"     // describe_machine
#include "bench/twins/itch_twin.h"     // ItchTwin
#include "matching/check.h"            // CHECK
#include "replay/itch/itch_batch.h"    // ItchBatch
#include "replay/itch/itch_books.h"    // ItchBooks
#include "replay/itch/itch_feed.h"     // ItchFeed
#include "replay/itch/itch_reader.h"   // ItchReader

namespace bourse {
namespace {

struct Arguments {
  int runs = 5;
  std::uint64_t messages = 4'000'000;
  std::uint64_t seed = 1;
  std::uint32_t stocks = 0;  // 0 = 8000, then 100
  std::string file;
};

// Processor time, the kernel's on our behalf included: one thread that never waits, so on an idle
// machine it is the time that passes, and on a busy one it is still the work done.
double seconds_of(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  work();
  return now() - start;
}

void print_row(const char* what, std::uint64_t messages, std::vector<double> seconds) {
  std::ranges::sort(seconds);
  const auto rate = [messages](double s) { return static_cast<double>(messages) / s / 1e6; };
  const double median = seconds[seconds.size() / 2];
  std::printf("%-34s %8.2f %8.2f %8.2f %10.1f\n", what, rate(median), rate(seconds.back()),
              rate(seconds.front()), median / static_cast<double>(messages) * 1e9);
  std::fflush(stdout);
}

// Something of every message, so that none of the decoding can be left out.
struct Taste {
  template <class Message>
  void operator()(const Message& message) {
    sum += message.header.timestamp.ns + message.header.stock_locate;
    if constexpr (requires { message.order_reference_number; }) {
      sum += message.order_reference_number;
    }
    if constexpr (requires { message.price; }) sum += message.price.value;
    if constexpr (requires { message.shares; }) sum += message.shares;
  }
  std::uint64_t sum = 0;
};

std::uint64_t parse(std::span<const std::byte> bytes) {
  auto reader = ItchReader::over(bytes, "workload");
  Taste taste;
  while (reader.next() == ItchReader::Next::message) itch::dispatch(reader.message(), taste);
  CHECK(taste.sum != 0 && reader.next() == ItchReader::Next::end);
  return reader.messages();
}

std::uint64_t build(std::span<const std::byte> bytes, ItchFeed& feed, EventBuffer& events) {
  auto reader = ItchReader::over(bytes, "workload");
  ItchBatch batch;
  while (batch.fill(reader)) {
    feed.books().expect(batch.messages());
    for (const auto message : batch.messages()) feed.apply(message, events);
  }
  CHECK(batch.why() == ItchReader::Next::end);
  return reader.messages();
}

std::uint64_t build_books(std::span<const std::byte> bytes, ItchBooks& books) {
  auto reader = ItchReader::over(bytes, "workload");
  std::uint64_t faults = 0;
  ItchBatch batch;
  while (batch.fill(reader)) {
    books.expect(batch.messages());
    faults += books.apply_all(batch.messages());
  }
  CHECK(batch.why() == ItchReader::Next::end && faults == 0 && books.crossed_count() == 0);
  return reader.messages();
}

std::int64_t spreads(const ItchBooks& books, std::uint32_t stocks) {
  std::int64_t sum = 0;
  for (std::uint32_t locate = 1; locate <= stocks; ++locate) {
    const BestPrices best = books.best(static_cast<std::uint16_t>(locate));
    if (best.bid != no_price && best.ask != no_price) sum += best.bid.value() - best.ask.value();
  }
  return sum;
}

void measure_stocks(std::uint32_t stocks, const Arguments& arguments) {
  const ItchWorkload workload = make_itch_workload(
      {.stocks = stocks, .messages = arguments.messages, .seed = arguments.seed});
  std::vector<double> parsing;
  std::vector<double> books_only;
  std::vector<double> twin_only;
  std::vector<double> ratios;
  std::vector<double> with_events;
  std::uint64_t bytes = 0;
  EventBuffer events;
  for (int run = 0; run < arguments.runs; ++run) {
    parsing.push_back(seconds_of([&] { parse(workload.messages); }));
    {
      ItchBooks books;
      build_books(workload.start, books);
      books_only.push_back(seconds_of([&] { build_books(workload.messages, books); }));
      CHECK(books.order_count() == workload.live_orders);
      bytes = books.bytes();
      ItchTwin twin(workload.references);
      twin.build(workload.start);
      twin_only.push_back(seconds_of([&] { twin.build(workload.messages); }));
      CHECK(twin.spreads() == spreads(books, stocks));
      ratios.push_back(twin_only.back() / books_only.back());
    }
    ItchFeed feed;
    build(workload.start, feed, events);
    with_events.push_back(seconds_of([&] { build(workload.messages, feed, events); }));
    CHECK(feed.counts().faults_all() == 0 && feed.counts().crossed == 0);
    CHECK(feed.counts().live_orders == workload.live_orders);
  }
  const std::string name = std::to_string(stocks) + " stocks";
  print_row((name + ", parse").c_str(), arguments.messages, parsing);
  print_row((name + ", parse, books").c_str(), arguments.messages, books_only);
  print_row((name + ", twin without queues").c_str(), arguments.messages, twin_only);
  std::ranges::sort(ratios);
  std::printf("%-34s %8.2f %8.2f %8.2f   of the twin's rate, run by run\n",
              (name + ", books").c_str(), ratios[ratios.size() / 2], ratios.front(), ratios.back());
  print_row((name + ", parse, books, events").c_str(), arguments.messages, with_events);
  std::printf("%-34s %8.1f bytes each: order, level, ladder and directory\n",
              (name + ", " + std::to_string(workload.live_orders) + " live orders").c_str(),
              static_cast<double>(bytes) / static_cast<double>(workload.live_orders));
}

void measure_file(const Arguments& arguments) {
  std::ifstream file(arguments.file, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  const auto content = std::as_bytes(std::span(bytes));
  auto checked = ItchReader::over(content, arguments.file);
  while (checked.next() == ItchReader::Next::message) {
  }
  if (checked.next() == ItchReader::Next::failed || checked.messages() == 0) {
    std::fprintf(stderr, "bourse_itch_bench: %s: no ITCH messages\n", arguments.file.c_str());
    std::exit(static_cast<int>(ExitCode::data_damaged));
  }
  const std::uint64_t repeats = std::max<std::uint64_t>(1, arguments.messages / checked.messages());
  const std::uint64_t messages = repeats * checked.messages();
  std::vector<double> parsing;
  std::vector<double> building;
  EventBuffer events;
  for (int run = 0; run < arguments.runs; ++run) {
    parsing.push_back(seconds_of([&] {
      for (std::uint64_t i = 0; i < repeats; ++i) parse(content);
    }));
    double seconds = 0;
    for (std::uint64_t i = 0; i < repeats; ++i) {
      ItchFeed feed;  // its references come again: each pass needs books of its own
      seconds += seconds_of([&] { build(content, feed, events); });
    }
    building.push_back(seconds);
  }
  print_row("file, parse", messages, parsing);
  print_row("file, parse, books, events", messages, building);
}

int run(const Arguments& arguments) {
  std::fputs(describe_machine().c_str(), stdout);
  std::printf(
      "workload seed %llu, %llu messages, 100 resting orders per stock at the start: 46%% add, "
      "43%% "
      "delete,\n         4%% execute, 3%% replace, 2%% cancel, 2%% print; stocks and orders chosen "
      "evenly\n",
      static_cast<unsigned long long>(arguments.seed),
      static_cast<unsigned long long>(arguments.messages));
  std::printf("%-34s %8s %8s %8s %10s   (%d runs)\n", "M messages/s of processor time", "median",
              "slowest", "fastest", "ns/message", arguments.runs);
  if (arguments.stocks != 0) {
    measure_stocks(arguments.stocks, arguments);
  } else {
    measure_stocks(8000, arguments);
    measure_stocks(100, arguments);
  }
  if (!arguments.file.empty()) measure_file(arguments);
  return 0;
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  bourse::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (!name.starts_with("--")) {
      arguments.file = name;
    } else if (value == nullptr) {
      std::fprintf(stderr, "bourse_itch_bench: %s needs a number\n", argv[i]);
      return static_cast<int>(bourse::ExitCode::usage);
    } else if (name == "--runs") {
      arguments.runs = std::max(1, std::atoi(argv[++i]));
    } else if (name == "--messages") {
      arguments.messages = std::max(1ull, std::strtoull(argv[++i], nullptr, 10));
    } else if (name == "--stocks") {
      arguments.stocks = static_cast<std::uint32_t>(std::clamp(std::atoi(argv[++i]), 1, 65'535));
    } else if (name == "--seed") {
      arguments.seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      std::fprintf(stderr, "bourse_itch_bench: unknown flag %s\n", argv[i]);
      return static_cast<int>(bourse::ExitCode::usage);
    }
  }
  return bourse::run(arguments);
}
