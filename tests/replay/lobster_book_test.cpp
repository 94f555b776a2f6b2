// LOBSTER's messages and books: what is read, what is refused, and that our book is theirs.

#include "replay/import/lobster_book.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tests/data_folder.h"  // data_folder, data_missing

namespace bourse {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_row(const DepthBook& book, Side side, const std::vector<LobsterLevel>& row,
                std::size_t row_levels, std::uint64_t number) {
  std::vector<DepthLevel> levels(row.size() + 1);
  levels.resize(book.levels(side, levels));
  ASSERT_GE(levels.size(), row.size()) << "row " << number;
  if (row.size() < row_levels) {
    ASSERT_EQ(levels.size(), row.size()) << "row " << number;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    ASSERT_EQ(levels[i].price.value(), row[i].price) << "row " << number << ", level " << i + 1;
    ASSERT_EQ(levels[i].quantity.value(), row[i].shares) << "row " << number << ", level " << i + 1;
  }
}

// Follows both files to the end of the shorter one; every level of every row must be the same.
LobsterCounts follow(const std::string& messages_text, const std::string& rows_text) {
  LobsterMessages messages(messages_text, "messages");
  LobsterRows rows(rows_text, "rows");
  LobsterMessage message;
  LobsterRow row;
  EventBuffer events;
  std::optional<LobsterBook> book;
  while (rows.next(row) == LobsterRows::Next::row &&
         messages.next(message) == LobsterMessages::Next::message) {
    if (!book) book.emplace(SymbolId{1}, rows.levels());
    book->follow(message, row, events);
    expect_row(book->book(), Side::buy, row.bids, rows.levels(), rows.number());
    expect_row(book->book(), Side::sell, row.asks, rows.levels(), rows.number());
    if (testing::Test::HasFatalFailure()) break;
  }
  return book ? book->counts() : LobsterCounts{};
}

// Two levels a side; the third ask is out of sight.
constexpr const char* messages_text =
    "34200.1,1,7,50,10100,-1\n"     // in the first row already
    "34200.25,4,3,20,10100,-1\r\n"  // of an order from before the file
    "34200.5,5,0,99,10050,-1\n"     // hidden: the book stays
    "34201,3,7,50,10100,-1\n"       // the level goes, another comes into sight
    "34202,1,8,10,9900,1\n"
    "34203,7,0,0,-1,-1\n"         // halted
    "34204,6,-1,300,10000,-1\n";  // an auction
constexpr const char* rows_text =
    "10100,70,9800,5,10200,30,-9999999999,0\n"
    "10100,50,9800,5,10200,30,-9999999999,0\n"
    "10100,50,9800,5,10200,30,-9999999999,0\n"
    "10200,30,9800,5,10300,44,-9999999999,0\n"
    "10200,30,9900,10,10300,44,9800,5\n"
    "10200,30,9900,10,10300,44,9800,5\n"
    "10200,30,9900,10,10300,44,9800,5";

TEST(LobsterBook, FollowsEveryTypeOfMessageAndLearnsWhatComesIntoSight) {
  const LobsterCounts counts = follow(messages_text, rows_text);
  EXPECT_EQ(counts.rows, 7u);
  EXPECT_EQ(counts.explained, 7u) << "first at row " << counts.first_unexplained;
  EXPECT_EQ(counts.learnt, 1u) << "10300";
  EXPECT_EQ(counts.unknown_orders, 2u) << "order 3, and 7, which the first row has already";
  EXPECT_EQ(counts.hidden, 1u);
  EXPECT_EQ(counts.halts, 1u);
  EXPECT_EQ(counts.crosses, 1u);
}

TEST(LobsterBook, ARowThatTheMessageDoesNotExplainIsCountedAndTheBookGoesOnFromThere) {
  const LobsterCounts counts = follow("1,1,7,50,10100,-1\n2,1,8,10,10100,-1\n3,1,9,10,10100,-1\n",
                                      "10100,50,9800,5\n10100,61,9800,5\n10100,71,9800,5\n");
  EXPECT_EQ(counts.explained, 2u);
  EXPECT_EQ(counts.first_unexplained, 2u);
}

TEST(LobsterBook, NothingComesIntoSightBehindASideThatHadRoom) {
  const LobsterCounts counts =
      follow("1,5,0,50,10100,-1\n2,5,0,10,10100,-1\n",
             "10100,50,9800,5,9999999999,0,9700,5\n10100,50,9800,5,10200,10,9700,5\n");
  EXPECT_EQ(counts.explained, 1u);
  EXPECT_EQ(counts.first_unexplained, 2u);
}

std::string message_fault(const std::string& text) {
  LobsterMessages messages(text, "m.csv");
  LobsterMessage message;
  while (messages.next(message) == LobsterMessages::Next::message) {
  }
  return messages.error().text();
}
std::string row_fault(const std::string& text) {
  LobsterRows rows(text, "r.csv");
  LobsterRow row;
  while (rows.next(row) == LobsterRows::Next::row) {
  }
  return rows.error().text();
}

TEST(LobsterReader, NamesLineByteAndWhatIsWrongOfAMessage) {
  const std::string good = "34200.1,1,7,50,10100,-1\n";
  const auto expect_fault = [&](const std::string& line, const std::string& what) {
    const std::string text = message_fault(good + line + "\n" + good);
    EXPECT_EQ(text.substr(0, text.find('\n')), "m.csv, line 2, byte 24: " + what);
  };
  expect_fault("34200.1,1,7,50,10100", "has 5 columns, a message has 6");
  expect_fault("", "has 1 columns, a message has 6");
  expect_fault("noon,1,7,50,10100,-1", "'noon' is no time");
  expect_fault("86400,1,7,50,10100,-1", "'86400' is no time");
  expect_fault("1,8,7,50,10100,-1", "'8' is no type");
  expect_fault("1,1,0,50,10100,-1", "'0' is no order id");
  expect_fault("1,1,7,0,10100,-1", "'0' is no size");
  expect_fault("1,1,7,50,0,-1", "'0' is no price");
  expect_fault("1,7,0,0,2,-1", "'2' is no price");
  expect_fault("1,1,7,50,10100,0", "'0' is no direction");
}

TEST(LobsterReader, NamesLineLevelAndWhatIsWrongOfARow) {
  const auto expect_fault = [](const std::string& line, const std::string& what) {
    const std::string text = row_fault("10100,50,9800,5,10200,10,-9999999999,0\n" + line);
    EXPECT_EQ(text.substr(0, text.find('\n')), "r.csv, line 2, byte 39: " + what);
  };
  expect_fault("10100,50,9800,5,10200", "ends inside a level: 5 columns");
  expect_fault("10100,50,9800,5", "has 1 levels, the first row has 2");
  expect_fault("10100,0,9800,5,10200,10,9700,5", "level 1: a level has size 0");
  expect_fault("10100,1,9800,5,10100,10,9700,5",
               "level 2: price '10100' is not behind the level before it");
  expect_fault("9999999999,0,9800,5,10100,10,9700,5",
               "level 2: a level behind one that is not there");
  expect_fault("9999999999,3,9800,5,10100,10,9700,5",
               "level 1: a level that is not there has size '3'");
  expect_fault("10100,x,9800,5,10200,10,9700,5", "level 1: 'x' is no size");
}

TEST(LobsterData, EveryChangeOfAmazonsBestPricesIsExplained) {
  const auto data = data_folder("lobster_amzn_l1_20120621");
  if (!data) GTEST_SKIP() << data_missing("lobster_amzn_l1_20120621");
  const std::string stem = "AMZN_2012-06-21_34200000_57600000_";
  const LobsterCounts counts = follow(content(*data / (stem + "message_1.csv")),
                                      content(*data / (stem + "orderbook_1.csv")));
  EXPECT_EQ(counts.rows, 57'515u);
  EXPECT_EQ(counts.explained, 57'515u) << "first at row " << counts.first_unexplained;
  EXPECT_EQ(counts.hidden, 2'445u);
}

TEST(LobsterData, MicrosoftsBookIsEqualAtAllFiftyLevelsAfterEveryMessage) {
  const auto data = data_folder("lobster_msft_l50");
  if (!data) GTEST_SKIP() << data_missing("lobster_msft_l50");
  const LobsterCounts counts =
      follow(content(*data / "MSFT_msgs.csv"), content(*data / "MSFT_book_first999rows.csv"));
  EXPECT_EQ(counts.rows, 999u);
  EXPECT_EQ(counts.explained, 999u) << "first at row " << counts.first_unexplained;
  EXPECT_EQ(counts.learnt, 0u) << "the first row has the whole book";
}

}  // namespace
}  // namespace bourse
