#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "replay/log/journal_marks.h"  // JournalMarks
#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

class ReplicatedLevel : public LogFixture {
 protected:
  void SetUp() override {
    durability = Durability::replicated;
    must_open();
  }
};

TEST_F(ReplicatedLevel, IsReleasedWhenBothTheDiskAndTheStreamHaveIt) {
  write(3, 4);
  EXPECT_EQ(log->local_sequence(), Sequence{12});
  EXPECT_EQ(log->released_sequence(), Sequence{0});
  EXPECT_TRUE(log->acknowledge(Sequence{5}));
  EXPECT_EQ(log->released_sequence(), Sequence{5});
  EXPECT_FALSE(log->acknowledge(Sequence{5}));
  append(4);  // in the memory tail alone: the stream cannot have it, whatever it says
  EXPECT_TRUE(log->acknowledge(Sequence{16}));
  EXPECT_EQ(log->released_sequence(), Sequence{12});
  drain();
  EXPECT_EQ(log->released_sequence(), Sequence{16});
}

TEST_F(ReplicatedLevel, OnlyACursorForCarryingItSeesWhatIsHeldBack) {
  write(3, 4);
  log->acknowledge(Sequence{6});
  auto released = log->cursor(Sequence{1});
  auto local = log->cursor(Sequence{1}, Bound::local);
  ASSERT_TRUE(released && local);
  for (int i = 0; i < 6; ++i) ASSERT_EQ(released->next(), Cursor::Next::transaction);
  EXPECT_EQ(released->next(), Cursor::Next::at_head);
  for (int i = 0; i < 12; ++i) ASSERT_EQ(local->next(), Cursor::Next::transaction);
  EXPECT_EQ(local->next(), Cursor::Next::at_head);
  log->acknowledge(Sequence{7});
  EXPECT_EQ(released->next(), Cursor::Next::transaction);
}

TEST_F(ReplicatedLevel, AnotherProcessIsToldOfWhatWasReleasedAfterItWasWritten) {
  write(3, 4);
  auto options_of_reader = options();
  options_of_reader.read_only = true;
  const auto seen = [&] {
    const auto reader = Log::open(options_of_reader);
    EXPECT_TRUE(reader) << reader.error().text();
    return (*reader)->released_sequence();
  };
  EXPECT_EQ(seen(), Sequence{0});
  log->acknowledge(Sequence{12});
  EXPECT_TRUE(log->journal().has_work());
  drain();
  EXPECT_FALSE(log->journal().has_work());
  EXPECT_EQ(seen(), Sequence{12});
}

TEST_F(ReplicatedLevel, AStartHasEverythingThatTheDiskHas) {
  write(3, 4);
  log->acknowledge(Sequence{6});
  drop();
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{12});
  EXPECT_EQ(read_all(*log), 12U);
}

// The two threads that raise it never leave it behind what both have said.
TEST(JournalMarksTest, ReleasedIsTheLesserOfTheTwoWhoeverComesLast) {
  constexpr std::uint64_t rounds = 200'000;
  JournalMarks marks(Sequence{0}, true);
  std::thread journal([&] {
    for (std::uint64_t i = 1; i <= rounds; ++i) marks.release_local(Sequence{i});
  });
  std::thread stream([&] {
    for (std::uint64_t i = 1; i <= rounds; ++i) marks.acknowledge(Sequence{i});
  });
  std::uint64_t last = 0;
  while (last < rounds && !::testing::Test::HasFailure()) {
    const std::uint64_t now = marks.released.load(std::memory_order_acquire);
    EXPECT_GE(now, last);
    EXPECT_LE(now, marks.local.load(std::memory_order_acquire));
    EXPECT_LE(now, marks.acknowledged.load(std::memory_order_acquire));
    last = now;
  }
  journal.join();
  stream.join();
  EXPECT_EQ(marks.released.load(), rounds);
}

}  // namespace
}  // namespace bourse
