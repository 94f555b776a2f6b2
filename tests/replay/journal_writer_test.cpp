// What the journal does when the disk does not do what it should.
#include "replay/log/journal_writer.h"

#include <gtest/gtest.h>

#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

class Journal : public LogFixture {
 protected:
  void fail_calls(DiskCall which, int error) {
    disk->set_fault([=](DiskCall call, const std::filesystem::path&, std::size_t&) {
      return call == which ? error : 0;
    });
  }
};

TEST_F(Journal, Row07AFailedSyncEndsTheWriterAndReleasesNothing) {
  must_open();
  write(5, 2);
  fail_calls(DiskCall::sync, EIO);
  append(2);
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::failed);
  EXPECT_EQ(log->journal().state(), JournalState::failed);
  EXPECT_EQ(log->released_sequence(), Sequence{10});
  EXPECT_NE(log->journal().failure().text().find("the journal has stopped: syncing failed"),
            std::string::npos)
      << log->journal().failure().text();
  // The disk says it is well again: it is not believed.
  disk->set_fault({});
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::failed);
  EXPECT_FALSE(log->journal().finish());
  EXPECT_EQ(log->released_sequence(), Sequence{10});
}

TEST_F(Journal, Row07ASyncThatHasNoRoomIsFinalToo) {
  must_open();
  write(1, 1);
  fail_calls(DiskCall::sync, ENOSPC);
  append(1);
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::failed);
}

TEST_F(Journal, Row07AFailedWriteEndsTheWriter) {
  must_open();
  write(5, 2);
  fail_calls(DiskCall::write, EIO);
  append(2);
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::failed);
  EXPECT_EQ(log->released_sequence(), Sequence{10});
  drop();
  disk->set_fault({});
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{10});
}

TEST_F(Journal, Row09AFullDiskDegradesAndComesBack) {
  must_open();
  write(5, 2);
  fail_calls(DiskCall::write, ENOSPC);
  append(2);
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::stalled);
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::stalled);
  EXPECT_EQ(log->journal().state(), JournalState::stalled);
  EXPECT_NE(log->journal().failure().text().find("make room on that disk"), std::string::npos);
  EXPECT_EQ(log->released_sequence(), Sequence{10});
  append(3);
  disk->set_fault({});
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::wrote);
  EXPECT_EQ(log->journal().state(), JournalState::degraded);
  while (log->helper_step()) {
  }
  EXPECT_EQ(log->journal().state(), JournalState::writing);
  EXPECT_EQ(log->released_sequence(), Sequence{15});
  EXPECT_EQ(read_all(*log), 15U);
  drop();
  must_open();
  EXPECT_EQ(read_all(*log), 15U);
}

TEST_F(Journal, Row09AFullDiskAtAnyStepOfARollComesBack) {
  // Each kind of call in turn finds no room, somewhere around the change of segments.
  for (const DiskCall which : {DiskCall::open, DiskCall::write, DiskCall::truncate}) {
    disk = std::make_unique<SimulatedDisk>();
    must_open();
    std::mt19937_64 random(7);
    bool full = false;
    disk->set_fault([&](DiskCall call, const std::filesystem::path&, std::size_t&) {
      return full && call == which ? ENOSPC : 0;
    });
    int degraded = 0;
    for (int i = 0; i < 400; ++i) {
      full = random() % 3 == 0;
      append(5);
      const auto step = log->journal().step();
      ASSERT_NE(step, JournalWriter::Step::failed) << log->journal().failure().text();
      if (step == JournalWriter::Step::stalled) ++degraded;
    }
    full = false;
    drain();
    EXPECT_GT(degraded, 0);
    EXPECT_GT(files(".seg").size(), 2U);
    EXPECT_EQ(log->released_sequence(), Sequence{2000});
    EXPECT_EQ(read_all(*log), 2000U);
    drop();
    disk->set_fault({});
    must_open();
    EXPECT_EQ(read_all(*log), 2000U);
    drop();
  }
}

TEST_F(Journal, Row10ShortWritesShortReadsAndInterruptionsChangeNothing) {
  std::mt19937_64 random(test_seed());
  const auto faults = [&](DiskCall call, const std::filesystem::path&, std::size_t& bytes) {
    if (call != DiskCall::write && call != DiskCall::read) return 0;
    if (random() % 4 == 0) return EINTR;
    if (bytes > 1) bytes = 1 + random() % bytes;
    return 0;
  };
  disk->set_fault(faults);
  must_open();
  write(150, 6);
  EXPECT_EQ(read_all(*log), 900U);
  drop();
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{900});
  EXPECT_EQ(log->recovery().torn_bytes, 0U);
  EXPECT_EQ(read_all(*log), 900U);
}

TEST_F(Journal, Row11ASlowDiskMakesTheTailPushBackAndLosesNothing) {
  largest = std::size_t{16} << 10;
  tail_bytes = std::size_t{64} << 10;
  must_open();
  std::uint64_t appended = 0;
  while (writer->append(samples.make(appended + 1))) ++appended;
  EXPECT_GT(appended, 100U);
  EXPECT_FALSE(writer->append(samples.make(appended + 1)));
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::wrote);
  EXPECT_TRUE(writer->append(samples.make(appended + 1)));
  drain();
  EXPECT_EQ(read_all(*log), appended + 1);
}

TEST_F(Journal, ZerosLieReadyWhenTheHelperKeepsUp) {
  segment_bytes = std::uint64_t{512} << 10;
  must_open();
  for (int i = 0; i < 400; ++i) {
    while (log->helper_step()) {
    }
    write(1, 20);
  }
  EXPECT_GT(files(".seg").size(), 2U);
  EXPECT_EQ(log->journal().counters().unprepared, 0U);
  EXPECT_EQ(read_all(*log), 8000U);
}

TEST_F(Journal, TheFirstSegmentIsLaidWholeWithOneSync) {
  segment_bytes = std::uint64_t{4} << 20;
  must_open();
  int syncs = 0;
  disk->set_fault([&](DiskCall call, const std::filesystem::path&, std::size_t&) {
    if (call == DiskCall::sync) ++syncs;
    return 0;
  });
  while (log->helper_step()) {
  }
  EXPECT_EQ(syncs, 1);
  const auto open = files(".open");
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(disk->bytes_of(open.front()).size(), segment_bytes);
  write(1, 1);
  EXPECT_EQ(syncs, 2);
  EXPECT_EQ(log->journal().counters().unprepared, 0U);
}

TEST_F(Journal, Row07AnErrorWhileLayingZerosStopsTheJournal) {
  must_open();
  write(1, 1);
  fail_calls(DiskCall::write, EIO);
  while (log->helper_step()) {
  }
  disk->set_fault({});
  append(1);
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::failed);
  EXPECT_EQ(log->released_sequence(), Sequence{1});
}

TEST_F(Journal, CountersTellWhatWasDone) {
  must_open();
  write(10, 3);
  const JournalCounters counters = log->journal().counters();
  EXPECT_EQ(counters.groups, 10U);
  EXPECT_EQ(counters.transactions, 30U);
  EXPECT_EQ(counters.bytes, end_of_log() - segment_header_bytes);
}

}  // namespace
}  // namespace bourse
