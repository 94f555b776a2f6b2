// Four states in which a start must not believe what it sees, each made by hand: they are rare, and
// each of them has once lost or refused a log of the soak.
#include <gtest/gtest.h>

#include <cerrno>

#include "replay/log/log_format.h"     // CommitRecord, segment_header_bytes
#include "replay/log/watermark.h"      // watermark_slot_bytes
#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

class RecoveryAfterFaults : public LogFixture {
 protected:
  void fail_syncs_of_segments(int error) {
    disk->set_fault([error](DiskCall call, const std::filesystem::path& path, std::size_t&) {
      return call == DiskCall::sync && path.filename() != watermark_name ? error : 0;
    });
  }
  void die_at(DiskCall fatal) {
    disk->set_fault([fatal, is_dead = false](DiskCall call, const std::filesystem::path&,
                                             std::size_t& bytes) mutable {
      is_dead = is_dead || call == fatal;
      if (is_dead) bytes = 0;
      return is_dead ? ESHUTDOWN : 0;
    });
  }
  // The power is cut, and nothing that had not been synced is left.
  void lose_what_is_unsynced() {
    drop();
    disk = disk->crashed(0, 0, false);
  }
};

TEST_F(RecoveryAfterFaults, Row07WhatAFailedSyncLeftInThePageCacheIsMadeSafeByTheStart) {
  must_open();
  write(3, 4);
  append(4);
  fail_syncs_of_segments(EIO);
  ASSERT_EQ(log->journal().step(), JournalWriter::Step::failed);
  drop();
  disk->set_fault({});
  must_open();
  ASSERT_EQ(log->released_sequence(), Sequence{16}) << "the page cache has the group";
  // The kernel believes that group to be on the disk. Whoever has been told of it must not lose it.
  lose_what_is_unsynced();
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{16});
  EXPECT_EQ(read_all(*log), 16U);
}

TEST_F(RecoveryAfterFaults, Row12NamesThatAStartFindsAreMadeSafeByTheStart) {
  must_open();
  // The process dies between the rename of a sealed segment and the sync of the directory.
  die_at(DiskCall::sync_directory);
  for (int i = 0; i < 1000 && log->journal().state() == JournalState::writing; ++i) {
    append(3);
    static_cast<void>(log->journal().step());
  }
  ASSERT_EQ(log->journal().state(), JournalState::failed);
  ASSERT_EQ(files(".seg").size(), 1U) << "sealed, and only in memory";
  drop();
  disk->set_fault({});
  must_open();
  write(5, 3);
  const std::uint64_t released = log->released_sequence().value();
  lose_what_is_unsynced();
  must_open();
  EXPECT_EQ(log->last_sequence().value(), released);
  EXPECT_EQ(read_all(*log), released);
}

TEST_F(RecoveryAfterFaults, Row12AFirstStartThatDiedWithinItsFirstWatermarkIsNoLogYet) {
  die_at(DiskCall::rename);  // of the zeros that become the first segment
  ASSERT_FALSE(open());
  disk->set_fault({});
  disk->kill();
  ASSERT_TRUE(files(".open").empty());
  const auto watermark = directory / watermark_name;
  flip_byte(watermark, 100);
  must_open();
  write(2, 3);
  EXPECT_EQ(read_all(*log), 6U);
  // The same file beside a segment has lost what it knew, and that is not passed over.
  drop();
  for (std::uint64_t slot = 0; slot < watermark_slots; ++slot) {
    flip_byte(watermark, slot * watermark_slot_bytes + 100);
  }
  const Error error = refusal();
  EXPECT_EQ(error.code, ExitCode::data_damaged);
  EXPECT_NE(error.text().find("none of the watermarks is sound"), std::string::npos);
}

TEST_F(RecoveryAfterFaults, Row14ASegmentWithACommitAndNoTransactionIsEmpty) {
  largest = transaction_bytes_max;
  must_open();
  append(1);
  fail_syncs_of_segments(ESHUTDOWN);  // a process that died before it could sync
  ASSERT_EQ(log->journal().step(), JournalWriter::Step::failed);
  drop();
  disk->set_fault({});
  // Of the group only its COMMIT has reached the disk.
  const auto segment = open_segment();
  const std::uint64_t behind_commit = segment_header_bytes + sizeof(CommitRecord);
  ASSERT_GT(end_of_data(segment), behind_commit);
  zero_range(segment, behind_commit, bytes(segment).size());
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{0});
  EXPECT_EQ(log->recovery().torn_bytes, 0U);
  // It must take what fits into no segment: an empty one is never sealed.
  ASSERT_TRUE(writer->append(samples.make_largest(1)));
  drain();
  EXPECT_EQ(log->released_sequence(), Sequence{1});
  drop();
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{1});
  write(2, 3);
  EXPECT_TRUE(log->cursor(Sequence{7}));
}

// The helper's syncs tell how far a log of level `memory` is on the disk.
TEST_F(RecoveryAfterFaults, AStartWritesOnlyAgainWhatTheLastSyncHadNotSeen) {
  durability = Durability::memory;
  segment_bytes = std::uint64_t{4} << 20;
  tail_bytes = std::size_t{1} << 20;
  must_open();
  for (int i = 0; i < 300; ++i) {
    write(2, 10);
    log->helper_step();
  }
  const std::uint64_t written = end_of_log();
  ASSERT_GT(written, segment_bytes / 3);
  drop();
  std::uint64_t written_again = 0;
  disk->set_fault([&](DiskCall call, const std::filesystem::path& path, std::size_t& bytes) {
    const bool is_record = bytes > 0 && path.extension() == ".open";
    if (call == DiskCall::write && is_record) written_again += bytes;
    return 0;
  });
  const std::uint64_t zeros_at_start = std::uint64_t{1} << 20;
  must_open();
  EXPECT_LT(written_again, written / 2 + zeros_at_start);
  EXPECT_EQ(read_all(*log), 6000U);
  // And what was told to be on the disk is there.
  lose_what_is_unsynced();
  disk->set_fault({});
  must_open();
  EXPECT_EQ(read_all(*log), 6000U);
}

}  // namespace
}  // namespace bourse
