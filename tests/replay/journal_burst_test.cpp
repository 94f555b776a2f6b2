// A burst: more waits in the tail than one group takes, and several groups are written before one
// sync. What is promised of a single group holds for all of them.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

class JournalBurst : public LogFixture {
 protected:
  JournalBurst() {
    tail_bytes = std::size_t{16} << 20;
    segment_bytes = std::uint64_t{32} << 20;
    largest = transaction_bytes_max;
  }
  // Several groups of it, all waiting.
  void burst() {
    append(30'000);
    ASSERT_GT(std::uint64_t{30'000} * 200, 2 * std::uint64_t{transaction_bytes_max});
  }
  void count_syncs(std::uint64_t& syncs) {
    disk->set_fault([&syncs](DiskCall call, const std::filesystem::path& path, std::size_t&) {
      if (call == DiskCall::sync && path.filename() != watermark_name) ++syncs;
      return 0;
    });
  }
};

TEST_F(JournalBurst, ItsGroupsAreSyncedTogetherAndNothingIsReleasedBefore) {
  must_open();
  write(2, 3);
  const std::uint64_t groups_before = log->journal().counters().groups;
  burst();
  std::uint64_t syncs = 0;
  count_syncs(syncs);
  ASSERT_EQ(log->journal().step(), JournalWriter::Step::wrote);
  EXPECT_EQ(log->released_sequence(), Sequence{6});
  drain();
  EXPECT_EQ(log->released_sequence(), Sequence{30'006});
  EXPECT_EQ(log->journal().marks().durable.load(), 30'006U);
  EXPECT_GT(log->journal().counters().groups - groups_before, 2U);
  EXPECT_EQ(syncs, 1U);
  EXPECT_EQ(read_all(*log), 30'006U);
  drop();
  must_open();
  EXPECT_EQ(log->recovery().torn_bytes, 0U);
  EXPECT_EQ(read_all(*log), 30'006U);
}

TEST_F(JournalBurst, Row14ItGoesOverTheEndOfASegment) {
  segment_bytes = std::uint64_t{1} << 20;
  must_open();
  burst();
  drain();
  EXPECT_GT(files(".seg").size(), 2U);
  EXPECT_EQ(log->released_sequence(), Sequence{30'000});
  drop();
  disk = disk->crashed(0, 0, false);  // what had not been synced is gone
  must_open();
  EXPECT_EQ(read_all(*log), 30'000U);
}

TEST_F(JournalBurst, Row07AFailedSyncReleasesNothingOfIt) {
  must_open();
  write(2, 3);
  burst();
  disk->set_fault([](DiskCall call, const std::filesystem::path& path, std::size_t&) {
    return call == DiskCall::sync && path.filename() != watermark_name ? EIO : 0;
  });
  drain();
  EXPECT_EQ(log->journal().state(), JournalState::failed);
  EXPECT_EQ(log->released_sequence(), Sequence{6});
  EXPECT_EQ(log->journal().marks().durable.load(), 6U);
  drop();
  disk->set_fault({});
  must_open();
  const std::uint64_t found = log->last_sequence().value();
  EXPECT_GE(found, 6U);
  drop();
  disk = disk->crashed(0, 0, false);
  must_open();
  EXPECT_EQ(log->last_sequence().value(), found) << "what a start has found and released must last";
  EXPECT_EQ(read_all(*log), found);
}

TEST_F(JournalBurst, Row09ADiskThatFillsInTheMiddleReleasesWhatHadBeenWritten) {
  must_open();
  write(2, 3);
  disk->set_capacity(disk->used() + (std::uint64_t{3} << 20));
  burst();
  drain();
  EXPECT_EQ(log->journal().state(), JournalState::stalled);
  const std::uint64_t released = log->released_sequence().value();
  EXPECT_GT(released, 6U);
  EXPECT_LT(released, 30'006U);
  EXPECT_EQ(log->journal().marks().written.load(), released);
  disk->set_capacity(0);
  drain();
  EXPECT_EQ(log->released_sequence(), Sequence{30'006});
  EXPECT_EQ(read_all(*log), 30'006U);
}

}  // namespace
}  // namespace bourse
