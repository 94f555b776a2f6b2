// A node that does not lead: a standby of each channel, all under one lease. It leads with all of
// them or with none.
//   Shape:   a thread for each channel; the lease is taken once all of them have a place in their
//            stream, and each opens the epoch of the lease in its own.
//   Owner:   the main thread, which waits in run().
//   Errors:  of any channel: the others end. bad_config: another number of channels leads.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "app/cluster/lease_thread.h"     // LeaseThread
#include "app/config/config.h"            // Config
#include "app/exchange/engine_channel.h"  // Inheritance
#include "matching/types.h"               // Epoch
#include "replay/result.h"                // Result, Error

namespace bourse {

class StandbyChannels {
 public:
  // `stop` is asked often, by the main thread.
  StandbyChannels(const Config& config, LeaseThread& lease, std::function<bool()> stop);

  // What the exchange starts with, of each channel; empty: told to stop.
  Result<std::vector<Inheritance>> run();

 private:
  // Says to the lease what holds for all: whether each may be taken, and the highest epoch.
  void may_take(std::size_t channel, bool may, Epoch last_epoch);
  std::optional<Error> other_channels() const;

  const Config& config_;
  LeaseThread& lease_;
  const std::function<bool()> stop_;
  std::mutex mutex_;                          // cold: some fifty times a second
  std::vector<std::optional<Epoch>> epochs_;  // of each channel that may be taken
};

}  // namespace bourse
