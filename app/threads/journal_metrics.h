// What GET /metrics tells of the log: how far it is, how it writes, how much room it has.
//   Owner:  made once at start; asked at each scrape, and everything asked is atomic.
#pragma once

#include "feed/metrics.h"    // Metrics
#include "replay/log/log.h"  // Log

namespace bourse {

// REQUIRES: `log` is open for writing and outlives `metrics`.
// labels: which log, if there are several.
void export_journal_metrics(Metrics& metrics, Log& log, const MetricLabels& labels = {});

}  // namespace bourse
