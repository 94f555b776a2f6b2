// What the parts of the log cost one by one: append, seek and replay in files, checksums; and the
// control messages of the feed.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/sample_record.h"  // order_record, set_sequence
#include "feed/market/control_json.h"  // parse_control
#include "replay/log/crc32c.h"         // crc32c
#include "replay/log/log.h"            // Log

namespace bourse {
namespace {

// A log in a folder of its own, with so many transactions, all written.
class FilledLog {
 public:
  explicit FilledLog(std::uint64_t transactions)
      : directory_(std::filesystem::temp_directory_path() /
                   ("bourse-log-micro-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(directory_);
    LogOptions options;
    options.directory = directory_;
    options.durability = Durability::memory;
    log_ = std::move(Log::open(options).value());
    BroadcastRing::Writer writer = log_->tail().writer();
    std::vector<std::byte> record = order_record(true);
    for (std::uint64_t sequence = 1; sequence <= transactions; ++sequence) {
      set_sequence(record, sequence);
      while (!writer.append(record)) log_->journal().step();
    }
    while (log_->journal().step() == JournalWriter::Step::wrote) {
    }
    log_->journal().finish().value();
    log_.reset();
    options.read_only = true;
    log_ = std::move(Log::open(options).value());
  }
  ~FilledLog() {
    log_.reset();
    std::filesystem::remove_all(directory_);
  }
  FilledLog(const FilledLog&) = delete;
  FilledLog& operator=(const FilledLog&) = delete;

  const Log& log() const { return *log_; }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<Log> log_;
};

// Until written to the file (level memory), in groups as they form. Items are transactions.
void log_append(benchmark::State& state) {
  const auto directory =
      std::filesystem::temp_directory_path() / ("bourse-log-append-" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory);
  LogOptions options;
  options.directory = directory;
  options.durability = Durability::memory;
  {
    const auto log = std::move(Log::open(options).value());
    BroadcastRing::Writer writer = log->tail().writer();
    std::vector<std::byte> record = order_record(true);
    const auto group = static_cast<std::uint64_t>(state.range(0));
    std::uint64_t sequence = 0;
    for (auto _ : state) {
      for (std::uint64_t i = 0; i < group; ++i) {
        set_sequence(record, ++sequence);
        benchmark::DoNotOptimize(writer.append(record));
      }
      log->journal().step();
    }
  }
  std::filesystem::remove_all(directory);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
// Bounded: every iteration stays on the disk.
BENCHMARK(log_append)->ArgName("group")->Arg(1)->Arg(64)->Iterations(5'000);

void log_replay(benchmark::State& state) {
  const FilledLog filled(static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state) {
    Cursor cursor = filled.log().cursor(Sequence{1}).value();
    while (cursor.next() == Cursor::Next::transaction)
      benchmark::DoNotOptimize(cursor.transaction().sequence());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(log_replay)->ArgName("transactions")->Arg(20'000)->Unit(benchmark::kMillisecond);

void log_seek(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const FilledLog filled(count);
  Cursor cursor = filled.log().cursor(Sequence{1}).value();
  std::uint64_t random = 42;
  for (auto _ : state) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    cursor.seek(Sequence{1 + (random >> 16) % count}).value();
    benchmark::DoNotOptimize(cursor.next());
  }
}
BENCHMARK(log_seek)->ArgName("transactions")->Arg(20'000);

void log_crc32c(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)));
  std::uint32_t crc = 0;
  for (auto _ : state) benchmark::DoNotOptimize(crc = crc32c(crc, bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(log_crc32c)->ArgName("bytes")->Arg(64)->Arg(344)->Arg(4096);

void control_parse(benchmark::State& state) {
  std::string request = R"({"op":"subscribe","id":7,"subs":[{"channel":"mbo","symbols":["A")";
  for (std::int64_t i = 1; i < state.range(0); ++i) request += ",\"S" + std::to_string(i) + "\"";
  request += R"(],"start":{"seq":"900"},"snapshot":true}]})";
  for (auto _ : state) benchmark::DoNotOptimize(parse_control(request).has_value());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(request.size()));
}
BENCHMARK(control_parse)->ArgName("symbols")->Arg(1)->Arg(100);

}  // namespace
}  // namespace bourse
