// A log rebuilds the engine that wrote it, and says where another engine would differ.
#include "replay/snapshot/rebuild.h"

#include <gtest/gtest.h>

#include <cstring>

#include "matching/market_state.h"         // MarketState
#include "replay/log/record.h"             // record_crc
#include "replay/log/record_scanner.h"     // RecordScanner
#include "replay/snapshot/reexecution.h"   // Reexecution
#include "replay/text/transaction_text.h"  // TransactionText
#include "tests/replay/engine_log.h"       // EngineLog
#include "tests/replay/log_fixture.h"      // LogFixture

namespace bourse {
namespace {

class Rebuild : public LogFixture {
 protected:
  // Returns the state hash of the engine that wrote it.
  std::uint64_t write_market(std::size_t commands, std::uint64_t seed) {
    must_open();
    EngineLog market(*log, *writer, seed);
    market.open_epoch();
    market.define("EX.A");
    market.define("EX.B");
    for (std::size_t done = 0; done < commands; done += 100) {
      market.trade(std::min<std::size_t>(100, commands - done));
      drain();
    }
    EXPECT_EQ(log->released_sequence(), log->tail().head());
    return market.engine.state_hash();
  }

  Result<RebuildReport> rebuild_into(Engine& engine, MarketState& market) {
    auto cursor = log->cursor(Sequence{1});
    EXPECT_TRUE(cursor);
    return rebuild(*cursor, engine, market);
  }
};

TEST_F(Rebuild, ARestartGivesTheSameEngineAndTheSameBooks) {
  segment_bytes = std::uint64_t{256} << 10;
  const std::uint64_t hash = write_market(20'000, 42);
  EXPECT_GT(files(".seg").size(), 3U);
  drop();
  must_open();
  Engine engine(EngineLog::limits);
  MarketState market;
  const auto report = rebuild_into(engine, market);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->transactions, 20'003U);
  EXPECT_EQ(report->last, log->last_sequence());
  EXPECT_EQ(engine.state_hash(), hash);
  for (std::uint32_t s = 1; s <= 2; ++s) {
    const BestPrices a = engine.best(SymbolId{s});
    const BestPrices b = market.book(SymbolId{s})->best();
    EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
  }
}

TEST_F(Rebuild, LimitsOfTheLogAreFoundAndSmallerOnesRefused) {
  write_market(100, 1);
  auto cursor = log->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  const auto limits = limits_of(*cursor);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->orders_max, EngineLog::limits.orders_max);
  EXPECT_EQ(limits->symbols_max, EngineLog::limits.symbols_max);
  Engine small({2, 16, 4096});
  MarketState market;
  const auto report = rebuild_into(small, market);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ExitCode::bad_config);
}

// One event in the file is changed and every checksum made right again, as a faulty engine would
// have written it.
TEST_F(Rebuild, Row16TheFirstDivergenceIsShownWithCommandExpectedAndGot) {
  write_market(400, 7);
  ASSERT_TRUE(log->journal().finish());
  drop();
  const auto file = open_segment();
  auto& all = bytes(file);
  SegmentHeader header;
  std::memcpy(&header, all.data(), sizeof header);
  auto reading = disk->open(file, OpenMode::read);
  ASSERT_TRUE(reading);
  RecordScanner scanner(**reading, header.salt);
  scanner.start(segment_header_bytes);
  std::uint64_t changed = 0;
  while (changed == 0 && scanner.next() == RecordScanner::Found::record) {
    const auto view = TransactionView::parse(scanner.bytes());
    if (!view || view->public_events().empty() ||
        view->public_events()[0].kind != EventKind::execute) {
      continue;
    }
    changed = view->sequence().value();
    const auto event_at = static_cast<std::uint64_t>(
        reinterpret_cast<const std::byte*>(view->public_events().data()) - scanner.bytes().data());
    std::byte* const record = all.data() + scanner.offset();
    record[event_at + offsetof(PublicEvent, quantity)] ^= std::byte{0x10};
    set_record_crc(record,
                   record_crc({record, scanner.header().length}, header.salt, scanner.offset()));
  }
  ASSERT_GT(changed, 0U);
  must_open();
  Engine engine(EngineLog::limits);
  MarketState market;
  const auto report = rebuild_into(engine, market);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ExitCode::answer_is_no);
  const std::string text = report.error().text();
  EXPECT_NE(text.find("sequence " + std::to_string(changed) + ":"), std::string::npos) << text;
  EXPECT_NE(text.find("command   new_order"), std::string::npos) << text;
  EXPECT_NE(text.find("expected  execute"), std::string::npos) << text;
  EXPECT_NE(text.find("got       execute"), std::string::npos) << text;
}

TEST_F(Rebuild, EveryTextFormatTellsEveryTransaction) {
  write_market(300, 3);
  for (const TextFormat format : {TextFormat::table, TextFormat::json, TextFormat::csv}) {
    TransactionText text(format);
    auto cursor = log->cursor(Sequence{1});
    ASSERT_TRUE(cursor);
    std::string out = text.head();
    std::size_t rows = out.empty() ? 0 : 1;
    while (cursor->next() == Cursor::Next::transaction) {
      const TransactionView& t = cursor->transaction();
      rows += format == TextFormat::json ? 1 : 1 + t.public_events().size() + t.exec_count();
      text.append(t, out);
    }
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(out, '\n')), rows);
    EXPECT_NE(out.find("EX.A"), std::string::npos);
    EXPECT_NE(out.find("99.5"), std::string::npos);
    if (format == TextFormat::json) {
      EXPECT_NE(out.find(R"("client_order_id":"mine \"quoted\", with comma")"), std::string::npos);
    }
    if (format == TextFormat::csv) {
      EXPECT_NE(out.find(R"("mine ""quoted"", with comma")"), std::string::npos);
    }

    if (std::getenv("BOURSE_SHOW") != nullptr) std::fputs(out.substr(0, 6000).c_str(), stderr);
  }
}

}  // namespace
}  // namespace bourse
