// bourse_journal_bench: what the log costs. Appends at a steady rate, open loop, while the journal
// thread writes and syncs; then bursts, reads and seeks.
//   append   the engine thread's call alone, by the cycle counter, with what reading it twice costs
//   durable  from the intended time of a transaction until it is released (level disk: after
//            fdatasync; level memory: after the write)
//   twin     write 4 KiB + fdatasync into zeros that are there already, one after the other,
//            just before each case on the same disk: the ratio is what to judge
//   Sizes:   64 B is smaller than any transaction and is there to compare with other logs; 344 B is
//            an order that rests (command, one public event, one report).
//   Left out: the engine; other load on the disk; power loss (tests/replay has it).

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/machine.h"         // describe_machine
#include "bench/percentiles.h"     // Percentiles
#include "matching/transaction.h"  // encode
#include "replay/log.h"            // Log

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t small_bytes = 64;
constexpr std::size_t order_bytes = 344;

struct Settings {
  std::filesystem::path directory = "bourse_journal_bench.tmp";
  std::uint64_t runs = 5;
  std::uint64_t seconds = 3;
  std::uint64_t rate = 200'000;
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bourse_journal_bench: {}\n", why);
  std::exit(1);
}

// Nanoseconds per tick of the cycle counter.
double calibrate_cycles() {
  const std::int64_t start_ns = now_ns();
  const std::uint64_t start = __rdtsc();
  while (now_ns() - start_ns < 50'000'000) {
  }
  return static_cast<double>(now_ns() - start_ns) / static_cast<double>(__rdtsc() - start);
}

// A record of 64 bytes, or an order that rests; only sequence and time change.
std::vector<std::byte> make_record(std::size_t bytes) {
  std::vector<std::byte> record(bytes);
  if (bytes == small_bytes) {
    const RecordHeader header{.length = 64,
                              .crc32c = 0,
                              .sequence = Sequence{0},
                              .time = TimeNs{0},
                              .epoch = Epoch{1},
                              .type = RecordType::transaction,
                              .version = 1,
                              .flags = 0};
    std::memcpy(record.data(), &header, sizeof header);
    return record;
  }
  Command command{};
  command.type = CommandType::new_order;
  EventBuffer events;
  events.add_public() = PublicEvent{};
  events.add_exec() = ExecEvent{};
  record.resize(encoded_bytes(command, events));
  if (encode(command, events, Epoch{1}, 1, record) != order_bytes) give_up("an order has grown");
  return record;
}

void stamp(std::vector<std::byte>& record, std::uint64_t sequence) {
  std::memcpy(record.data() + offsetof(RecordHeader, sequence), &sequence, sizeof sequence);
  std::memcpy(record.data() + offsetof(RecordHeader, time), &sequence, sizeof sequence);
}

LogOptions log_options(const Settings& settings, Durability durability) {
  LogOptions options;
  options.directory = settings.directory / "log";
  options.durability = durability;
  return options;
}

std::unique_ptr<Log> new_log(const Settings& settings, Durability durability) {
  std::filesystem::remove_all(settings.directory / "log");
  auto log = Log::open(log_options(settings, durability));
  if (!log) give_up(log.error().text());
  return std::move(*log);
}

// The twin: p50 and p99 of one 4 KiB write + fdatasync.
Percentiles measure_twin(const Settings& settings) {
  constexpr std::size_t block = 4096;
  constexpr std::size_t count = 1500;
  const std::string path = (settings.directory / "twin").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) give_up("cannot make " + path);
  const std::vector<char> zeros(block * count);
  if (::pwrite(fd, zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()) ||
      ::fsync(fd) != 0) {
    give_up("cannot write " + path);
  }
  std::vector<std::int64_t> samples;
  samples.reserve(count);
  const std::vector<char> ones(block, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t start = now_ns();
    if (::pwrite(fd, ones.data(), block, static_cast<off_t>(i * block)) != block ||
        ::fdatasync(fd) != 0) {
      give_up("cannot write " + path);
    }
    samples.push_back(now_ns() - start);
  }
  ::close(fd);
  ::unlink(path.c_str());
  return Percentiles(std::move(samples));
}

struct OpenLoop {
  std::vector<std::int64_t> append_ns;
  std::vector<std::int64_t> durable_ns;
  double reached_rate = 0;
  double group = 0;           // transactions per write
  double written_ratio = 0;   // bytes of the segment per byte of transactions
  std::uint64_t refused = 0;  // appends that found the tail full
};

OpenLoop run_open_loop(const Settings& settings, Durability durability, std::size_t bytes,
                       double ns_per_cycle) {
  const auto log = new_log(settings, durability);
  auto writer = log->tail().writer();
  std::vector<std::byte> record = make_record(bytes);
  const std::uint64_t warm_up = settings.rate / 2;
  const std::uint64_t count = warm_up + settings.rate * settings.seconds;
  const double interval = 1e9 / static_cast<double>(settings.rate);
  OpenLoop out;
  out.append_ns.reserve(count);
  out.durable_ns.reserve(count);
  const std::int64_t start = now_ns() + 10'000'000;
  const auto intended = [&](std::uint64_t sequence) {
    return start + static_cast<std::int64_t>(static_cast<double>(sequence - 1) * interval);
  };

  std::thread journal([&] {
    std::uint64_t seen = 0;
    while (seen < count) {
      const auto step = log->journal().step();
      if (step == JournalWriter::Step::failed) give_up(log->journal().failure().text());
      if (step != JournalWriter::Step::wrote) {
        std::this_thread::yield();
        continue;
      }
      const std::uint64_t released = log->released_sequence().value();
      const std::int64_t now = now_ns();
      for (std::uint64_t s = seen + 1; s <= released; ++s) {
        if (s > warm_up) out.durable_ns.push_back(now - intended(s));
      }
      seen = released;
    }
  });
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    const std::int64_t due = intended(sequence);
    while (now_ns() < due) _mm_pause();
    stamp(record, sequence);
    const std::uint64_t from = __rdtsc();
    bool done = writer.append(record);
    const std::uint64_t to = __rdtsc();
    while (!done) {
      ++out.refused;
      std::this_thread::yield();
      done = writer.append(record);
    }
    if (sequence > warm_up) {
      out.append_ns.push_back(
          static_cast<std::int64_t>(static_cast<double>(to - from) * ns_per_cycle));
    }
  }
  const std::int64_t end = now_ns();
  journal.join();
  const JournalCounters counters = log->journal().counters();
  out.reached_rate = static_cast<double>(count) * 1e9 / static_cast<double>(end - start);
  out.group = static_cast<double>(counters.transactions) / static_cast<double>(counters.groups);
  out.written_ratio = static_cast<double>(counters.bytes) /
                      static_cast<double>(counters.transactions * record.size());
  return out;
}

// As fast as it goes, until all is released. Million records per second.
double run_burst(const Settings& settings, std::size_t bytes) {
  const auto log = new_log(settings, Durability::disk);
  auto writer = log->tail().writer();
  std::vector<std::byte> record = make_record(bytes);
  const std::uint64_t count = (std::uint64_t{512} << 20) / record.size();
  const std::int64_t start = now_ns();
  std::thread journal([&] {
    while (log->released_sequence().value() < count) {
      const auto step = log->journal().step();
      if (step == JournalWriter::Step::failed) give_up(log->journal().failure().text());
      if (step != JournalWriter::Step::wrote) std::this_thread::yield();
    }
  });
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    stamp(record, sequence);
    while (!writer.append(record)) std::this_thread::yield();
  }
  journal.join();
  return static_cast<double>(count) * 1e3 / static_cast<double>(now_ns() - start);
}

struct Reading {
  double million_per_second = 0;
  double gigabytes_per_second = 0;
  std::vector<std::int64_t> seek_ns;
};

// Through a cursor over the files that the last burst left (warm: they are in the page cache).
Reading run_reading(const Settings& settings) {
  LogOptions options = log_options(settings, Durability::disk);
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) give_up(log.error().text());
  auto cursor = (*log)->cursor(Sequence{1});
  if (!cursor) give_up(cursor.error().text());
  std::uint64_t bytes = 0;
  const std::int64_t start = now_ns();
  while (cursor->next() == Cursor::Next::transaction) bytes += cursor->transaction().bytes().size();
  const auto took = static_cast<double>(now_ns() - start);
  const std::uint64_t count = cursor->position().value() - 1;
  Reading out{.million_per_second = static_cast<double>(count) * 1e3 / took,
              .gigabytes_per_second = static_cast<double>(bytes) / took,
              .seek_ns = {}};
  std::uint64_t random = 42;
  for (int i = 0; i < 20'000; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const Sequence wanted{1 + (random >> 16) % count};
    const std::int64_t from = now_ns();
    if (!cursor->seek(wanted) || cursor->next() != Cursor::Next::transaction) give_up("no seek");
    out.seek_ns.push_back(now_ns() - from);
  }
  return out;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// "244.1 (230.0 to 291.2)"
std::string spread(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{:>9.2f}  ({:.2f} to {:.2f})", median(values), *low, *high);
}

void bench_open_loop(const Settings& settings, Durability durability, std::size_t bytes,
                     double ns_per_cycle) {
  constexpr std::array<double, 4> shown{50, 90, 99, 99.9};
  std::array<std::vector<double>, shown.size() + 1> append;
  std::array<std::vector<double>, shown.size() + 1> durable;
  std::vector<double> twin50, twin99, ratio50, ratio99, rate, group, written;
  std::uint64_t refused = 0;
  std::size_t samples = 0;
  for (std::uint64_t run = 0; run < settings.runs; ++run) {
    const Percentiles twin = measure_twin(settings);
    OpenLoop loop = run_open_loop(settings, durability, bytes, ns_per_cycle);
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
    refused += loop.refused;
  }
  fmt::print("\n{} B, durability {}, {} transactions/s asked, {:.0f} reached, {} samples a run\n",
             bytes, durability == Durability::disk ? "disk" : "memory", settings.rate, median(rate),
             samples);
  fmt::print(
      "  group of {:.1f} transactions; segment bytes / transaction bytes {:.2f}; tail full {}\n",
      median(group), median(written), refused);
  constexpr std::array<std::string_view, shown.size() + 1> names{"p50", "p90", "p99", "p99.9",
                                                                 "max"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    fmt::print("  {:<6} append ns {:<34} durable us {}\n", names[i], spread(append[i]),
               spread(durable[i]));
  }
  fmt::print("  twin, us   p50 {}   p99 {}\n", spread(twin50), spread(twin99));
  fmt::print("  ratio to the twin's p50:  durable p50 {}   p99 {}\n", spread(ratio50),
             spread(ratio99));
}

void bench_burst_and_reading(const Settings& settings, std::size_t bytes) {
  std::vector<double> burst, read, read_bytes, seek50, seek99;
  for (std::uint64_t run = 0; run < settings.runs; ++run) {
    burst.push_back(run_burst(settings, bytes));
    if (bytes == small_bytes) continue;  // no transactions: a cursor would refuse them
    const Reading reading = run_reading(settings);
    read.push_back(reading.million_per_second);
    read_bytes.push_back(reading.gigabytes_per_second);
    const Percentiles seek(reading.seek_ns);
    seek50.push_back(static_cast<double>(seek.at(50)) / 1e3);
    seek99.push_back(static_cast<double>(seek.at(99)) / 1e3);
  }
  fmt::print("\n{} B, 512 MiB as fast as it goes, durability disk\n", bytes);
  fmt::print("  durable, M/s        {}\n", spread(burst));
  if (read.empty()) return;
  fmt::print("  read back, M/s      {}   every checksum verified, warm\n", spread(read));
  fmt::print("  read back, GB/s     {}\n", spread(read_bytes));
  fmt::print("  seek, us   p50      {}   p99 {}   warm\n", spread(seek50), spread(seek99));
}

Settings parse(int count, char** arguments) {
  Settings settings;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    const auto value = [&](std::string_view option) {
      return std::strtoull(argument.data() + option.size(), nullptr, 10);
    };
    if (argument.starts_with("--runs=")) {
      settings.runs = value("--runs=");
    } else if (argument.starts_with("--seconds=")) {
      settings.seconds = value("--seconds=");
    } else if (argument.starts_with("--rate=")) {
      settings.rate = value("--rate=");
    } else if (argument.starts_with("--directory=")) {
      settings.directory = argument.substr(std::string_view("--directory=").size());
    } else {
      give_up(
          fmt::format("unknown argument {}\n  known: --runs=5 --seconds=3 --rate=200000 "
                      "--directory=bourse_journal_bench.tmp (on the disk to measure)",
                      argument));
    }
  }
  if (settings.runs == 0 || settings.seconds == 0 || settings.rate == 0) give_up("zero of what?");
  return settings;
}

}  // namespace
}  // namespace bourse

int main(int count, char** arguments) {
  using namespace bourse;
  Settings settings = parse(count, arguments);
  settings.directory = std::filesystem::absolute(settings.directory);
  std::filesystem::create_directories(settings.directory);
  const double ns_per_cycle = calibrate_cycles();
  std::vector<std::int64_t> empty;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t from = __rdtsc();
    empty.push_back(
        static_cast<std::int64_t>(static_cast<double>(__rdtsc() - from) * ns_per_cycle));
  }
  fmt::print("{}\n", describe_machine());
  fmt::print(
      "files in {}; median of {} runs of {} s (lowest to highest); an empty measurement of "
      "the append costs {} ns\n",
      settings.directory.string(), settings.runs, settings.seconds,
      Percentiles(std::move(empty)).at(50));
  for (const std::size_t bytes : {small_bytes, order_bytes}) {
    bench_open_loop(settings, Durability::disk, bytes, ns_per_cycle);
  }
  bench_open_loop(settings, Durability::memory, order_bytes, ns_per_cycle);
  for (const std::size_t bytes : {small_bytes, order_bytes}) {
    bench_burst_and_reading(settings, bytes);
  }
  std::error_code ignored;
  std::filesystem::remove_all(settings.directory, ignored);
  return 0;
}
