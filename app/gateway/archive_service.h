// What an archive does besides following the log: answers gateways that want ranges of the past,
// and proves that what it keeps is whole.
//   Shape:  one thread answers over NATS; one, of the lowest priority, reads every sealed segment
//           once, all of its bytes, and again after a start.
//   Owner:  the main thread starts and ends it; the log outlives it.
//   Errors: damage is told in the log of the program, in a metric and as a reason not to be ready;
//           the archive goes on: other ranges are whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "feed/metrics.h"                // Metrics
#include "matching/types.h"              // Sequence
#include "replay/log/log.h"              // Log
#include "replay/stream/jetstream.h"     // JetStreamOptions
#include "replay/stream/stream_names.h"  // StreamNames

namespace bourse {

class ArchiveService {
 public:
  // labels: which log, if there are several.
  ArchiveService(JetStreamOptions server, StreamNames names, const Log& log, Metrics& metrics,
                 const MetricLabels& labels = {});
  ArchiveService(const ArchiveService&) = delete;
  ArchiveService& operator=(const ArchiveService&) = delete;

  void start();
  void stop();
  void add_reasons_not_ready(std::vector<std::string>& reasons) const;  // any thread

 private:
  void answer(const std::stop_token& stop);
  void check(const std::stop_token& stop);
  void check_what_is_new(const std::stop_token& stop);

  JetStreamOptions server_;
  StreamNames names_;
  const Log& log_;
  std::set<std::uint64_t> checked_;  // base sequences
  std::atomic<std::uint64_t> answers_{0};
  std::atomic<std::uint64_t> segments_{0};  // checked
  std::atomic<std::uint64_t> damages_{0};
  std::jthread desk_;
  std::jthread checker_;
};

}  // namespace bourse
