#include "app/threads/snapshot_thread.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "app/threads/wall_clock.h"  // wall_clock_now

namespace bourse {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 50ms;
constexpr auto pause_after_failure = 10s;
constexpr int lowest_priority = 19;

}  // namespace

SnapshotThread::SnapshotThread(const Log& log, const SnapshotPolicy& policy,
                               const EngineLimits& limits, const MarketState& market,
                               Sequence snapshot, Metrics& metrics, const MetricLabels& labels)
    : snapshotter_(log, policy, limits, snapshot) {
  if (policy.books_every != 0) {
    auto opened = BookKeyframes::open(log, market, policy.books_every);
    if (opened) {
      keyframes_.emplace(std::move(*opened));
    } else {
      spdlog::warn("no keyframes of the books: {}", opened.error().text());
    }
  }
  export_metrics(metrics, labels);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void SnapshotThread::run(const std::stop_token& stop) {
  // Of this thread only; without it the snapshots are as good and the others less undisturbed.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest_priority));
  std::mutex lock_for_sleep;
  std::condition_variable_any sleep;
  while (!stop.stop_requested()) {
    // A step at a time: keyframes that are behind must not keep a snapshot waiting.
    const bool has_more = keyframes_ && follow();
    const bool may_take = std::chrono::steady_clock::now() >= not_before_;
    if (const auto due = may_take ? snapshotter_.due() : std::nullopt) take(*due, stop);
    if (has_more) continue;
    std::unique_lock waiting(lock_for_sleep);
    sleep.wait_for(waiting, stop, look_every, [] { return false; });
  }
}

bool SnapshotThread::follow() {
  const auto more = keyframes_->step(wall_clock_now());
  if (more) return *more;
  spdlog::warn("no keyframes of the books any more: {}", more.error().text());
  keyframes_.reset();
  return false;
}

void SnapshotThread::take(Sequence sequence, const std::stop_token& stop) {
  const auto taken =
      snapshotter_.take(sequence, wall_clock_now(), [&stop] { return stop.stop_requested(); });
  if (taken) {
    spdlog::debug("snapshot at sequence {}, {} bytes", sequence.value(), taken->file_bytes);
  } else if (snapshotter_.has_diverged()) {
    spdlog::critical(
        "executed again, the journal gives something else; it is the journal that "
        "counts, and no snapshot is taken any more. {}",
        taken.error().text());
  } else if (taken.error().code != ExitCode::interrupted) {
    spdlog::warn("no snapshot at sequence {}: {}", sequence.value(), taken.error().text());
    not_before_ = std::chrono::steady_clock::now() + pause_after_failure;
  }
}

void SnapshotThread::export_metrics(Metrics& metrics, const MetricLabels& labels) {
  using Kind = Metrics::Kind;
  const auto sampled = [&](Kind kind, const char* name, const char* help, auto member) {
    metrics.sampled(kind, name, help, labels,
                    [of = &snapshotter_, member] { return static_cast<double>((of->*member)()); });
  };
  metrics.sampled(Kind::gauge, "bourse_snapshot_sequence", "sequence of the newest snapshot",
                  labels,
                  [of = &snapshotter_] { return static_cast<double>(of->newest().value()); });
  sampled(Kind::gauge, "bourse_snapshot_bytes", "size of the last snapshot that was taken",
          &Snapshotter::last_bytes);
  sampled(Kind::counter, "bourse_snapshots_total", "snapshots taken since the start",
          &Snapshotter::taken_count);
  sampled(Kind::counter, "bourse_snapshot_failures_total", "snapshots that could not be taken",
          &Snapshotter::failed_count);
  sampled(Kind::counter, "bourse_snapshot_executed_total",
          "transactions executed again for snapshots, each compared with the journal",
          &Snapshotter::executed_count);
  sampled(Kind::gauge, "bourse_diverged", "1: executed again, the journal gives something else",
          &Snapshotter::has_diverged);
}

}  // namespace bourse
