// The thread that takes snapshots and keyframes of the books while the exchange runs.
//   Shape:  lowest priority; looks twenty times a second.
//   Owner:  made and destroyed by the main thread; destroying stops it, also amid a snapshot.
//   Errors: logged. A divergence is critical and ends the snapshots: the log stays what is true.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

#include "feed/metrics.h"                    // Metrics
#include "matching/market_state.h"           // MarketState
#include "replay/log/log.h"                  // Log
#include "replay/snapshot/book_keyframes.h"  // BookKeyframes
#include "replay/snapshot/snapshotter.h"     // Snapshotter

namespace bourse {

class SnapshotThread {
 public:
  // `market` and `snapshot` as recovered. The log outlives it; it outlives the metrics' last use.
  // labels: which log, if there are several.
  SnapshotThread(const Log& log, const SnapshotPolicy& policy, const EngineLimits& limits,
                 const MarketState& market, Sequence snapshot, Metrics& metrics,
                 const MetricLabels& labels = {});

  bool has_diverged() const { return snapshotter_.has_diverged(); }  // any thread

 private:
  void export_metrics(Metrics& metrics, const MetricLabels& labels);
  void run(const std::stop_token& stop);
  bool follow();  // true: there is more
  void take(Sequence sequence, const std::stop_token& stop);

  Snapshotter snapshotter_;
  std::optional<BookKeyframes> keyframes_;  // nullopt: none, or no longer
  std::chrono::steady_clock::time_point not_before_{};
  std::jthread thread_;  // last: it ends before what it works on
};

}  // namespace bourse
