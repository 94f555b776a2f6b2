// The thread that looks after the lease: renews it while this node leads, looks at it while it does
// not.
//   Shape:   a step every lease.renew_ms.
//   Owner:   made and destroyed by the main thread; lease() may be asked by any thread.
//   Errors:  once this node leads, a lost lease is told to `on_lost` (once, from this thread): the
//            process must end without telling anybody anything more.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "app/config/config.h"          // Config
#include "feed/metrics.h"               // Metrics
#include "replay/result.h"              // Error
#include "replay/stream/jetstream.h"    // JetStreamOptions
#include "replay/stream/lease.h"        // Lease
#include "replay/stream/lease_store.h"  // BucketLeaseStore

namespace bourse {

// What does not fit together, or nothing.
Result<void> check_lease_config(const Config& config);
// Of the machine's servers, as the configuration says; `name` is for people.
JetStreamOptions jetstream_options(const Config& config, std::string name);
// Nanoseconds of the clock that leases are measured with.
std::int64_t boot_clock_now();

class LeaseThread {
 public:
  // `may_found`: see LeaseOptions.
  LeaseThread(const Config& config, bool may_found);

  Lease& lease() { return lease_; }
  const std::string& node() const { return node_; }
  // From now on this node leads.
  void watch(std::function<void(Error)> on_lost);
  // Why this process must not lead any longer.
  Error lost_error() const;
  void export_metrics(Metrics& metrics) const;
  // Gives the lease back, if it is held, and ends the thread.
  void stop();

 private:
  void run(const std::stop_token& stop);

  const std::string node_;
  const bool is_replicated_;
  const std::chrono::milliseconds every_;
  BucketLeaseStore store_;
  Lease lease_;
  std::mutex lock_;
  std::function<void(Error)> on_lost_;
  std::jthread thread_;  // last: it ends before what it works on
};

}  // namespace bourse
