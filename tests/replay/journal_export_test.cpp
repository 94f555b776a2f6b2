// Exporting a journal: what the DBN rows of a market with auctions, amends and busts say is that
// market, what comes back from them is the same again, and what does not fit is refused.

#include "replay/export/journal_export.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "matching/market_state.h"            // MarketState
#include "replay/dbn/dbn_reader.h"            // DbnReader
#include "replay/import/dbn_import.h"         // import_dbn
#include "tests/replay/market_log_fixture.h"  // MarketLogFixture

namespace bourse {
namespace {

struct Order {
  char side;
  std::int64_t price;
  std::uint64_t size;
  bool operator==(const Order&) const = default;
};
using Orders = std::map<std::uint64_t, Order>;  // by order id

class JournalExport : public MarketLogFixture {
 protected:
  JournalExport()
      : folder_(std::filesystem::temp_directory_path() /
                ("bourse_journal_export_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    // An auction is one large transaction.
    largest = transaction_bytes_max;
    tail_bytes = std::size_t{4} << 20;
  }
  ~JournalExport() override { std::filesystem::remove_all(folder_); }

  void set_phase(std::uint32_t symbol, Phase phase) {
    Command command{};
    command.type = CommandType::set_phase;
    command.symbol = SymbolId{symbol};
    command.phase.phase = phase;
    market->execute(command);
    drain();
  }
  // Trades, an auction whose orders cross, trades again.
  void make_market(std::size_t commands) {
    begin(std::uint64_t{1} << 20, test_seed());
    trade(commands);
    set_phase(1, Phase::opening_auction);
    trade(commands);
    set_phase(1, Phase::continuous);
    trade(commands);
  }
  Result<ExportReport> export_to(const Log& from, const char* name, ExportOptions options = {}) {
    options.files.path = folder_ / name;
    return export_journal(from, options);
  }
  std::vector<dbn::Mbo> records(const char* name) {
    std::vector<dbn::Mbo> out;
    const auto reader = DbnReader::open(folder_ / name);
    EXPECT_TRUE(reader) << reader.error().text();
    while (reader && (*reader)->next() == DbnReader::Next::record) {
      out.push_back((*reader)->as<dbn::Mbo>().value());
    }
    return out;
  }
  bool is_empty() const { return std::filesystem::is_empty(folder_); }

  std::filesystem::path folder_;
};

// What a reader of DBN does with A, M, C and R.
void follow(Orders& orders, const dbn::Mbo& record) {
  switch (record.action) {
    case 'A':
      EXPECT_TRUE(
          orders.emplace(record.order_id, Order{record.side, record.price, record.size}).second);
      break;
    case 'M':
      EXPECT_EQ(orders.at(record.order_id).side, record.side);
      orders.at(record.order_id) = {record.side, record.price, record.size};
      break;
    case 'C': {
      Order& order = orders.at(record.order_id);
      EXPECT_EQ(order.side, record.side);
      EXPECT_EQ(order.price, record.price) << "sequence " << record.sequence;
      ASSERT_GE(order.size, record.size);
      order.size -= record.size;
      if (order.size == 0) orders.erase(record.order_id);
      break;
    }
    case 'R':
      orders.clear();
      break;
    default:
      break;
  }
}

TEST_F(JournalExport, TheRowsOfAMarketWithAnAuctionAreItsBooksOrderByOrder) {
  make_market(1500);
  const auto report = export_to(*log, "a.dbn");
  ASSERT_TRUE(report) << report.error().text();
  std::map<std::uint32_t, Orders> books;
  std::uint64_t auction_trades = 0;
  std::set<std::pair<std::uint32_t, std::uint32_t>> groups;
  for (const dbn::Mbo& record : records("a.dbn")) {
    follow(books[record.header.instrument_id], record);
    if (record.action == 'T' && record.side == 'N') ++auction_trades;
    if ((record.flags & row_flags::last) != 0) {
      EXPECT_TRUE(groups.emplace(record.sequence, record.header.instrument_id).second)
          << "two rows with LAST in sequence " << record.sequence;
    }
  }
  EXPECT_GT(auction_trades, 10u);
  MarketState state;
  auto cursor = log->cursor(Sequence{1});
  while (cursor->next() == Cursor::Next::transaction) {
    ASSERT_EQ(state.apply(cursor->transaction()), DepthError::none);
  }
  for (const std::uint32_t id : {1u, 2u}) {
    const InstrumentBody& body = *state.instrument(SymbolId{id});
    Orders wanted;
    for (const Side side : {Side::buy, Side::sell}) {
      state.book(SymbolId{id})->for_each_order(side, [&](const DepthOrder& order) {
        wanted[order.order_id.value()] = {side == Side::buy ? 'B' : 'A',
                                          order.price.value() * body.tick_size_e9,
                                          order.quantity.value()};
      });
    }
    EXPECT_FALSE(wanted.empty());
    EXPECT_TRUE(books[id] == wanted) << "instrument " << id;
  }
}

TEST_F(JournalExport, WhatComesBackFromDbnIsExportedTheSameAgain) {
  make_market(800);
  ASSERT_TRUE(export_to(*log, "first.dbn.zst"));
  ExportOptions definitions;
  definitions.schema = ExportSchema::definition;
  ASSERT_TRUE(export_to(*log, "definitions.dbn", definitions));
  const auto imported = import_dbn(
      {{folder_ / "first.dbn.zst", folder_ / "definitions.dbn"}, folder_ / "journal", {}, false});
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_TRUE(imported->is_consistent());
  EXPECT_EQ(imported->symbols.at(0).instrument.tick_size_e9, 10'000'000);
  const auto again = Log::open({.directory = folder_ / "journal", .read_only = true});
  ASSERT_TRUE(again) << again.error().text();
  ASSERT_TRUE(export_to(**again, "again.dbn"));
  const std::vector<dbn::Mbo> before = records("first.dbn.zst");
  std::vector<dbn::Mbo> after = records("again.dbn");
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    after[i].sequence = before[i].sequence;
    EXPECT_EQ(std::memcmp(&before[i], &after[i], sizeof after[i]), 0)
        << "row " << i << ", action " << before[i].action << ", sequence " << before[i].sequence;
  }
}

TEST_F(JournalExport, ARangeWithItsSnapshotHasTheBookOfTheWhole) {
  make_market(500);
  const Sequence middle{head() / 2};
  snapshot();
  ExportOptions options;
  options.range.first = middle;
  options.snapshot = true;
  ASSERT_TRUE(export_to(*log, "whole.dbn"));
  ASSERT_TRUE(export_to(*log, "part.dbn", options));
  std::map<std::uint32_t, Orders> whole;
  for (const dbn::Mbo& record : records("whole.dbn")) {
    follow(whole[record.header.instrument_id], record);
  }
  std::map<std::uint32_t, Orders> part;
  for (const dbn::Mbo& record : records("part.dbn")) {
    follow(part[record.header.instrument_id], record);
  }
  EXPECT_TRUE(whole == part);
}

TEST_F(JournalExport, ASizeAboveThirtyTwoBitsEndsItWithTheSequenceAndNoFile) {
  begin(std::uint64_t{1} << 20, test_seed());
  Command command{};
  command.type = CommandType::define_instrument;
  std::snprintf(command.instrument.symbol, sizeof command.instrument.symbol, "BIG");
  command.instrument.tick_size_e9 = 1'000'000'000;
  command.instrument.lot_size = 1;
  command.instrument.quantity_min = QuantityLots{1};
  command.instrument.quantity_max = QuantityLots{100'000'000'000};
  command.instrument.price_min = PriceTicks{1};
  command.instrument.price_max = PriceTicks{100'000};
  market->execute(command);
  command = {};
  command.type = CommandType::new_order;
  command.symbol = SymbolId{3};
  command.account = AccountId{1};
  command.order.side = Side::buy;
  command.order.type = OrderType::limit;
  command.order.time_in_force = TimeInForce::gtc;
  command.order.price = PriceTicks{7};
  command.order.quantity = QuantityLots{50'000'000'000};
  market->execute(command);
  drain();
  const auto refused = export_to(*log, "big.dbn");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::data_damaged);
  EXPECT_EQ(refused.error().where, "sequence " + std::to_string(head()) + ", BIG");
  EXPECT_NE(refused.error().next.find("--size-unit 100"), std::string::npos)
      << refused.error().text();
  EXPECT_TRUE(is_empty()) << "nothing is left behind";
  ExportOptions options;
  options.size_unit = 100;
  ASSERT_TRUE(export_to(*log, "big.dbn", options));
  EXPECT_EQ(records("big.dbn").back().size, 500'000'000u);
}

}  // namespace
}  // namespace bourse
