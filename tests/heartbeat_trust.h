// Whether a heartbeat speaks of a subscriber's own streams: not before a replay that it has asked
// for is complete, and not while it is served from the log because it was slow.
//   Owner:  one reader.
#pragma once

#include "feed/market/market_frames.h"  // SystemFields

namespace bourse {

class HeartbeatTrust {
 public:
  // After a subscription; `is_replayed`: from some sequence on.
  void begin(bool is_replayed) {
    is_replayed_ = is_replayed;
    is_behind_ = false;
  }
  // True: it is a heartbeat, and up to its journal_seq nothing of these streams is to come.
  bool take(const SystemFields& system) {
    if (system.code == wire::SystemCode::replay_completed) is_replayed_ = false;
    if (system.code == wire::SystemCode::slow_reader) is_behind_ = true;
    if (system.code == wire::SystemCode::caught_up) is_behind_ = false;
    return system.code == wire::SystemCode::heartbeat && !is_replayed_ && !is_behind_;
  }
  bool is_behind() const { return is_behind_; }

 private:
  bool is_replayed_ = false;
  bool is_behind_ = false;
};

}  // namespace bourse
