// The real engine on real files, with faults between it and them (rows 7 to 11 of the failure
// matrix): what had been released before the fault is there afterwards, and every command executed
// again gives the same bytes.
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "matching/market_state.h"     // MarketState
#include "replay/snapshot/rebuild.h"   // rebuild
#include "tests/replay/engine_log.h"   // EngineLog
#include "tests/replay/faulty_disk.h"  // FaultyDisk
#include "tests/replay/log_fixture.h"  // test_seed

namespace bourse {
namespace {

using namespace std::chrono_literals;

class FaultyEngine : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bourse_fault_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  LogOptions options() {
    LogOptions out;
    out.directory = directory_ / "log";
    out.segment_bytes = std::uint64_t{256} << 10;
    out.tail_bytes = std::size_t{4} << 20;
    out.reserve_bytes = std::uint64_t{4} << 20;
    out.disk = &disk_;
    return out;
  }

  struct Life {
    std::uint64_t released = 0;
    JournalState state = JournalState::writing;
  };

  // One life of `commands` commands, the journal in a thread of its own, the helper in another.
  // Ends early when the journal has failed.
  Life live(std::uint64_t seed, int commands) {
    Life out;
    auto opened = Log::open(options());
    if (!opened) return out;
    Log& log = **opened;
    std::atomic<bool> is_done{false};
    std::jthread journal([&] {
      for (;;) {
        const auto step = log.journal().step();
        if (step == JournalWriter::Step::failed) return;
        if (step == JournalWriter::Step::stalled) std::this_thread::sleep_for(1ms);
        if (step == JournalWriter::Step::idle && is_done) return;
      }
    });
    auto writer = log.tail().writer();
    EngineLog engine(log, writer, seed);
    // A log is executed from its beginning: the books before the market.
    MarketState market;
    auto cursor = log.cursor(Sequence{1});
    const bool is_rebuilt = cursor && rebuild(*cursor, engine.engine, market);
    if (!is_rebuilt) commands = 0;  // a read failed: there is no engine to go on with
    if (is_rebuilt) engine.open_epoch();
    if (is_rebuilt && log.last_sequence() == Sequence{0}) {
      engine.define("EXA-USD");
      engine.define("EXB-USD");
    }
    for (int i = 0; i < commands && log.journal().state() != JournalState::failed; ++i) {
      while (!writer.has_room(transaction_bytes_max)) {
        if (log.journal().state() == JournalState::failed) break;
        std::this_thread::sleep_for(100us);
      }
      if (log.journal().state() == JournalState::failed) break;
      engine.trade(1);
      if (i % 16 == 0) std::this_thread::yield();
    }
    is_done = true;
    journal.join();
    out.released = log.released_sequence().value();
    out.state = log.journal().state();
    return out;
  }

  // Opens without faults and executes everything again; returns the last sequence.
  std::uint64_t verify() {
    disk_.set_fault({});
    const auto log = Log::open(options());
    if (!log) {
      ADD_FAILURE() << log.error().text();
      return 0;
    }
    Engine engine(EngineLog::limits);
    MarketState market;
    auto cursor = (*log)->cursor(Sequence{1});
    const auto rebuilt = rebuild(*cursor, engine, market);
    EXPECT_TRUE(rebuilt) << rebuilt.error().text();
    return (*log)->last_sequence().value();
  }

  // Lives with one kind of fault, each followed by a start on a sound disk.
  void run(const FaultyDisk::Fault& fault, int lives, bool ends_writer) {
    const std::uint64_t seed = test_seed();
    const char* const more = std::getenv("BOURSE_ROUNDS");
    if (more != nullptr) lives = static_cast<int>(std::strtol(more, nullptr, 10));
    std::uint64_t promised = 0;
    int failed = 0;
    // When a fault strikes is the threads' affair too: longer, until one has ended the writer.
    const int lives_max = ends_writer ? 50 * lives : lives;
    for (int life = 0; life < lives || (failed == 0 && life < lives_max); ++life) {
      disk_.set_fault(fault);
      const Life lived = live(seed + static_cast<std::uint64_t>(life), 400);
      promised = std::max(promised, lived.released);
      if (lived.state == JournalState::failed) ++failed;
      const std::uint64_t found = verify();
      ASSERT_GE(found, promised) << "seed " << seed << ", life " << life;
      promised = found;
    }
    std::printf("%d lives, %d ended by the fault, %llu transactions\n", lives, failed,
                static_cast<unsigned long long>(promised));
    if (ends_writer) {
      EXPECT_GT(failed, 0);
    } else {
      EXPECT_EQ(failed, 0);
      EXPECT_GT(promised, 1000U);
    }
  }

  std::filesystem::path directory_;
  FaultyDisk disk_{posix_disk()};
  std::mt19937_64 random_{42};
};

TEST_F(FaultyEngine, Row07ASyncThatFailsOnceAndThenSucceedsEndsTheWriter) {
  run([this](DiskCall call, const std::filesystem::path&,
             std::size_t&) { return call == DiskCall::sync && random_() % 40 == 0 ? EIO : 0; },
      20, true);
}

TEST_F(FaultyEngine, Row07AnyCallThatFailsWithEioLosesNothingReleased) {
  run([this](DiskCall, const std::filesystem::path&,
             std::size_t&) { return random_() % 150 == 0 ? EIO : 0; },
      20, true);
}

TEST_F(FaultyEngine, Row08AReadThatFailsIsAnErrorAndNeverACut) {
  live(7, 300);
  const std::uint64_t before = verify();
  for (int nth = 0; nth < 12; ++nth) {
    int reads = 0;
    disk_.set_fault([&](DiskCall call, const std::filesystem::path&, std::size_t&) {
      return call == DiskCall::read && reads++ == nth ? EIO : 0;
    });
    const auto opened = Log::open(options());
    if (!opened) {
      EXPECT_EQ(opened.error().code, ExitCode::io_error) << opened.error().text();
    }
  }
  EXPECT_EQ(verify(), before);
}

TEST_F(FaultyEngine, Row09NoRoomAtAnyCallComesAndGoes) {
  bool full = false;
  run(
      [&, this](DiskCall call, const std::filesystem::path& path, std::size_t&) {
        if (path.filename() == watermark_name) return 0;  // its place is made at the start
        if (random_() % 20 == 0) full = !full && random_() % 2 == 0;
        const bool takes_room = call == DiskCall::write || call == DiskCall::allocate;
        return full && takes_room ? (random_() % 2 == 0 ? ENOSPC : EDQUOT) : 0;
      },
      12, false);
}

TEST_F(FaultyEngine, Row10ShortTransfersAndInterruptionsAreCompleted) {
  run(
      [this](DiskCall call, const std::filesystem::path&, std::size_t& bytes) {
        if (call != DiskCall::write && call != DiskCall::read) return 0;
        if (random_() % 4 == 0) return EINTR;
        if (bytes > 1) bytes = 1 + random_() % bytes;
        return 0;
      },
      8, false);
}

TEST_F(FaultyEngine, Row11ASlowDiskPushesBackAndLosesNothing) {
  run(
      [this](DiskCall call, const std::filesystem::path& path, std::size_t&) {
        if (call == DiskCall::sync && path.string().ends_with(".open") && random_() % 8 == 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 20));
        }
        return 0;
      },
      6, false);
}

}  // namespace
}  // namespace bourse
