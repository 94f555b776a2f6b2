// The thread that compresses and deletes sealed segments while the exchange runs.
//   Shape:  lowest priority; looks every ten seconds, and at once again after each segment.
//   Owner:  made and destroyed by the main thread; destroying stops it, also amid a segment.
//   Errors: logged when they begin, counted always; the log is as good as before.
#pragma once

#include <memory>
#include <thread>

#include "feed/metrics.h"               // Metrics
#include "replay/log/log.h"             // Log
#include "replay/log/segment_keeper.h"  // SegmentKeeper, KeepPolicy

namespace bourse {

class KeeperThread {
 public:
  // The log outlives it; it outlives the metrics' last use.
  // labels: which log, if there are several.
  KeeperThread(Log& log, const KeepPolicy& policy, Metrics& metrics,
               const MetricLabels& labels = {});

 private:
  void export_metrics(Metrics& metrics, const MetricLabels& labels);
  void run(const std::stop_token& stop);

  std::unique_ptr<SegmentKeeper> keeper_;
  std::jthread thread_;  // last: it ends before what it works on
};

}  // namespace bourse
