// Every state that a power cut can leave, of short traces: all subsets of the unsynced sectors, all
// prefixes of the changed names, sizes old and new, between any two system calls (as ALICE does).
// Where there are more than 12 sectors a random choice of their subsets, by a seed. A normal run
// tries each sixteenth state, from a random one on; with BOURSE_ROUNDS it tries them all.
#include <gtest/gtest.h>

#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

constexpr std::size_t sectors_max = 12;
constexpr int chosen_states = 64;  // of each cut with more sectors
constexpr std::uint64_t normal_stride = 16;

struct Tried {
  std::uint64_t cuts = 0;
  std::uint64_t states = 0;
  std::uint64_t seen = 0;       // states there were to try
  std::uint64_t exhausted = 0;  // cuts of which every state was tried
};

class CrashStates : public LogFixture {
 protected:
  CrashStates() {
    segment_bytes = segment_bytes_min;
    reserve_bytes = 0;
    largest = std::size_t{8} << 10;
    tail_bytes = largest * 2;
  }

  // Works from `before` on until the disk dies after `calls` calls. Returns what was released;
  // `ended` says whether all of it was done.
  std::uint64_t trace_until_cut(const SimulatedDisk& before, std::uint64_t calls, int groups,
                                bool& ended) {
    disk = before.copy();
    std::uint64_t left = calls;
    die_after(left);
    std::uint64_t released = 0;
    ended = false;
    if (open()) {
      released = log->released_sequence().value();
      for (int i = 0; i < groups; ++i) {
        append(2);
        const auto step = log->journal().step();
        released = log->released_sequence().value();
        if (step == JournalWriter::Step::failed) break;
        if (i == groups / 2) log->helper_step();
      }
      ended = left > 0;
    }
    writer.reset();
    log.reset();
    disk->set_fault({});
    return released;
  }

  void try_state(std::uint64_t sectors, std::size_t names, bool sizes, std::uint64_t promised) {
    const auto left = disk->crashed(sectors, names, sizes);
    LogOptions on_left = options();
    on_left.disk = left.get();
    const auto opened = Log::open(on_left);
    ASSERT_TRUE(opened) << opened.error().text() << "\nsectors " << sectors << ", names " << names
                        << ", sizes " << sizes;
    ASSERT_GE((*opened)->last_sequence().value(), promised)
        << "sectors " << sectors << ", names " << names << ", sizes " << sizes;
    ASSERT_EQ(read_all(**opened), (*opened)->last_sequence().value());
  }

  void try_all_states(std::uint64_t promised, std::mt19937_64& random, Tried& tried) {
    const std::size_t sectors = disk->unsynced_sectors();
    const bool all = sectors <= sectors_max;
    const std::uint64_t subsets = all ? std::uint64_t{1} << sectors : chosen_states;
    const std::uint64_t stride = std::getenv("BOURSE_ROUNDS") != nullptr ? 1 : normal_stride;
    const std::uint64_t first = random() % stride;
    ++tried.cuts;
    if (all) ++tried.exhausted;
    for (std::size_t names = 0; names <= disk->name_changes(); ++names) {
      for (const bool sizes : {false, true}) {
        for (std::uint64_t i = 0; i < subsets && !HasFatalFailure(); ++i) {
          if ((tried.seen++ + first) % stride != 0) continue;
          try_state(all ? i : random(), names, sizes, promised);
          ++tried.states;
        }
      }
    }
  }

  void try_trace(const SimulatedDisk& before, int groups) {
    const std::uint64_t seed = test_seed();
    std::mt19937_64 random(seed);
    Tried tried;
    bool ended = false;
    for (std::uint64_t calls = 1; !ended && !HasFatalFailure(); ++calls) {
      ASSERT_LT(calls, 500U) << "the trace never ends";
      const std::uint64_t promised = trace_until_cut(before, calls, groups, ended);
      try_all_states(promised, random, tried);
    }
    std::printf("%llu cuts, %llu states of %llu, exhaustible %llu cuts\n",
                static_cast<unsigned long long>(tried.cuts),
                static_cast<unsigned long long>(tried.states),
                static_cast<unsigned long long>(tried.seen),
                static_cast<unsigned long long>(tried.exhausted));
    EXPECT_GT(tried.exhausted * 2, tried.cuts);
  }

  // A log whose open segment has room for about one more group.
  std::unique_ptr<SimulatedDisk> nearly_full() {
    disk = std::make_unique<SimulatedDisk>();
    must_open();
    while (files(".seg").size() < 2) write(1, 2);
    const std::uint64_t group = 700;
    while (end_of_log() + 2 * group < segment_bytes) write(1, 2);
    drop();
    return disk->copy();
  }
};

TEST_F(CrashStates, Row02EveryStateOfAFirstStartRecovers) {
  const SimulatedDisk nothing;
  try_trace(nothing, 0);
}

TEST_F(CrashStates, Row03EveryStateOfTornGroupsRecovers) {
  disk = std::make_unique<SimulatedDisk>();
  must_open();
  write(3, 2);
  drop();
  const auto before = disk->copy();
  try_trace(*before, 3);
}

TEST_F(CrashStates, Row12Row14EveryStateOfARollRecovers) {
  const auto before = nearly_full();
  try_trace(*before, 4);
}

TEST_F(CrashStates, Row12EveryStateOfARollIntoTheReserveRecovers) {
  reserve_bytes = std::uint64_t{32} << 10;
  disk = std::make_unique<SimulatedDisk>();
  must_open();
  while (log->helper_step()) {
  }
  while (end_of_log() + 1400 < segment_bytes) write(1, 2);
  drop();
  const auto before = disk->copy();
  // If the helper has begun the next segment already, it has no room there.
  static_cast<void>(before->remove(directory / next_segment_name));
  before->set_capacity(before->used() + (std::uint64_t{12} << 10));  // the watermark's place
  try_trace(*before, 2);
}

}  // namespace
}  // namespace bourse
