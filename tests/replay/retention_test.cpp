// A log that loses its beginning to retention still gives the whole state: from a snapshot and what
// is left, also when the newest snapshot is damaged one day.
#include <gtest/gtest.h>

#include <limits>

#include "replay/log/segment_keeper.h"        // SegmentKeeper
#include "replay/log/snapshot_catalog.h"      // snapshot_path
#include "replay/snapshot/restore.h"          // restore
#include "replay/snapshot/snapshotter.h"      // save_snapshot
#include "replay/upkeep/log_check.h"          // check_log
#include "tests/replay/market_log_fixture.h"  // MarketLogFixture

namespace bourse {
namespace {

class Retention : public MarketLogFixture {
 protected:
  void SetUp() override { begin(std::uint64_t{128} << 10, 11); }
  std::uint64_t delete_what_is_not_needed() {
    const auto keeper = log->keeper({.compress = true, .retain_bytes = 1});
    for (;;) {
      const auto step = keeper->step(TimeNs{std::numeric_limits<std::int64_t>::max()});
      EXPECT_NE(step, SegmentKeeper::Step::failed) << keeper->failure().text();
      if (step != SegmentKeeper::Step::worked) return keeper->counters().deleted;
    }
  }
  void expect_state(Sequence from) {
    const auto state = restore(*log);
    ASSERT_TRUE(state) << state.error().text();
    EXPECT_EQ(state->snapshot, from);
    EXPECT_EQ(state->engine->state_hash(), market->engine.state_hash());
  }
};

TEST_F(Retention, WithFewerThanTwoSnapshotsNothingIsDeleted) {
  trade(3'000);
  EXPECT_EQ(delete_what_is_not_needed(), 0U);
  snapshot();
  trade(3'000);
  EXPECT_EQ(delete_what_is_not_needed(), 0U);
}

TEST_F(Retention, TheStateIsWholeWithoutTheBeginningOfTheLogAndFromEitherSnapshot) {
  trade(3'000);
  const Sequence second = snapshot();
  trade(2'000);
  const Sequence newest = snapshot();
  trade(1'000);
  EXPECT_GT(delete_what_is_not_needed(), 3U);
  EXPECT_GT(log->earliest_sequence(), Sequence{1});
  EXPECT_LE(log->earliest_sequence(), next(second));
  expect_state(newest);
  const auto found = check_log(*disk, directory, CheckDepth::everything);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->verdict(), ExitCode::ok);
  drop();
  must_open();
  expect_state(newest);
  flip_byte(snapshot_path(directory, newest), 5'000);
  expect_state(second);
  // With a damaged one nothing more is deleted, however much there would be to delete.
  const Sequence earliest = log->earliest_sequence();
  EXPECT_EQ(delete_what_is_not_needed(), 0U);
  EXPECT_EQ(log->earliest_sequence(), earliest);
}

}  // namespace
}  // namespace bourse
