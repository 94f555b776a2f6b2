// Importing a Nasdaq day: the journal it makes, and what it refuses.

#include "replay/import/itch_import.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "matching/market_state.h"  // MarketState
#include "replay/itch/itch_day.h"   // new_york_midnight
#include "replay/log/log.h"         // Log
#include "tests/data_folder.h"      // data_folder, data_missing

namespace bourse {
namespace {

class ItchImportTest : public ::testing::Test {
 protected:
  ItchImportTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("bourse_itch_import_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ItchImportTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path journal() const { return folder_ / "journal"; }

  // A small day by hand: one stock, two orders, an execution.
  std::filesystem::path small_day() {
    std::vector<std::byte> bytes;
    const itch::MessageHeader header{
        .stock_locate = 1, .tracking_number = 0, .timestamp = {34'200'000'000'000}};
    itch::StockDirectory listing{};
    listing.header = header;
    std::memcpy(listing.stock.text, "TEST    ", sizeof listing.stock.text);
    itch::append_framed(listing, bytes);
    for (const std::uint64_t reference : {std::uint64_t{1}, std::uint64_t{2}}) {
      itch::append_framed(itch::AddOrder{.header = header,
                                         .order_reference_number = reference,
                                         .buy_sell_indicator = reference == 1 ? 'B' : 'S',
                                         .shares = 100,
                                         .stock = listing.stock,
                                         .price = {reference == 1 ? 10'000u : 10'100u}},
                          bytes);
    }
    itch::append_framed(itch::OrderExecuted{.header = header,
                                            .order_reference_number = 2,
                                            .executed_shares = 30,
                                            .match_number = 5},
                        bytes);
    return write("day_20200130.itch", bytes);
  }
  std::filesystem::path write(const char* name, const std::vector<std::byte>& bytes) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path;
  }
  ItchImportOptions options(const std::filesystem::path& file) const {
    return {.file = file, .journal = journal(), .date = "", .symbols = {}, .replace = false};
  }

  std::filesystem::path folder_;
};

// Reads a journal from its first transaction to its last.
struct Reading {
  MarketState state;
  std::map<CommandType, std::uint64_t> commands;
  std::map<EventKind, std::uint64_t> events;
  TimeNs first_imported{0};
  TimeNs last{0};
  std::uint64_t without_last_flag = 0;
};

Reading read(const std::filesystem::path& directory) {
  Reading reading;
  const auto log = Log::open({.directory = directory, .read_only = true});
  EXPECT_TRUE(log) << log.error().text();
  auto cursor = (*log)->cursor(Sequence{1});
  EXPECT_TRUE(cursor) << cursor.error().text();
  while (cursor->next() == Cursor::Next::transaction) {
    const TransactionView& transaction = cursor->transaction();
    EXPECT_EQ(reading.state.apply(transaction), DepthError::none);
    EXPECT_GE(transaction.time(), reading.last);
    reading.last = transaction.time();
    ++reading.commands[transaction.command_type()];
    if (transaction.command_type() == CommandType::imported && !reading.first_imported) {
      reading.first_imported = transaction.time();
    }
    for (const PublicEvent& event : transaction.public_events()) ++reading.events[event.kind];
    if (!transaction.public_events().empty() &&
        (transaction.public_events().back().flags & event_flags::last) == 0) {
      ++reading.without_last_flag;
    }
  }
  return reading;
}

TEST_F(ItchImportTest, AMorningOfAaplBecomesAJournalThatGivesTheSameBookAgain) {
  const auto data = data_folder("itch_aapl_20200130");
  if (!data) GTEST_SKIP() << data_missing("itch_aapl_20200130");
  const auto report = import_itch(options(*data / "locate-13-10k.bin"));
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->is_consistent());
  const auto count = [&](char type) { return report->counts[static_cast<unsigned char>(type)]; };
  EXPECT_EQ(count('A'), 4758u);
  EXPECT_EQ(count('D'), 4083u);
  EXPECT_EQ(count('E'), 849u);
  EXPECT_EQ(count('P'), 240u);
  EXPECT_EQ(count('L'), 52u);
  EXPECT_EQ(count('U'), 7u);
  EXPECT_EQ(count('X'), 6u);
  EXPECT_EQ(count('F'), 2u);
  EXPECT_EQ(count('R'), 1u);
  EXPECT_EQ(count('H'), 1u);
  EXPECT_EQ(count('Y'), 1u);
  EXPECT_EQ(report->messages, 10'000u);
  EXPECT_EQ(report->unknown_messages, 0u);
  EXPECT_EQ(report->feed.faults_all(), 0u);
  EXPECT_EQ(report->feed.crossed, 0u);
  EXPECT_EQ(report->feed.live_orders_max, 216u);
  EXPECT_EQ(report->clock_reversals, 0u);
  ASSERT_EQ(report->stocks.size(), 1u);
  EXPECT_EQ(report->stocks[0].symbol, "AAPL");
  EXPECT_EQ(report->stocks[0].best.bid, PriceTicks{3'201'400});
  EXPECT_EQ(report->stocks[0].best.bid_quantity, QuantityLots{25});
  EXPECT_EQ(report->stocks[0].best.ask, PriceTicks{3'203'000});
  EXPECT_EQ(report->stocks[0].best.ask_quantity, QuantityLots{100});
  // One epoch; R and H; every message about an order or a trade; no L and no Y.
  constexpr std::uint64_t imported = 1 + 4758 + 2 + 849 + 240 + 6 + 4083 + 7;
  EXPECT_EQ(report->last_sequence, Sequence{2 + imported});

  const Reading reading = read(journal());
  EXPECT_EQ(reading.state.sequence(), report->last_sequence);
  const std::map<CommandType, std::uint64_t> commands{{CommandType::open_epoch, 1},
                                                      {CommandType::define_instrument, 1},
                                                      {CommandType::imported, imported}};
  EXPECT_EQ(reading.commands, commands);
  const std::map<EventKind, std::uint64_t> events{
      {EventKind::definition, 1}, {EventKind::status, 1},         {EventKind::add, 4767},
      {EventKind::execute, 849},  {EventKind::cancel, 4083 + 13}, {EventKind::trade, 240}};
  EXPECT_EQ(reading.events, events);
  EXPECT_EQ(reading.without_last_flag, 0u);
  EXPECT_EQ(reading.last, report->last_time);
  // 03:07 in New York of that day is 08:07 in UTC.
  const std::int64_t since_midnight =
      reading.first_imported.value() - new_york_midnight("2020-01-30")->value();
  EXPECT_EQ(since_midnight / 60'000'000'000, 3 * 60 + 7);
  const DepthBook* const book = reading.state.book(SymbolId{1});
  ASSERT_NE(book, nullptr);
  EXPECT_EQ(book->best().bid, PriceTicks{3'201'400});
  EXPECT_EQ(book->best().ask_quantity, QuantityLots{100});
  EXPECT_EQ(book->order_count(), report->stocks[0].orders);
  EXPECT_EQ(reading.state.instrument(SymbolId{1})->symbol_view(), "AAPL");
  EXPECT_EQ(reading.state.instrument(SymbolId{1})->tick_size_e9, 100'000);
}

TEST_F(ItchImportTest, TheHeadOfADayDefinesItsWholeDirectory) {
  const auto data = data_folder("itch_head_20191230");
  if (!data) GTEST_SKIP() << data_missing("itch_head_20191230");
  const auto report = import_itch(options(*data / "sample.itch"));
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->is_consistent());
  EXPECT_EQ(report->stocks.size(), 993u);
  const Reading reading = read(journal());
  EXPECT_EQ(reading.state.symbol_count(), 993u);
  EXPECT_EQ(reading.events.at(EventKind::definition), 993u);
}

TEST_F(ItchImportTest, OnlyTheNamedSymbolsAreImportedAndTheMissingOnesFailTheCheck) {
  const auto data = data_folder("itch_head_20191230");
  if (!data) GTEST_SKIP() << data_missing("itch_head_20191230");
  ItchImportOptions chosen = options(*data / "sample.itch");
  chosen.symbols = {"AA", "NOSUCH", "A"};
  const auto report = import_itch(chosen);
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_EQ(report->stocks.size(), 2u);
  EXPECT_EQ(report->stocks[0].symbol, "A") << "ids are dense in the order of the directory";
  EXPECT_EQ(report->stocks[1].symbol, "AA");
  EXPECT_GT(report->feed.left_out, 990u);
  EXPECT_EQ(report->missing_symbols, std::vector<std::string>{"NOSUCH"});
  EXPECT_FALSE(report->is_consistent());
}

TEST_F(ItchImportTest, AJournalThatIsThereIsReplacedOnlyWhenThatIsAskedFor) {
  ASSERT_TRUE(import_itch(options(small_day())));
  const auto refused = import_itch(options(small_day()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::cannot_create);
  EXPECT_NE(refused.error().next.find("--force"), std::string::npos);

  ItchImportOptions forced = options(small_day());
  forced.replace = true;
  const auto report = import_itch(forced);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->last_sequence, Sequence{5});
  EXPECT_EQ(read(journal()).state.sequence(), Sequence{5});

  // What was deleted of the old one must not be missed in the new one.
  std::ofstream(journal() / "MANIFEST") << "of the old journal";
  ASSERT_TRUE(import_itch(forced));
  EXPECT_FALSE(std::filesystem::exists(journal() / "MANIFEST"));

  // What is not the journal's own is nobody's to remove.
  std::ofstream(journal() / "thesis.txt") << "the only copy";
  const auto foreign = import_itch(forced);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ExitCode::cannot_create);
  EXPECT_TRUE(std::filesystem::exists(journal() / "thesis.txt"));
  EXPECT_EQ(read(journal()).state.sequence(), Sequence{5});
}

TEST_F(ItchImportTest, AJournalInUseIsNotReplaced) {
  ASSERT_TRUE(import_itch(options(small_day())));
  const auto writer = Log::open({.directory = journal()});
  ASSERT_TRUE(writer);
  ItchImportOptions forced = options(small_day());
  forced.replace = true;
  const auto refused = import_itch(forced);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::busy);
}

TEST_F(ItchImportTest, WithoutADateOrAFileNothingIsMade) {
  const std::filesystem::path undated = write("day.itch", {});
  const auto no_date = import_itch(options(undated));
  ASSERT_FALSE(no_date);
  EXPECT_EQ(no_date.error().code, ExitCode::usage);
  const auto no_file = import_itch(options(folder_ / "missing_20200130.itch"));
  ASSERT_FALSE(no_file);
  EXPECT_EQ(no_file.error().code, ExitCode::file_missing);
  EXPECT_FALSE(std::filesystem::exists(journal()));
}

TEST_F(ItchImportTest, ATornFileFailsAndWhatCameBeforeStaysReadable) {
  const std::filesystem::path file = small_day();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  const auto report = import_itch(options(file));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ExitCode::data_damaged);
  EXPECT_NE(report.error().where.find("message 4"), std::string::npos);
  EXPECT_EQ(read(journal()).state.sequence(), Sequence{4});
}

TEST_F(ItchImportTest, TheCallerCanStopIt) {
  const auto data = data_folder("itch_aapl_20200130");
  if (!data) GTEST_SKIP() << data_missing("itch_aapl_20200130");
  std::uint64_t asked = 0;
  const auto report =
      import_itch(options(*data / "locate-13-10k.bin"), [&](const ItchImportProgress& progress) {
        ++asked;
        EXPECT_EQ(progress.bytes_total, 307'643u);
        return false;
      });
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->stopped);
  EXPECT_EQ(asked, 1u);
  EXPECT_LT(report->messages, 10'000u);
  EXPECT_EQ(read(journal()).state.sequence(), report->last_sequence);
}

}  // namespace
}  // namespace bourse
