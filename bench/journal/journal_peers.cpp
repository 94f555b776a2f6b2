// bourse_journal_peers: the log beside others that Debian has, and beside the plain file that shows
// what the disk takes. All by one harness, one after the other in each run, on one disk.
//   durable  one thread writes what has become due of --rate records/s as one group, syncs, and
//            looks again: from the intended time of each record until it is durable
//   burst    64 MiB in groups of 1 MiB, as fast as it goes, each durable before the next
//   read     all of it in order, warm, each log verifying as it does by default (LMDB and the plain
//            file verify nothing)
//   seek     to a random sequence, warm
//   Left out: a thread of its own for the journal (bourse_journal_bench has that), cold reads.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "app/threads/thread_scheduling.h"  // run_before_others
#include "bench/journal/measured_log.h"     // MeasuredLog
#include "bench/measure/arguments.h"        // Arguments
#include "bench/measure/machine.h"          // describe_machine
#include "bench/measure/percentiles.h"      // Percentiles
#include "bench/measure/spread.h"           // spread, median

namespace bourse {

void give_up(const std::string& why) {
  fmt::print(stderr, "bourse_journal_peers: {}\n", why);
  std::exit(1);
}

namespace {

constexpr std::size_t sizes[] = {64, 240};
constexpr std::size_t group_bytes = std::size_t{1} << 20;
constexpr std::size_t burst_bytes = std::size_t{64} << 20;
constexpr int seeks = 2000;

const LogMaker makers[] = {{"plain file", make_plain_file},
                           {"Bourse", make_bourse_log},
                           {"LMDB", make_lmdb_log},
                           {"RocksDB WAL", make_rocksdb_log},
                           {"SQLite WAL", make_sqlite_log}};

struct Settings {
  std::filesystem::path directory;
  std::uint64_t runs;
  std::uint64_t seconds;
  std::uint64_t rate;
  std::string json;
};

struct Figures {
  std::vector<double> durable50_us, durable99_us, burst, read, seek50_us;
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::unique_ptr<MeasuredLog> fresh(const Settings& settings, const LogMaker& maker,
                                   std::size_t bytes) {
  const auto directory = settings.directory / "log";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return maker.make(directory, bytes);
}

void run_durable(const Settings& settings, MeasuredLog& log, Figures& figures) {
  const std::uint64_t count = settings.rate * settings.seconds;
  const std::uint64_t warm_up = count / 5;
  std::vector<std::int64_t> samples;
  samples.reserve(count);
  const std::int64_t start = now_ns();
  const double interval = 1e9 / static_cast<double>(settings.rate);
  for (std::uint64_t done = 0; done < count;) {
    const auto gone = static_cast<double>(now_ns() - start);
    const std::uint64_t due = std::min(count, static_cast<std::uint64_t>(gone / interval));
    if (due == done) continue;
    log.write_durably(done + 1, due - done);
    const std::int64_t now = now_ns();
    for (std::uint64_t i = done; i < due; ++i) {
      if (i < warm_up) continue;
      samples.push_back(now - start - static_cast<std::int64_t>(static_cast<double>(i) * interval));
    }
    done = due;
  }
  const Percentiles sorted(std::move(samples));
  figures.durable50_us.push_back(static_cast<double>(sorted.at(50)) / 1e3);
  figures.durable99_us.push_back(static_cast<double>(sorted.at(99)) / 1e3);
}

void run_rest(MeasuredLog& log, std::size_t bytes, Figures& figures) {
  const std::uint64_t count = burst_bytes / bytes;
  const std::uint64_t group = group_bytes / bytes;
  std::int64_t start = now_ns();
  for (std::uint64_t first = 1; first <= count; first += group) {
    log.write_durably(first, std::min(group, count - first + 1));
  }
  figures.burst.push_back(static_cast<double>(count) * 1e3 / static_cast<double>(now_ns() - start));
  log.finish_writing();
  log.read_all();  // warm
  start = now_ns();
  const std::uint64_t got = log.read_all();
  figures.read.push_back(static_cast<double>(got) * 1e3 / static_cast<double>(now_ns() - start));
  if (got < count) give_up(fmt::format("read {} of {} records", got, count));
  std::vector<std::int64_t> samples;
  std::uint64_t random = 42;
  const std::int64_t end = now_ns() + 3'000'000'000;  // some take 30 ms each
  for (int i = 0; i < seeks && now_ns() < end; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    start = now_ns();
    if (!log.seek(1 + (random >> 16) % count)) return;
    samples.push_back(now_ns() - start);
  }
  figures.seek50_us.push_back(static_cast<double>(Percentiles(std::move(samples)).at(50)) / 1e3);
}

std::string cell(const std::vector<double>& values, int decimals) {
  return values.empty() ? "-" : spread(values, decimals);
}

std::string json_of(const std::vector<double>& values) {
  return values.empty() ? "null" : fmt::format("{:.3f}", median(values));
}

}  // namespace

int run_peers(const Settings& settings) {
  run_before_others();  // for each of them alike, as the exchange does for its journal thread
  fmt::print("{}\n", describe_machine());
  fmt::print("files in {}; median of {} runs (least..most), {} records/s for {} s\n",
             settings.directory.string(), settings.runs, settings.rate, settings.seconds);
  std::string json;
  for (const std::size_t bytes : sizes) {
    std::vector<Figures> figures(std::size(makers));
    for (std::uint64_t run = 0; run < settings.runs; ++run) {
      for (std::size_t i = 0; i < std::size(makers); ++i) {
        run_durable(settings, *fresh(settings, makers[i], bytes), figures[i]);
        run_rest(*fresh(settings, makers[i], bytes), bytes, figures[i]);
      }
    }
    fmt::print(
        "\n{} B\n| log | durable p50, us | p99, us | burst, M/s | read, M/s | seek p50, us |\n"
        "|---|---|---|---|---|---|\n",
        bytes);
    for (std::size_t i = 0; i < std::size(makers); ++i) {
      const Figures& f = figures[i];
      fmt::print("| {} | {} | {} | {} | {} | {} |\n", makers[i].name, cell(f.durable50_us, 0),
                 cell(f.durable99_us, 0), cell(f.burst, 2), cell(f.read, 2), cell(f.seek50_us, 2));
      json += fmt::format(
          "{}{{\"log\": \"{}\", \"bytes\": {}, \"durable_p50_us\": {}, \"durable_p99_us\": {}, "
          "\"burst\": {}, \"read\": {}, \"seek_us\": {}}}",
          json.empty() ? "" : ",\n ", makers[i].name, bytes, json_of(f.durable50_us),
          json_of(f.durable99_us), json_of(f.burst), json_of(f.read), json_of(f.seek50_us));
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(settings.directory, ignored);
  if (settings.json.empty()) return 0;
  std::FILE* const file = std::fopen(settings.json.c_str(), "w");
  if (file == nullptr) give_up("cannot write " + settings.json);
  fmt::print(file, "[{}]\n", json);
  std::fclose(file);
  return 0;
}

}  // namespace bourse

int main(int count, char** words) {
  bourse::Arguments arguments(count, words,
                              "usage: bourse_journal_peers [--runs 3] [--seconds 3] "
                              "[--rate 200000] [--directory PATH] [--json FILE]\n");
  bourse::Settings settings{
      .directory = arguments.text("--directory").value_or("bourse_journal_peers.tmp"),
      .runs = arguments.number("--runs", 3),
      .seconds = arguments.number("--seconds", 3),
      .rate = arguments.number("--rate", 200'000),
      .json = arguments.text("--json").value_or("")};
  arguments.finish();
  return bourse::run_peers(settings);
}
