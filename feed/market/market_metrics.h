// What one io thread counts about market data, by the names of docs/OPERATIONS.md.
//   Shape:  counters that follow those of the hub.
//   Owner:  the io thread writes.
//   Errors: none.
#pragma once

#include <cstdint>

#include "feed/market/hub.h"  // Hub, MarketCounts
#include "feed/metrics.h"     // Metrics, Counter, Gauge

namespace bourse {

class MarketMetrics {
 public:
  // of_shard: which io thread and log; of_log: which log, if there are several.
  MarketMetrics(Metrics& m, const MetricLabels& of_shard, const MetricLabels& of_log)
      : replay_frames_(m.counter("bourse_market_replay_frames_total",
                                 "Frames read from the log for one session", of_log)),
        snapshots_(m.counter("bourse_market_snapshots_total", "Snapshots sent", of_log)),
        conflated_(m.counter("bourse_market_conflated_total",
                             "Streams of slow sessions that got their newest state instead",
                             of_log)),
        gaps_(m.counter("bourse_market_gaps_total", "Gaps told to sessions that wanted to skip",
                        of_log)),
        slow_(m.counter("bourse_market_slow_total", "Sessions that became slow", of_log)),
        falls_(m.counter("bourse_market_falls_total",
                         "Sessions that fell out of the frame log, into the log itself", of_log)),
        refused_(m.counter("bourse_market_refused_total", "Requests and streams refused", of_log)),
        streams_(
            m.gauge("bourse_market_streams", "Streams that somebody is subscribed to", of_shard)) {}

  void follow(Hub& hub) {
    const MarketCounts& counts = hub.counts();
    set(replay_frames_, counts.replay_frames, told_.replay_frames);
    set(snapshots_, counts.snapshots, told_.snapshots);
    set(conflated_, counts.conflated, told_.conflated);
    set(gaps_, counts.gaps, told_.gaps);
    set(slow_, counts.slow_times, told_.slow_times);
    set(falls_, counts.falls, told_.falls);
    set(refused_, counts.refused, told_.refused);
    told_ = counts;
    streams_.set(static_cast<std::int64_t>(hub.stream_count()));
  }

 private:
  static void set(Counter& counter, std::uint64_t now, std::uint64_t told) {
    if (now != told) counter.add(now - told);
  }

  MarketCounts told_;
  Counter& replay_frames_;
  Counter& snapshots_;
  Counter& conflated_;
  Counter& gaps_;
  Counter& slow_;
  Counter& falls_;
  Counter& refused_;
  Gauge& streams_;
};

}  // namespace bourse
