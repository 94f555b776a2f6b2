// bourse_journal_bench: what the log costs. Appends at a steady rate, open loop, while the journal
// thread writes and syncs; then bursts, reads and seeks.
//   append   the engine thread's call alone, by the cycle counter, without what reading it costs
//   durable  from the intended time of a transaction until it is released (level disk: after
//            fdatasync; level memory: after the write)
//   twin     write 4 KiB + fdatasync into zeros that are there already, one after the other,
//            just before each case on the same disk: the ratio is what to judge
//   Sizes:   64 B is smaller than any transaction and is there to compare with other logs; 344 B is
//            an order that rests (command, one public event, one report).
//   burst    as fast as it goes until all is durable: 48 MiB, which the memory tail holds, 240 MiB,
//            for which the segment has zeros, and 512 MiB; beside the disk's own sequential write
//   read     what the burst left, every checksum verified: warm, and cold beside a direct read
//   recovery opening a log that was killed with 200 MiB in its open segment, cold, per GB of these
//   Left out: the engine; other load on the disk; power loss (tests/replay has it).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/journal/journal_cases.h"   // Settings, run_burst, run_reading, ...
#include "bench/journal/journal_thread.h"  // JournalThread
#include "bench/measure/arguments.h"       // Arguments
#include "bench/measure/cycles.h"          // CycleClock
#include "bench/measure/machine.h"         // describe_machine
#include "bench/measure/percentiles.h"     // Percentiles
#include "bench/measure/spread.h"          // median, spread
#include "bench/twins/raw_flush.h"         // measure_raw_flush

namespace bourse {
namespace {

Percentiles measure_twin(const Settings& settings) {
  auto samples = measure_raw_flush(settings.directory, {.count = 1500});
  if (!samples) give_up(samples.error().text());
  return Percentiles(std::move(*samples));
}

struct OpenLoop {
  std::vector<std::int64_t> append_ns;
  std::vector<std::int64_t> durable_ns;
  double reached_rate = 0;
  double group = 0;           // transactions per write
  double written_ratio = 0;   // bytes of the segment per byte of transactions
  double disk_ratio = 0;      // bytes written to the device per byte of transactions, zeros and all
  std::uint64_t refused = 0;  // appends that found the tail full
};

OpenLoop run_open_loop(const Settings& settings, Durability durability, std::size_t bytes,
                       const CycleClock& clock) {
  const auto log = new_log(settings, durability);
  auto writer = log->tail().writer();
  std::vector<std::byte> record = make_record(bytes);
  const std::uint64_t warm_up = settings.rate / 2;
  const std::uint64_t count = warm_up + settings.rate * settings.seconds;
  const double interval = 1e9 / static_cast<double>(settings.rate);
  OpenLoop out;
  out.append_ns.reserve(count);
  out.durable_ns.reserve(count);
  const std::uint64_t disk_before = device_bytes_written(settings);
  const std::int64_t start = now_ns() + 10'000'000;
  const auto intended = [&](std::uint64_t sequence) {
    return start + static_cast<std::int64_t>(static_cast<double>(sequence - 1) * interval);
  };

  std::uint64_t seen = 0;
  JournalThread journal(*log, [&] {
    const std::uint64_t released = log->released_sequence().value();
    const std::int64_t now = now_ns();
    for (std::uint64_t s = seen + 1; s <= released; ++s) {
      if (s > warm_up) out.durable_ns.push_back(now - intended(s));
    }
    seen = released;
  });
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    const std::int64_t due = intended(sequence);
    while (now_ns() < due) pause_briefly();
    set_sequence(record, sequence);
    const std::uint64_t from = CycleClock::begin();
    bool done = writer.append(record);
    const std::uint64_t to = CycleClock::end();
    while (!done) {
      ++out.refused;
      std::this_thread::yield();
      done = writer.append(record);
    }
    log->tail().arrivals().wake();
    if (sequence > warm_up) out.append_ns.push_back(clock.net_ns(to - from));
  }
  const std::int64_t end = now_ns();
  if (const auto failure = journal.end()) give_up(failure->text());
  const JournalCounters counters = log->journal().counters();
  const double transaction_bytes = static_cast<double>(counters.transactions * record.size());
  out.reached_rate = static_cast<double>(count) * 1e9 / static_cast<double>(end - start);
  out.group = static_cast<double>(counters.transactions) / static_cast<double>(counters.groups);
  out.written_ratio = static_cast<double>(counters.bytes) / transaction_bytes;
  out.disk_ratio =
      static_cast<double>(device_bytes_written(settings) - disk_before) / transaction_bytes;
  return out;
}

void bench_open_loop(const Settings& settings, Durability durability, std::size_t bytes,
                     const CycleClock& clock) {
  constexpr std::array<double, 4> shown{50, 90, 99, 99.9};
  std::array<std::vector<double>, shown.size() + 1> append;
  std::array<std::vector<double>, shown.size() + 1> durable;
  std::vector<double> twin50, twin99, ratio50, ratio99, rate, group, written, disk;
  std::uint64_t refused = 0;
  std::size_t samples = 0;
  for (std::uint64_t run = 0; run < settings.runs; ++run) {
    const Percentiles twin = measure_twin(settings);
    OpenLoop loop = run_open_loop(settings, durability, bytes, clock);
    const Percentiles a(std::move(loop.append_ns));
    const Percentiles d(std::move(loop.durable_ns));
    samples = d.count();
    for (std::size_t i = 0; i < shown.size(); ++i) {
      append[i].push_back(static_cast<double>(a.at(shown[i])));
      durable[i].push_back(static_cast<double>(d.at(shown[i])) / 1e3);
    }
    append.back().push_back(static_cast<double>(a.max()));
    durable.back().push_back(static_cast<double>(d.max()) / 1e3);
    twin50.push_back(static_cast<double>(twin.at(50)) / 1e3);
    twin99.push_back(static_cast<double>(twin.at(99)) / 1e3);
    ratio50.push_back(static_cast<double>(d.at(50)) / static_cast<double>(twin.at(50)));
    ratio99.push_back(static_cast<double>(d.at(99)) / static_cast<double>(twin.at(50)));
    rate.push_back(loop.reached_rate);
    group.push_back(loop.group);
    written.push_back(loop.written_ratio);
    disk.push_back(loop.disk_ratio);
    refused += loop.refused;
  }
  fmt::print("\n{} B, durability {}, {} transactions/s asked, {:.0f} reached, {} samples a run\n",
             bytes, durability == Durability::disk ? "disk" : "memory", settings.rate, median(rate),
             samples);
  fmt::print(
      "  group of {:.1f} transactions; bytes of the segment {:.2f}, of the disk (zeros and all) "
      "{:.2f} per byte of a transaction; tail full {}\n",
      median(group), median(written), median(disk), refused);
  constexpr std::array<std::string_view, shown.size() + 1> names{"p50", "p90", "p99", "p99.9",
                                                                 "max"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    fmt::print("  {:<6} append ns {:<34} durable us {}\n", names[i], spread(append[i], 0),
               spread(durable[i], 1));
  }
  fmt::print("  twin, us   p50 {}   p99 {}\n", spread(twin50, 1), spread(twin99, 1));
  fmt::print("  ratio to the twin's p50:  durable p50 {}   p99 {}\n", spread(ratio50, 2),
             spread(ratio99, 2));
}

void bench_burst_and_reading(const Settings& settings, std::size_t bytes) {
  std::vector<double> raw_write, raw_read, burst, laid, sustained, share, read, read_bytes, cold,
      seek50;
  std::vector<double> seek99, cold50, recovery;
  for (std::uint64_t run = 0; run < settings.runs; ++run) {
    const RawDisk raw = measure_raw_disk(settings);
    raw_write.push_back(raw.write / 1e6);
    raw_read.push_back(raw.read / 1e6);
    const auto share_of_disk = [&](double rate) {
      return rate * static_cast<double>(bytes) * 1e6 / raw.write * 100;
    };
    burst.push_back(run_burst(settings, bytes, burst_bytes));
    laid.push_back(share_of_disk(run_burst(settings, bytes, laid_burst_bytes)));
    sustained.push_back(run_burst(settings, bytes, sustained_bytes));
    share.push_back(share_of_disk(sustained.back()));
    const Reading reading = run_reading(settings, bytes);
    read.push_back(reading.warm);
    read_bytes.push_back(reading.warm_bytes);
    cold.push_back(reading.cold_bytes / raw.read * 100);
    recovery.push_back(run_recovery(settings, bytes));
    if (reading.seek_ns.empty()) continue;
    const Percentiles seek(reading.seek_ns);
    seek50.push_back(static_cast<double>(seek.at(50)) / 1e3);
    seek99.push_back(static_cast<double>(seek.at(99)) / 1e3);
    cold50.push_back(static_cast<double>(Percentiles(reading.cold_seek_ns).at(50)) / 1e3);
  }
  const auto row = [](std::string_view name, const std::vector<double>& values, int decimals) {
    if (!values.empty()) fmt::print("  {:<44} {}\n", name, spread(values, decimals));
  };
  fmt::print("\n{} B, durability disk\n", bytes);
  row("burst of 48 MiB until durable, M/s", burst, 2);
  row("240 MiB, of the disk's own sequential write, %", laid, 0);
  row("512 MiB until durable, M/s", sustained, 2);
  row("  of the disk's own sequential write, %", share, 0);
  row("read back, verified, warm, M/s", read, 2);
  row("read back, verified, warm, GB/s", read_bytes, 2);
  row("read back, cold, of a direct read, %", cold, 0);
  row("seek warm p50, us", seek50, 2);
  row("seek warm p99, us", seek99, 2);
  row("seek cold p50, us", cold50, 1);
  row("recovery of an open segment, cold, s/GB", recovery, 2);
  row("raw: sequential write, MB/s", raw_write, 0);
  row("raw: direct read, MB/s", raw_read, 0);
}

}  // namespace

int run_journal_bench(Settings settings, const std::string& only) {
  settings.directory = std::filesystem::absolute(settings.directory);
  std::filesystem::create_directories(settings.directory);
  const CycleClock clock;
  fmt::print("{}\n", describe_machine());
  fmt::print(
      "files in {}; median of {} runs of {} s (lowest to highest); the cycle counter moves by "
      "{:.0f} "
      "ns\n",
      settings.directory.string(), settings.runs, settings.seconds, clock.step_ns());
  if (only != "throughput") {
    for (const std::size_t bytes : {small_bytes, order_bytes}) {
      bench_open_loop(settings, Durability::disk, bytes, clock);
    }
    bench_open_loop(settings, Durability::memory, order_bytes, clock);
  }
  if (only != "latency") {
    for (const std::size_t bytes : {small_bytes, order_bytes}) {
      bench_burst_and_reading(settings, bytes);
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(settings.directory, ignored);
  return 0;
}

}  // namespace bourse

int main(int count, char** words) {
  bourse::Arguments arguments(
      count, words,
      "usage: bourse_journal_bench [--runs 5] [--seconds 3] [--rate 200000]\n"
      "         [--only latency|throughput] [--directory PATH]   (on the disk to measure)\n");
  bourse::Settings settings;
  settings.runs = arguments.number("--runs", settings.runs);
  settings.seconds = arguments.number("--seconds", settings.seconds);
  settings.rate = arguments.number("--rate", settings.rate);
  settings.directory = arguments.text("--directory").value_or(settings.directory.string());
  const std::string only = arguments.text("--only").value_or("");
  arguments.finish();
  return bourse::run_journal_bench(std::move(settings), only);
}
