// A log with a small seeded market in it, and snapshots of its engine.
#pragma once

#include <algorithm>
#include <memory>

#include "replay/snapshot/restore.h"      // restore
#include "replay/snapshot/snapshotter.h"  // save_snapshot
#include "tests/replay/engine_log.h"      // EngineLog
#include "tests/replay/log_fixture.h"     // LogFixture

namespace bourse {

class MarketLogFixture : public LogFixture {
 protected:
  void begin(std::uint64_t bytes_of_a_segment, std::uint64_t seed) {
    segment_bytes = bytes_of_a_segment;
    must_open();
    market = std::make_unique<EngineLog>(*log, *writer, seed);
    market->open_epoch();
    market->define("EX.A");
    market->define("EX.B");
    drain();
  }
  void trade(std::size_t commands) {
    for (std::size_t done = 0; done < commands; done += 100) {
      market->trade(std::min<std::size_t>(100, commands - done));
      drain();
    }
  }
  Sequence snapshot() {
    const auto state = restore(*log);
    EXPECT_TRUE(state) << state.error().text();
    const auto written = save_snapshot(*log, *state, TimeNs{1});
    EXPECT_TRUE(written) << written.error().text();
    return written->sequence;
  }

  std::unique_ptr<EngineLog> market;
};

}  // namespace bourse
