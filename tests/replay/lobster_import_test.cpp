// Importing LOBSTER's files: the journal gives the same book again, and what is refused.

#include "replay/import/lobster_import.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "matching/market_state.h"  // MarketState
#include "replay/log/log.h"         // Log

namespace bourse {
namespace {

class LobsterImportTest : public ::testing::Test {
 protected:
  LobsterImportTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("bourse_lobster_import_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~LobsterImportTest() override { std::filesystem::remove_all(folder_); }

  LobsterImportOptions options(const std::string& messages, const std::string& rows) const {
    const auto write = [this](const char* name, const std::string& text) {
      std::ofstream(folder_ / name, std::ios::binary) << text;
      return folder_ / name;
    };
    return {.messages = write("TEST_2012-06-21_message_1.csv", messages),
            .rows = write("TEST_2012-06-21_orderbook_1.csv", rows),
            .journal = folder_ / "journal",
            .date = "",
            .symbol = "",
            .replace = false};
  }

  std::filesystem::path folder_;
};

TEST_F(LobsterImportTest, TheJournalGivesTheLastRowAgain) {
  const auto report =
      import_lobster(options("34200.1,1,7,50,10100,-1\n34201,4,7,20,10100,-1\n"
                             "34202,3,7,30,10100,-1\n",
                             "10100,50,9800,5\n10100,30,9800,5\n"
                             "10200,9,9800,5\n"));
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->is_consistent());
  EXPECT_EQ(report->symbol, "TEST");
  EXPECT_EQ(report->messages, 3u);
  const auto log = Log::open({.directory = folder_ / "journal", .read_only = true});
  ASSERT_TRUE(log) << log.error().text();
  auto cursor = (*log)->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  MarketState state;
  while (cursor->next() == Cursor::Next::transaction) {
    ASSERT_EQ(state.apply(cursor->transaction()), DepthError::none)
        << "sequence " << cursor->transaction().sequence().value();
  }
  EXPECT_EQ(state.sequence(), report->last_sequence);
  EXPECT_EQ(state.sequence(), Sequence{5});
  EXPECT_EQ(report->best.ask, PriceTicks{10'200});
  EXPECT_EQ(report->best.bid_quantity, QuantityLots{5});
}

TEST_F(LobsterImportTest, ADamagedFileIsNamedWithItsLine) {
  const auto report = import_lobster(options("34200.1,1,7,50,10100,-1\n34201,4,7\n",
                                             "10100,50,9800,5\n"
                                             "10100,30,9800,5\n"));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ExitCode::data_damaged);
  EXPECT_NE(report.error().where.find("line 2, byte 24"), std::string::npos)
      << report.error().text();
}

TEST_F(LobsterImportTest, AFileThatIsMissingMakesNoJournal) {
  LobsterImportOptions wrong = options("", "");
  wrong.rows = folder_ / "nothing.csv";
  const auto report = import_lobster(wrong);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ExitCode::file_missing);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "journal"));
}

}  // namespace
}  // namespace bourse
