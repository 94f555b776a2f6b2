// bourse_replication_bench: what the replicated log carries and what it costs an acknowledgement,
// beside what JetStream itself does in the same run.
//   Needs:   nats-servers at --url that take messages of 4 MB; bench/replication.py starts private
//            ones, one and three, and calls this for both.
//   Raw:     the same 16 KiB messages published by the client library alone, nothing else to do;
//            and one message at a time with its answer waited for.
//   Log:     as fast as it goes: transactions appended, journaled with fdatasync, published, until
//            the stream has all of them. Then an open loop: from the intended time of an order to
//            its release at level disk and at level replicated.
//   Left out: the engine and the wire; servers on the same machine share its cores and its disk.

#include <fmt/format.h>
#include <nats/nats.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/journal/journal_thread.h"  // JournalThread
#include "bench/load/sample_record.h"      // order_record, set_sequence
#include "bench/measure/arguments.h"       // Arguments
#include "bench/measure/machine.h"         // describe_machine
#include "bench/measure/open_loop.h"       // Pace, wall_ns, sleep_most
#include "bench/measure/percentiles.h"     // Percentiles
#include "replay/log/log.h"                // Log
#include "replay/stream/replicator.h"      // Replicator
#include "replay/stream/stream_batch.h"    // batch_bytes_target

namespace bourse {
namespace {

constexpr const char* usage =
    "usage: bourse_replication_bench --url URL [--replicas 1|3] [--transactions N]\n"
    "         [--rates 1000,10000,50000] [--seconds N] [--directory DIR]\n";

struct Settings {
  std::string url;
  int replicas = 1;
  std::uint64_t transactions = 0;
  std::vector<double> rates;
  std::uint64_t seconds = 0;
  std::filesystem::path directory;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bourse_replication_bench: {}\n", why);
  std::exit(1);
}
template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text());
  return std::move(*result);
}
void must(Result<void> result) {
  if (!result) give_up(result.error().text());
}

StreamOptions stream_of(const Settings& settings, const std::string& name) {
  return {.name = name,
          .subject = "bench." + name,
          .replicas = settings.replicas,
          .max_age = std::chrono::seconds{0}};
}

// A stream of its own for each measurement: none begins with the messages of another.
JetStream new_stream(const Settings& settings, const std::string& name) {
  JetStream server = must(JetStream::connect({.url = settings.url}));
  must(server.ensure_stream(stream_of(settings, name)));
  return server;
}

struct Latency {
  double p50 = 0, p99 = 0, p999 = 0;  // us
};
Latency latency_of(std::vector<std::int64_t> samples) {
  const Percentiles of(std::move(samples));
  const auto us = [&of](double percent) { return static_cast<double>(of.at(percent)) / 1e3; };
  return {us(50), us(99), us(99.9)};
}
std::string text(const Latency& one) {
  return fmt::format("p50 {:.0f} us, p99 {:.0f} us, p99.9 {:.0f} us", one.p50, one.p99, one.p999);
}

// The library's own asynchronous publish, with the same window.
double raw_messages_per_second(const Settings& settings, std::uint64_t messages) {
  const JetStream server = new_stream(settings, "raw");
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = 256;
  options.PublishAsync.StallWait = 10'000;
  jsCtx* context = nullptr;
  if (natsConnection_JetStream(&context, server.connection(), &options) != NATS_OK)
    give_up("no JetStream");
  jsPubOptions publish;
  jsPubOptions_Init(&publish);
  publish.MaxWait = 30'000;
  const std::string body(batch_bytes_target, 'x');
  const std::uint64_t begin = wall_ns();
  for (std::uint64_t i = 0; i < messages; ++i)
    if (js_PublishAsync(context, "bench.raw", body.data(), static_cast<int>(body.size()),
                        nullptr) != NATS_OK)
      give_up("the raw publish failed");
  if (js_PublishAsyncComplete(context, &publish) != NATS_OK) give_up("the raw publish failed");
  const double seconds = static_cast<double>(wall_ns() - begin) / 1e9;
  jsCtx_Destroy(context);
  return static_cast<double>(messages) / seconds;
}

Latency raw_round_trip(const Settings& settings, std::size_t bytes, std::uint64_t messages) {
  JetStream server = new_stream(settings, fmt::format("one{}", bytes));
  const std::vector<std::byte> body(bytes);
  std::vector<std::int64_t> samples;
  for (std::uint64_t i = 0; i < messages; ++i) {
    const std::uint64_t begin = wall_ns();
    const PublishOutcome done =
        server.publish(OutgoingMessage(fmt::format("bench.one{}", bytes), body, i));
    if (done.state != PublishState::stored) give_up(done.error.text());
    samples.push_back(static_cast<std::int64_t>(wall_ns() - begin));
  }
  return latency_of(std::move(samples));
}

// A log with its journal thread and, at level replicated, its replicator.
class Run {
 public:
  Run(const Settings& settings, Durability durability, const std::string& name,
      std::function<void(Sequence)> on_released)
      : directory_(settings.directory / name), on_released_(std::move(on_released)) {
    std::filesystem::remove_all(directory_);
    LogOptions options;
    options.directory = directory_;
    options.durability = durability;
    log_ = must(Log::open(options));
    const bool is_replicated = durability == Durability::replicated;
    if (is_replicated) {
      ReplicatorOptions to;
      to.server.url = settings.url;
      to.stream = stream_of(settings, name);
      replicator_.emplace(*log_, to, [this](Sequence stored) {
        if (log_->acknowledge(stored)) on_released_(log_->released_sequence());
      });
      thread_ = std::thread([this] {
        if (auto ended = replicator_->run()) give_up(ended->text());
      });
    }
    journal_.emplace(*log_, [this, is_replicated] {
      if (!is_replicated) on_released_(log_->released_sequence());
    });
    while (replicator_ && !replicator_->is_publishing())
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  ~Run() {
    if (auto ended = journal_->end()) give_up(ended->text());
    if (replicator_) {
      replicator_->stop(std::chrono::seconds{30});
      thread_.join();
    }
    journal_.reset();
    replicator_.reset();
    log_.reset();
    std::filesystem::remove_all(directory_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Log& log() { return *log_; }
  ReplicatorCounters counters() const { return replicator_->counters(); }
  void wait_released(std::uint64_t sequence) const {
    while (log_->released_sequence().value() < sequence)
      std::this_thread::sleep_for(std::chrono::microseconds{200});
  }

 private:
  std::filesystem::path directory_;
  std::function<void(Sequence)> on_released_;
  std::unique_ptr<Log> log_;
  std::optional<Replicator> replicator_;
  std::optional<JournalThread> journal_;
  std::thread thread_;
};

void append(BroadcastRing::Writer& writer, Log& log, std::vector<std::byte>& record,
            std::uint64_t sequence) {
  set_sequence(record, sequence);
  while (!writer.append(record)) std::this_thread::yield();
  log.tail().arrivals().wake();
}

void throughput(const Settings& settings, Durability durability, const std::string& name) {
  Run run(settings, durability, name, [](Sequence) {});
  auto writer = run.log().tail().writer();
  std::vector<std::byte> record = order_record(true);
  const std::uint64_t begin = wall_ns();
  for (std::uint64_t i = 1; i <= settings.transactions; ++i) append(writer, run.log(), record, i);
  run.wait_released(settings.transactions);
  const double seconds = static_cast<double>(wall_ns() - begin) / 1e9;
  const double rate = static_cast<double>(settings.transactions) / seconds;
  fmt::print("  {:<26} {:>6.2f} M transactions/s, {:>4.0f} MB/s", name, rate / 1e6,
             rate * static_cast<double>(record.size()) / 1e6);
  if (durability == Durability::replicated) {
    const ReplicatorCounters counters = run.counters();
    fmt::print(", {:.1f} transactions a message, resyncs {}",
               static_cast<double>(counters.transactions) / static_cast<double>(counters.batches),
               counters.resyncs);
  }
  fmt::print("\n");
}

void open_loop(const Settings& settings, Durability durability, double rate) {
  const auto warm_up = static_cast<std::uint64_t>(rate / 2);
  const auto count = warm_up + static_cast<std::uint64_t>(rate) * settings.seconds;
  const bool is_replicated = durability == Durability::replicated;
  std::vector<std::int64_t> samples;
  samples.reserve(count);
  std::uint64_t seen = 0;
  std::atomic<std::uint64_t> start{0};
  const double interval = 1e9 / rate;
  Run run(settings, durability,
          fmt::format("{}{:.0f}", is_replicated ? "replicated" : "disk", rate),
          [&](Sequence released) {
            const std::uint64_t now = wall_ns();
            for (; seen < released.value(); ++seen) {
              const auto due = start.load(std::memory_order_relaxed) +
                               static_cast<std::uint64_t>(interval * static_cast<double>(seen));
              if (seen >= warm_up) samples.push_back(static_cast<std::int64_t>(now - due));
            }
          });
  auto writer = run.log().tail().writer();
  std::vector<std::byte> record = order_record(true);
  start = wall_ns() + 10'000'000;
  Pace pace(interval, start, 1'000'000);
  for (std::uint64_t i = 0; i < count; ++i) {
    pace.wait(i, warm_up, wall_ns, sleep_most);
    append(writer, run.log(), record, i + 1);
  }
  run.wait_released(count);
  while (seen < count) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  fmt::print("  {:<12} {:>7.0f}/s   {}   ({:.1f} % sent late)\n",
             is_replicated ? "replicated" : "disk", rate, text(latency_of(std::move(samples))),
             pace.late_percent());
}

int run_all(const Settings& settings) {
  std::filesystem::create_directories(settings.directory);
  fmt::print("{}\nJetStream with {} cop{} at {}\n", describe_machine(), settings.replicas,
             settings.replicas == 1 ? "y" : "ies", settings.url);
  fmt::print("\nraw JetStream publish\n");
  const double raw = raw_messages_per_second(settings, 8000);
  fmt::print("  16 KiB, 256 under way      {:.0f} messages/s, {:.0f} MB/s\n", raw,
             raw * static_cast<double>(batch_bytes_target) / 1e6);
  fmt::print("  256 B, one at a time       {}\n", text(raw_round_trip(settings, 256, 2000)));
  fmt::print("  16 KiB, one at a time      {}\n",
             text(raw_round_trip(settings, batch_bytes_target, 2000)));
  fmt::print("\nthe log, as fast as it goes, {} transactions of {} B\n", settings.transactions,
             order_record(true).size());
  throughput(settings, Durability::disk, "disk");
  throughput(settings, Durability::replicated, "replicated");
  fmt::print("\nthe log, open loop for {} s: from an order's intended time to its release\n",
             settings.seconds);
  for (const double rate : settings.rates) {
    open_loop(settings, Durability::disk, rate);
    open_loop(settings, Durability::replicated, rate);
  }
  return 0;
}

}  // namespace
}  // namespace bourse

int main(int count, char** values) {
  using namespace bourse;
  Arguments arguments(count, values, usage);
  Settings settings;
  settings.url = arguments.text("--url").value_or("");
  settings.replicas = static_cast<int>(arguments.number("--replicas", 1));
  settings.transactions = arguments.number("--transactions", 2'000'000);
  settings.rates = arguments.numbers("--rates");
  if (settings.rates.empty()) settings.rates = {1000, 10'000, 50'000};
  settings.seconds = arguments.number("--seconds", 4);
  settings.directory = arguments.text("--directory").value_or("bourse_replication_bench.tmp");
  arguments.finish();
  if (settings.url.empty()) arguments.give_up("--url is needed");
  return run_all(settings);
}
