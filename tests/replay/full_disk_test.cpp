// Row 9 of the failure matrix (docs/JOURNAL.md): a disk that is full. What adds risk is refused
// (tests/feed has that); what takes risk off goes on reaching the disk, out of the reserve.
#include <gtest/gtest.h>

#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

constexpr std::uint64_t kib = 1024;

class Row09FullDisk : public LogFixture {
 protected:
  Row09FullDisk() {
    segment_bytes = 64 * kib;
    reserve_bytes = 64 * kib;
    largest = 16 * kib;
    tail_bytes = 64 * kib;
  }

  void help() {
    while (log->helper_step()) {
    }
  }
  JournalState state() const { return log->journal().state(); }

  // Orders until the disk is full, as an exchange would: it stops when the journal says so.
  void fill_up(std::uint64_t room) {
    disk->set_capacity(disk->used() + room);
    for (int i = 0; i < 10'000 && state() == JournalState::writing; ++i) {
      append(4);
      ASSERT_NE(log->journal().step(), JournalWriter::Step::failed);
      help();
    }
    ASSERT_EQ(state(), JournalState::degraded);
  }

  // Cancels, one at a time, each released before the next; returns how many found room.
  std::uint64_t cancel_until_stalled(std::uint64_t most) {
    for (std::uint64_t i = 0; i < most; ++i) {
      append(1);
      for (;;) {
        const auto step = log->journal().step();
        EXPECT_NE(step, JournalWriter::Step::failed) << log->journal().failure().text();
        if (step == JournalWriter::Step::stalled) return i;
        if (step == JournalWriter::Step::idle) break;
      }
      EXPECT_EQ(log->released_sequence().value(), head());
      help();
    }
    return most;
  }
};

TEST_F(Row09FullDisk, CancelsAreReleasedFromTheReserveAndOrdersComeBackWithTheRoom) {
  must_open();
  help();
  EXPECT_EQ(log->journal().counters().reserve_bytes, reserve_bytes);
  fill_up(200 * kib);
  EXPECT_EQ(log->journal().counters().degraded, 1U);
  EXPECT_NE(log->journal().failure().text().find("make room on that disk"), std::string::npos);
  // The reserve alone has room for more than a hundred of them.
  EXPECT_EQ(cancel_until_stalled(100), 100U);
  EXPECT_EQ(state(), JournalState::degraded);

  disk->set_capacity(disk->used() + 400 * kib);
  write(1, 1);
  help();
  EXPECT_EQ(state(), JournalState::writing);
  EXPECT_EQ(log->journal().counters().reserve_bytes, reserve_bytes);
  write(50, 4);
  EXPECT_EQ(read_all(*log), head());
  const std::uint64_t promised = head();
  drop();
  must_open();
  EXPECT_EQ(read_all(*log), promised);
}

TEST_F(Row09FullDisk, AReserveThatIsUsedUpStallsAndLosesNothing) {
  must_open();
  help();
  fill_up(100 * kib);
  const std::uint64_t taken = cancel_until_stalled(100'000);
  EXPECT_GT(taken, 100U);
  EXPECT_LT(taken, 1000U);
  EXPECT_EQ(state(), JournalState::stalled);
  const std::uint64_t promised = log->released_sequence().value();
  EXPECT_EQ(promised + 1, head());
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::stalled);

  disk->set_capacity(0);
  drain();
  help();
  EXPECT_EQ(state(), JournalState::writing);
  EXPECT_EQ(log->released_sequence().value(), promised + 1);
  EXPECT_EQ(read_all(*log), promised + 1);
}

TEST_F(Row09FullDisk, AFullDiskSurvivesARestartWithItsReserve) {
  must_open();
  help();
  fill_up(100 * kib);
  EXPECT_EQ(cancel_until_stalled(20), 20U);
  const std::uint64_t promised = head();
  std::mt19937_64 random(test_seed());
  drop();
  disk->crash(random);
  must_open();
  EXPECT_EQ(read_all(*log), promised);
  EXPECT_EQ(cancel_until_stalled(20), 20U);
  EXPECT_EQ(read_all(*log), promised + 20);
}

TEST_F(Row09FullDisk, RoomThatComesAndGoesWithPowerCutsLosesNothingReleased) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  const char* const more = std::getenv("BOURSE_ROUNDS");
  const std::uint64_t rounds = more != nullptr ? std::strtoull(more, nullptr, 10) : 10;
  std::uint64_t degraded = 0;
  std::uint64_t stalled = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    disk = std::make_unique<SimulatedDisk>();
    reserve_bytes = round % 2 == 0 ? 64 * kib : 0;  // without one the journal stalls
    std::uint64_t promised = 0;
    for (int life = 0; life < 6; ++life) {
      disk->set_capacity(0);
      const auto opened = open();
      ASSERT_TRUE(opened) << opened.error().text() << "\nseed " << seed << ", round " << round;
      ASSERT_GE(log->last_sequence().value(), promised) << "seed " << seed << ", round " << round;
      ASSERT_EQ(read_all(*log), log->last_sequence().value());
      for (int i = 0; i < 120; ++i) {
        if (random() % 10 == 0) disk->set_capacity(disk->used() + random() % (40 * kib));
        if (random() % 25 == 0) disk->set_capacity(0);
        for (std::uint64_t n = 1 + random() % 6; n > 0; --n) {
          const auto record = samples.make(head() + 1, epoch);
          static_cast<void>(writer->append(record));  // a stalled journal pushes back
        }
        const auto step = log->journal().step();
        ASSERT_NE(step, JournalWriter::Step::failed)
            << log->journal().failure().text() << "\nseed " << seed << ", round " << round;
        if (step == JournalWriter::Step::stalled) ++stalled;
        if (random() % 4 == 0) log->helper_step();
      }
      degraded += log->journal().counters().degraded;
      promised = log->released_sequence().value();
      drop();
      disk->crash(random, round % 2 == 0);
    }
  }
  std::printf("%llu lives, %llu times full, %llu steps stalled\n",
              static_cast<unsigned long long>(rounds * 6),
              static_cast<unsigned long long>(degraded), static_cast<unsigned long long>(stalled));
  EXPECT_GT(degraded, 0U);
  EXPECT_GT(stalled, 0U);
}

TEST_F(Row09FullDisk, AReserveTooSmallForATransactionIsRefused) {
  reserve_bytes = largest;
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ExitCode::bad_config);
}

}  // namespace
}  // namespace bourse
