// What engine and sequencer count, for GET /metrics.
//   Owner:   the main thread, at start; the values are read at each scrape.
#pragma once

#include "feed/metrics.h"        // Metrics
#include "matching/sequencer.h"  // Sequencer

namespace bourse {

// The sequencer outlives the metrics' last scrape; its gates are all there.
void export_engine_metrics(Metrics& metrics, const Sequencer& sequencer,
                           const MetricLabels& labels = {});

}  // namespace bourse
