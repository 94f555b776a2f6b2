// Real processes, real files, kill -9: what a child process had reported as released is there after
// its death, every byte of it, and the sequence goes on without a hole.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay/log/log.h"                    // Log
#include "tests/replay/log_fixture.h"          // test_seed
#include "tests/replay/sample_transactions.h"  // SampleTransactions

namespace bourse {
namespace {

constexpr int report_fd = 3;

LogOptions crash_options(const std::filesystem::path& directory, Durability durability) {
  LogOptions options;
  options.directory = directory;
  options.durability = durability;
  options.segment_bytes = std::uint64_t{2} << 20;  // small: many rolls, so some kills meet one
  options.tail_bytes = std::size_t{1} << 20;
  options.transaction_bytes_max = std::size_t{64} << 10;
  return options;
}

// The child: works under load and reports every released sequence, until it is killed.
TEST(LogCrashChild, DISABLED_WorksUntilItIsKilled) {
  const char* const directory = std::getenv("BOURSE_CRASH_DIRECTORY");
  ASSERT_NE(directory, nullptr) << "only the parent test starts this";
  const auto durability =
      std::getenv("BOURSE_CRASH_MEMORY") != nullptr ? Durability::memory : Durability::disk;
  auto opened = Log::open(crash_options(directory, durability));
  ASSERT_TRUE(opened) << opened.error().text();
  Log& log = **opened;
  std::jthread journal([&log](const std::stop_token& stop) {
    std::uint64_t told = 0;
    while (!stop.stop_requested()) {
      const auto step = log.journal().step();
      if (step == JournalWriter::Step::failed) std::_Exit(9);
      const std::uint64_t released = log.released_sequence().value();
      if (released != told) {
        told = released;
        if (::write(report_fd, &released, sizeof released) != sizeof released) std::_Exit(8);
      } else {
        std::this_thread::yield();
      }
    }
  });
  auto writer = log.tail().writer();
  SampleTransactions samples(97);
  const std::uint32_t epoch = log.last_epoch().value() + 1;
  for (std::uint64_t sequence = log.last_sequence().value() + 1;; ++sequence) {
    const auto record = samples.make(sequence, epoch);
    while (!writer.append(record)) std::this_thread::yield();
    if (sequence % 64 == 0) std::this_thread::yield();
  }
}

class LogCrash : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bourse_crash_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Starts the child, lets it live for a random while and kills it. Returns what it last reported.
  std::uint64_t live_and_kill(std::mt19937_64& random, bool memory) {
    std::array<int, 2> pipe_ends{};
    EXPECT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(pipe_ends[1], report_fd);
      const int nothing = ::open("/dev/null", O_WRONLY);
      ::dup2(nothing, STDOUT_FILENO);
      ::setenv("BOURSE_CRASH_DIRECTORY", (directory_ / "log").c_str(), 1);
      if (memory) ::setenv("BOURSE_CRASH_MEMORY", "1", 1);
      ::execl("/proc/self/exe", "replay_tests", "--gtest_filter=LogCrashChild.*",
              "--gtest_also_run_disabled_tests", nullptr);
      ::_exit(127);
    }
    ::close(pipe_ends[1]);
    std::uint64_t reported = 0;
    std::uint64_t value = 0;
    // The clock starts with the first report: the child's own start takes how long it takes.
    if (::read(pipe_ends[0], &value, sizeof value) == sizeof value) reported = value;
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 120'000);
    while (std::chrono::steady_clock::now() < end &&
           ::read(pipe_ends[0], &value, sizeof value) == sizeof value) {
      reported = value;
    }
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &value, sizeof value) == sizeof value) reported = value;
    ::close(pipe_ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    return reported;
  }

  void run(bool memory) {
    const std::uint64_t seed = test_seed();
    std::mt19937_64 random(seed);
    const char* const more = std::getenv("BOURSE_ROUNDS");
    const std::uint64_t rounds = more != nullptr ? std::strtoull(more, nullptr, 10) : 20;
    std::uint64_t last = 0;
    std::uint64_t unreported = 0;
    SampleTransactions samples(97);
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const std::uint64_t reported = live_and_kill(random, memory);
      ASSERT_GT(reported, 0U) << "the child never came to work";
      LogOptions tool = crash_options(directory_ / "log", Durability::disk);
      tool.read_only = true;
      const auto log = Log::open(tool);
      ASSERT_TRUE(log) << log.error().text() << "\nseed " << seed << ", round " << round;
      const std::uint64_t found = (*log)->last_sequence().value();
      ASSERT_GE(found, reported) << "acknowledged and lost, seed " << seed << ", round " << round;
      ASSERT_GE(found, last);
      // What was there before is checked once, what is new now.
      auto cursor = (*log)->cursor(Sequence{last + 1});
      ASSERT_TRUE(cursor) << cursor.error().text();
      while (cursor->next() == Cursor::Next::transaction) {
        ASSERT_EQ(cursor->transaction().sequence().value(), last + 1);
        ASSERT_TRUE(samples.matches(cursor->transaction())) << "sequence " << last + 1;
        ++last;
      }
      ASSERT_EQ(last, found);
      unreported += found - reported;
    }
    // Once more from the first sequence, over all the seams.
    LogOptions options = crash_options(directory_ / "log", Durability::disk);
    options.helper_thread = false;
    const auto log = Log::open(options);
    ASSERT_TRUE(log) << log.error().text();
    auto cursor = (*log)->cursor(Sequence{1});
    ASSERT_TRUE(cursor);
    std::uint64_t count = 0;
    while (cursor->next() == Cursor::Next::transaction) {
      ASSERT_EQ(cursor->transaction().sequence().value(), ++count);
      ASSERT_TRUE(samples.matches(cursor->transaction()));
    }
    EXPECT_EQ(count, last);
    std::printf("%llu kills, %llu transactions, 0 acknowledged lost, %llu found unreported\n",
                static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(last),
                static_cast<unsigned long long>(unreported));
  }

  std::filesystem::path directory_;
};

TEST_F(LogCrash, Row01KilledAtLevelDiskNothingAcknowledgedIsLost) { run(false); }
TEST_F(LogCrash, Row01KilledAtLevelMemoryNothingAcknowledgedIsLost) { run(true); }

}  // namespace
}  // namespace bourse
