#include "app/threads/keeper_thread.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "app/threads/wall_clock.h"  // wall_clock_now

namespace bourse {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 10s;
constexpr int lowest_priority = 19;

}  // namespace

KeeperThread::KeeperThread(Log& log, const KeepPolicy& policy, Metrics& metrics,
                           const MetricLabels& labels)
    : keeper_(log.keeper(policy)) {
  export_metrics(metrics, labels);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void KeeperThread::run(const std::stop_token& stop) {
  // Of this thread only; without it the segments are kept as well and the others less undisturbed.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest_priority));
  std::mutex lock_for_sleep;
  std::condition_variable_any sleep;
  bool is_failing = false;
  while (!stop.stop_requested()) {
    const auto step = keeper_->step(wall_clock_now(), [&stop] { return !stop.stop_requested(); });
    if (step == SegmentKeeper::Step::failed && !is_failing) {
      spdlog::warn("segments are not compressed or deleted: {}", keeper_->failure().text());
    }
    is_failing = step == SegmentKeeper::Step::failed;
    if (step == SegmentKeeper::Step::worked) continue;
    std::unique_lock waiting(lock_for_sleep);
    sleep.wait_for(waiting, stop, look_every, [] { return false; });
  }
}

void KeeperThread::export_metrics(Metrics& metrics, const MetricLabels& labels) {
  const auto counter = [&](const char* name, const char* help, std::uint64_t KeeperCounters::* of) {
    metrics.sampled(Metrics::Kind::counter, name, help, labels, [keeper = keeper_.get(), of] {
      return static_cast<double>(keeper->counters().*of);
    });
  };
  counter("bourse_segments_compressed_total", "segments compressed since the start",
          &KeeperCounters::compressed);
  counter("bourse_compression_raw_bytes_total", "bytes of these segments before",
          &KeeperCounters::raw_bytes);
  counter("bourse_compression_bytes_total", "bytes of these segments after",
          &KeeperCounters::compressed_bytes);
  counter("bourse_segments_deleted_total", "segments deleted by retention since the start",
          &KeeperCounters::deleted);
  counter("bourse_deleted_bytes_total", "bytes of these segments on the disk",
          &KeeperCounters::deleted_bytes);
  counter("bourse_keeper_failures_total", "tries to compress or delete a segment that failed",
          &KeeperCounters::failures);
}

}  // namespace bourse
