// The rings and views on the way from order to tick: nanoseconds per operation, each with what it
// replaces (a queue behind a mutex) beside it.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "matching/broadcast_ring.h"  // BroadcastRing
#include "matching/command.h"         // Command
#include "matching/market_view.h"     // Published, TopOfBook
#include "matching/spsc_ring.h"       // SpscRing

namespace bourse {
namespace {

void spsc_push_pop_one_thread(benchmark::State& state) {
  auto [writer, reader] = SpscRing<Command>::make(1024);
  Command command{};
  for (auto _ : state) {
    static_cast<void>(writer.try_push(command));
    static_cast<void>(reader.try_pop(command));
    benchmark::DoNotOptimize(command);
  }
}
BENCHMARK(spsc_push_pop_one_thread);

// A burst of 64 commands from one thread to another: time per command, hand-off included.
void spsc_to_another_thread(benchmark::State& state) {
  auto [writer, reader] = SpscRing<Command>::make(1024);
  std::atomic<bool> is_over{false};
  std::jthread popping([&] {
    Command command{};
    while (!is_over.load(std::memory_order_relaxed)) {
      if (!reader.try_pop(command)) pause_briefly();
      benchmark::DoNotOptimize(command);
    }
  });
  Command command{};
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) {
      while (!writer.try_push(command)) pause_briefly();
    }
  }
  state.SetItemsProcessed(state.iterations() * 64);
  is_over.store(true, std::memory_order_relaxed);
}
BENCHMARK(spsc_to_another_thread)->UseRealTime();

void mutex_deque_to_another_thread(benchmark::State& state) {
  std::mutex mutex;
  std::deque<Command> queue;
  std::atomic<bool> is_over{false};
  std::jthread popping([&] {
    Command command{};
    while (!is_over.load(std::memory_order_relaxed)) {
      const std::scoped_lock lock(mutex);
      if (!queue.empty()) {
        command = queue.front();
        queue.pop_front();
      }
      benchmark::DoNotOptimize(command);
    }
  });
  const Command command{};
  for (auto _ : state) {
    for (int i = 0; i < 64;) {
      const std::scoped_lock lock(mutex);
      if (queue.size() >= 1024) continue;
      queue.push_back(command);
      ++i;
    }
  }
  state.SetItemsProcessed(state.iterations() * 64);
  is_over.store(true, std::memory_order_relaxed);
}
BENCHMARK(mutex_deque_to_another_thread)->UseRealTime();

// One record of the size of a common transaction into a 64 MiB tail that nobody holds back.
void broadcast_append(benchmark::State& state) {
  BroadcastRing ring(BroadcastRing::Options{});
  auto writer = ring.writer();
  std::vector<std::uint64_t> words(static_cast<std::size_t>(state.range(0)) / 8);
  RecordHeader header{};
  header.length = static_cast<std::uint32_t>(words.size() * 8);
  header.type = RecordType::transaction;
  for (auto _ : state) {
    header.sequence = next(writer.last());
    std::memcpy(words.data(), &header, sizeof header);
    benchmark::DoNotOptimize(writer.append(std::as_bytes(std::span(words))));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(broadcast_append)->Arg(64)->Arg(280)->Arg(400)->Arg(1024);

void broadcast_append_and_read(benchmark::State& state) {
  BroadcastRing ring(BroadcastRing::Options{});
  auto writer = ring.writer();
  auto reader = ring.reader();
  std::vector<std::uint64_t> words(400 / 8);
  std::vector<std::uint64_t> scratch(1024 / 8);
  RecordHeader header{};
  header.length = static_cast<std::uint32_t>(words.size() * 8);
  header.type = RecordType::transaction;
  std::size_t length = 0;
  for (auto _ : state) {
    header.sequence = next(writer.last());
    std::memcpy(words.data(), &header, sizeof header);
    benchmark::DoNotOptimize(writer.append(std::as_bytes(std::span(words))));
    benchmark::DoNotOptimize(reader.next(std::as_writable_bytes(std::span(scratch)), length));
  }
}
BENCHMARK(broadcast_append_and_read);

void broadcast_seek(benchmark::State& state) {
  BroadcastRing ring(BroadcastRing::Options{});
  auto writer = ring.writer();
  auto reader = ring.reader();
  std::vector<std::uint64_t> words(400 / 8);
  RecordHeader header{};
  header.length = static_cast<std::uint32_t>(words.size() * 8);
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    header.sequence = Sequence{i};
    std::memcpy(words.data(), &header, sizeof header);
    static_cast<void>(writer.append(std::as_bytes(std::span(words))));
  }
  std::uint64_t at = 1;
  for (auto _ : state) {
    at = at * 6364136223846793005u + 1442695040888963407u;
    benchmark::DoNotOptimize(reader.seek(Sequence{1 + (at >> 33) % 100'000}));
  }
}
BENCHMARK(broadcast_seek);

void wake_with_nobody_parked(benchmark::State& state) {
  WaitPoint point;
  for (auto _ : state) point.wake();
}
BENCHMARK(wake_with_nobody_parked);

void seqlock_publish(benchmark::State& state) {
  Published<TopOfBook> published;
  TopOfBook top{};
  for (auto _ : state) {
    top.sequence = next(top.sequence);
    published.publish(top);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(seqlock_publish);

// The same with a thread that reads without pause; also how many of its tries succeed.
void seqlock_publish_while_read(benchmark::State& state) {
  Published<TopOfBook> published;
  std::atomic<bool> is_over{false};
  std::atomic<std::uint64_t> tries{0};
  std::atomic<std::uint64_t> reads{0};
  {
    std::jthread reading([&] {
      TopOfBook top{};
      std::uint64_t tried = 0;
      std::uint64_t read = 0;
      while (!is_over.load(std::memory_order_relaxed)) {
        ++tried;
        if (published.try_read(top)) {
          ++read;
        } else {
          pause_briefly();
        }
        benchmark::DoNotOptimize(top);
      }
      tries.store(tried, std::memory_order_relaxed);
      reads.store(read, std::memory_order_relaxed);
    });
    TopOfBook top{};
    for (auto _ : state) {
      top.sequence = next(top.sequence);
      published.publish(top);
      benchmark::ClobberMemory();
    }
    is_over.store(true, std::memory_order_relaxed);
  }
  const double tried = static_cast<double>(tries.load(std::memory_order_relaxed));
  const double read = static_cast<double>(reads.load(std::memory_order_relaxed));
  state.counters["reads_succeed_share"] = tried == 0 ? 0 : read / tried;
}
BENCHMARK(seqlock_publish_while_read)->UseRealTime();

}  // namespace
}  // namespace bourse
