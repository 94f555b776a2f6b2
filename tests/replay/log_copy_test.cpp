// A log that copies another one: the same records, and the same log by name.
#include <gtest/gtest.h>

#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

struct LogCopyTest : LogFixture {
  static constexpr Uuid original{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

  Result<void> open_copy(const Uuid& of) {
    LogOptions copy = options();
    copy.copy_of = of;
    auto opened = Log::open(copy);
    if (!opened) return std::unexpected(std::move(opened.error()));
    log = std::move(*opened);
    writer.emplace(log->tail().writer());
    return {};
  }
  void must_open_copy() {
    const auto opened = open_copy(original);
    ASSERT_TRUE(opened) << opened.error().text();
  }
};

TEST_F(LogCopyTest, ACopyHasTheNameOfItsOriginalAndKeepsItOverAStart) {
  must_open_copy();
  EXPECT_EQ(log->journal_id(), original);
  write(3, 2);
  drop();
  must_open_copy();
  EXPECT_EQ(log->journal_id(), original);
  EXPECT_EQ(log->last_sequence(), Sequence{6});
  drop();
  LogOptions tool = options();
  tool.read_only = true;
  const auto read = Log::open(tool);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ((*read)->journal_id(), original);
}

TEST_F(LogCopyTest, ADirectoryOfAnotherLogIsRefusedAndLeftAlone) {
  must_open();
  write(1, 5);
  const Uuid other = log->journal_id();
  drop();
  const auto opened = open_copy(original);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ExitCode::bad_config);
  EXPECT_NE(opened.error().next.find(to_string(other)), std::string::npos);
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{5});
}

TEST_F(LogCopyTest, EpochsPassThroughSealedSegmentsAndStarts) {
  must_open_copy();
  for (std::uint32_t life = 1; life <= 3; ++life) {
    epoch = 4 * life;  // of the original: it was started in between
    write(60, 20);
    drop();
    must_open_copy();
    EXPECT_EQ(log->last_epoch(), Epoch{epoch});
    // A start of the copy is none of the original: its epoch goes on.
    write(60, 20);
  }
  EXPECT_GT(files(".seg").size(), 3U);
  EXPECT_EQ(read_all(*log), 7200U);
}

}  // namespace
}  // namespace bourse
