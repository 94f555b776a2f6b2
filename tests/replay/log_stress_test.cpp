// All threads of a log at once, on real files: an engine thread that appends, a journal thread, the
// helper and readers that stall, seek and fall behind. Meant for the thread sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "replay/log/log.h"                    // Log
#include "tests/replay/log_fixture.h"          // test_seed
#include "tests/replay/sample_transactions.h"  // SampleTransactions

namespace bourse {
namespace {

TEST(LogStress, Row18ReadersFollowWriterJournalAndHelperWithoutGapOrDuplicate) {
  const std::uint64_t seed = test_seed();
  std::string pattern = (std::filesystem::temp_directory_path() / "bourse_stress_XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  {
    LogOptions options;
    options.directory = std::filesystem::path(pattern) / "log";
    options.durability = Durability::memory;
    options.segment_bytes = std::uint64_t{256} << 10;
    options.tail_bytes = std::size_t{128} << 10;
    options.transaction_bytes_max = std::size_t{32} << 10;
    auto opened = Log::open(options);
    ASSERT_TRUE(opened) << opened.error().text();
    Log& log = **opened;
    constexpr std::uint64_t count = 20'000;
    std::atomic<bool> is_finished{false};
    std::atomic<int> faults{0};

    std::vector<std::jthread> threads;
    threads.emplace_back([&log] {  // the engine thread
      auto writer = log.tail().writer();
      SampleTransactions samples(997);
      for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
        const auto record = samples.make(sequence);
        while (!writer.append(record)) std::this_thread::yield();
      }
    });
    threads.emplace_back([&] {  // the journal thread
      while (log.released_sequence().value() < count) {
        const auto step = log.journal().step();
        if (step == JournalWriter::Step::failed) {
          ++faults;
          break;
        }
        if (step != JournalWriter::Step::wrote) std::this_thread::yield();
      }
      if (!log.journal().finish()) ++faults;
      is_finished = true;
    });
    for (std::uint64_t reader = 0; reader < 3; ++reader) {
      threads.emplace_back([&, reader] {
        std::mt19937_64 random(seed + reader);
        SampleTransactions samples(997);
        auto cursor = log.cursor(Sequence{1});
        std::uint64_t expected = 1;
        while (expected <= count && faults == 0) {
          const Cursor::Next next = cursor->next();
          if (next == Cursor::Next::at_head) {
            std::this_thread::yield();
            continue;
          }
          if (next != Cursor::Next::transaction ||
              cursor->transaction().sequence().value() != expected ||
              !samples.matches(cursor->transaction())) {
            ADD_FAILURE() << "sequence " << expected << " from reader " << reader;
            ++faults;
            break;
          }
          ++expected;
          if (random() % 5000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
          // Not for the last stretch, so that every reader arrives.
          if (random() % 3000 == 0 && expected < count / 2) {
            expected = 1 + random() % expected;
            if (!cursor->seek(Sequence{expected})) ++faults;
          }
        }
      });
    }
    threads.clear();
    EXPECT_EQ(faults, 0);
    EXPECT_TRUE(is_finished);
    EXPECT_EQ(log.released_sequence(), Sequence{count});
  }
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace bourse
