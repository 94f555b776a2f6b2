// Power cuts and kills at every moment, thousands of them: nothing that was released is lost at
// level disk, no sequence has a hole at any level, and a log that was only cut is never called
// damaged.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <limits>

#include "replay/log/segment_keeper.h"  // SegmentKeeper
#include "tests/replay/log_fixture.h"   // LogFixture

namespace bourse {
namespace {

struct Lives {
  std::uint64_t rounds = 0;
  std::uint64_t torn = 0;
  std::uint64_t adopted = 0;  // starts that found more than had been released
  std::uint64_t sealed = 0;
  std::uint64_t compressed = 0;
  std::uint64_t deleted = 0;  // lives that began behind segment 1
};

class PowerCut : public LogFixture {
 protected:
  PowerCut() {
    segment_bytes = segment_bytes_min;
    largest = std::size_t{32} << 10;
    tail_bytes = largest * 2;
  }

  // One life: opens, works until the disk dies under it after `calls` system calls, and returns
  // what it had released by then (0 if it never came to work).
  std::uint64_t live_until_cut(std::mt19937_64& random, std::uint64_t calls) {
    std::uint64_t left = calls;
    die_after(left);
    std::uint64_t released = 0;
    if (open()) {
      std::unique_ptr<SegmentKeeper> keeper;
      if (keeps) keeper = log->keeper(policy());
      released = log->released_sequence().value();
      for (;;) {
        const std::size_t count = 1 + random() % 12;
        for (std::size_t i = 0; i < count; ++i) {
          const auto record = samples.make(head() + 1, epoch);
          if (!writer->append(record)) break;
        }
        if (random() % 3 == 0) log->helper_step();
        if (keeper != nullptr && random() % 2 == 0) {
          keeper->step(TimeNs{std::numeric_limits<std::int64_t>::max()});
        }
        const auto step = log->journal().step();
        released = log->released_sequence().value();
        if (step == JournalWriter::Step::failed) break;
      }
    }
    writer.reset();
    log.reset();
    disk->set_fault({});
    return released;
  }

  // Everything is cold, and too much from the third segment on.
  KeepPolicy policy() {
    return {.compress = true,
            .compress_after_ns = 0,
            .retain_ns = 0,
            .retain_bytes = std::uint64_t{20} << 10,
            .snapshot = [this]() -> Result<Sequence> { return log->released_sequence(); }};
  }

  void run(std::uint64_t seed, int lives, bool power, bool garbage, Lives& counts) {
    std::mt19937_64 random(seed);
    std::uint64_t promised = 0;
    for (int life = 0; life < lives; ++life) {
      promised = std::max(promised, live_until_cut(random, 5 + random() % 120));
      if (power) {
        disk->crash(random, garbage);
      } else {
        disk->kill();
      }
      const auto opened = open();
      ASSERT_TRUE(opened) << opened.error().text() << "\nseed " << seed << ", life " << life;
      const std::uint64_t found = log->last_sequence().value();
      if (durability == Durability::disk || !power) {
        ASSERT_GE(found, promised) << "seed " << seed << ", life " << life;
      }
      ASSERT_EQ(read_all(*log), found) << "seed " << seed << ", life " << life;
      if (log->recovery().torn_bytes > 0) ++counts.torn;
      if (found > promised) ++counts.adopted;
      counts.sealed += files(".seg").size();
      counts.compressed += files(".seg.zst").size();
      if (log->earliest_sequence() > Sequence{1}) ++counts.deleted;
      ++counts.rounds;
      promised = found;  // all that was found is released now
      drop();
    }
  }

  void run_many(bool power, bool garbage) {
    const std::uint64_t seed = test_seed();
    const char* const more = std::getenv("BOURSE_ROUNDS");
    const std::uint64_t rounds = more != nullptr ? std::strtoull(more, nullptr, 10) : 100;
    Lives counts;
    for (std::uint64_t i = 0; i < rounds && !HasFatalFailure(); ++i) {
      disk = std::make_unique<SimulatedDisk>();
      run(seed + i, 12, power, garbage, counts);
    }
    std::printf("%llu lives, %llu torn tails, %llu found more than was released, %llu seals\n",
                static_cast<unsigned long long>(counts.rounds),
                static_cast<unsigned long long>(counts.torn),
                static_cast<unsigned long long>(counts.adopted),
                static_cast<unsigned long long>(counts.sealed));
    EXPECT_GT(counts.sealed, 0U);
    if (!keeps) return;
    std::printf("%llu compressed segments, %llu lives behind a deletion\n",
                static_cast<unsigned long long>(counts.compressed),
                static_cast<unsigned long long>(counts.deleted));
    EXPECT_GT(counts.compressed, 0U);
    EXPECT_GT(counts.deleted, 0U);
  }

  bool keeps = false;  // segments are compressed and deleted meanwhile
};

TEST_F(PowerCut, Row02AtLevelDiskNothingReleasedIsLost) { run_many(true, false); }

TEST_F(PowerCut, Row12TwoFirstStartsThatAreCutOffLeaveALogThatOpens) {
  std::mt19937_64 random(test_seed());
  for (std::uint64_t first = 1; first <= 25; ++first) {
    for (std::uint64_t second = 1; second <= 25; ++second) {
      disk = std::make_unique<SimulatedDisk>();
      live_until_cut(random, first);
      disk->crash(random, false);
      live_until_cut(random, second);
      disk->crash(random, false);
      const auto opened = open();
      ASSERT_TRUE(opened) << opened.error().text() << "\ncut off after " << first << " and "
                          << second << " calls";
      drop();
    }
  }
}

TEST_F(PowerCut, Row03AtLevelDiskGarbageInTornSectorsIsCutAndNothingReleasedIsLost) {
  run_many(true, true);
}

TEST_F(PowerCut, Row02AtLevelMemoryASuffixMayBeLostButThereIsNoHole) {
  durability = Durability::memory;
  run_many(true, false);
}

TEST_F(PowerCut, Row01AKillLosesNothingReleasedAtLevelMemory) {
  durability = Durability::memory;
  run_many(false, false);
}

TEST_F(PowerCut, Row12BetweenAnyTwoStepsOfCompressingAndDeletingNothingReleasedIsLost) {
  keeps = true;
  run_many(true, true);
}

TEST_F(PowerCut, Row12AKillBetweenAnyTwoStepsOfCompressingAndDeletingLosesNothing) {
  keeps = true;
  run_many(false, false);
}

TEST_F(PowerCut, Row01AKillLosesNothingReleasedAtLevelDisk) { run_many(false, false); }

}  // namespace
}  // namespace bourse
