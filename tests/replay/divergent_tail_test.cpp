// A log whose end is not what happened: it is cut there, and everything that was cut is kept.
#include "replay/upkeep/divergent_tail.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "matching/market_state.h"     // MarketState
#include "replay/disk/directory.h"     // parse_segment_name
#include "replay/snapshot/restore.h"   // restore
#include "tests/replay/engine_log.h"   // EngineLog
#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

class DivergentTailTest : public LogFixture {
 protected:
  using Bytes = std::vector<std::byte>;

  void write_market(std::size_t commands) {
    must_open();
    EngineLog market(*log, *writer, 7);
    market.open_epoch();
    market.define("EX.A");
    market.define("EX.B");
    for (std::size_t done = 0; done < commands; done += 50) {
      market.trade(50);
      drain();
    }
    all_ = transactions();
    drop();
  }
  std::vector<Bytes> transactions() {
    std::vector<Bytes> out;
    auto cursor = log->cursor(Sequence{1});
    EXPECT_TRUE(cursor);
    while (cursor->next() == Cursor::Next::transaction) {
      const auto bytes = cursor->transaction().bytes();
      out.emplace_back(bytes.begin(), bytes.end());
    }
    return out;
  }
  std::string text_of(const std::filesystem::path& path) {
    const auto& b = bytes(path);
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  // Reopened, the log is the beginning of what it was, and its engine can be made from it.
  void expect_cut_before(std::uint64_t first) {
    must_open();
    const auto left = transactions();
    ASSERT_EQ(left.size(), first - 1);
    EXPECT_TRUE(std::equal(left.begin(), left.end(), all_.begin()));
    if (first > 1) {
      const auto restored =
          restore(*log, {.limits = EngineLog::limits, .snapshot = {}, .stop = {}});
      ASSERT_TRUE(restored) << restored.error().text();
    }
  }

  std::vector<Bytes> all_;
};

TEST_F(DivergentTailTest, Row26ItIsCutAnywhereAndKeptWhole) {
  write_market(1'500);
  const std::uint64_t count = all_.size();
  ASSERT_GT(files(".seg").size(), 3U);
  std::vector<std::uint64_t> firsts{count, count - 1, count / 2, 700, 3, 2, 1};
  for (const auto& file : files(".seg"))  // exactly where a segment begins
    firsts.push_back(parse_segment_name(file.filename().string())->base.value());
  for (const std::uint64_t first : firsts) {
    SCOPED_TRACE(first);
    disk = std::make_unique<SimulatedDisk>();
    write_market(1'500);
    const auto tail = set_divergent_tail_aside(options(), Sequence{first});
    ASSERT_TRUE(tail) << tail.error().text();
    EXPECT_EQ(tail->last.value(), count);
    EXPECT_EQ(tail->transactions, count - first + 1);
    std::uint64_t reports = 0;
    for (std::uint64_t i = first; i <= count; ++i)
      reports += TransactionView::parse(all_[i - 1])->exec_count();
    const std::string orders = text_of(tail->folder / "orders.csv");
    EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(orders, '\n')), reports + 1);
    const std::string lines = text_of(tail->folder / "transactions.jsonl");
    EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(lines, '\n')), tail->transactions);
    expect_cut_before(first);
    drop();
  }
}

TEST_F(DivergentTailTest, Row26TheOrdersAreNamedByAccountAndClientId) {
  write_market(600);
  const auto tail = set_divergent_tail_aside(options(), Sequence{2 + all_.size() / 2});
  ASSERT_TRUE(tail) << tail.error().text();
  const std::string orders = text_of(tail->folder / "orders.csv");
  EXPECT_NE(orders.find("\"mine \"\"quoted\"\", with comma\""), std::string::npos) << orders;
  EXPECT_NE(orders.find(",EX.A,buy,"), std::string::npos);
  EXPECT_EQ(tail->reports.size(), 5U) << "five accounts trade";
}

TEST_F(DivergentTailTest, Row26WhatIsWrittenAfterItFollowsTheCut) {
  write_market(600);
  const std::uint64_t first = all_.size() - 20;
  ASSERT_TRUE(set_divergent_tail_aside(options(), Sequence{first}));
  must_open();
  EXPECT_EQ(log->last_sequence().value(), first - 1);
  EngineLog later(*log, *writer, 8);
  later.open_epoch();
  later.trade(29);
  drain();
  EXPECT_EQ(log->released_sequence().value(), first + 29);
  drop();
  must_open();
  EXPECT_EQ(log->last_sequence().value(), first + 29);
  EXPECT_EQ(log->last_epoch(), Epoch{2});
}

TEST_F(DivergentTailTest, Row26AProcessThatDiesAmidItLeavesAWholeLog) {
  std::uint64_t lives = 0;
  bool is_done = false;
  for (std::uint64_t calls = 0; !is_done; ++calls) {
    SCOPED_TRACE(calls);
    disk = std::make_unique<SimulatedDisk>();
    write_market(400);
    const std::uint64_t first = all_.size() / 2;
    std::uint64_t calls_left = calls;
    die_after(calls_left);
    is_done = set_divergent_tail_aside(options(), Sequence{first}).has_value();
    disk->set_fault({});
    disk->kill();
    must_open();
    const auto left = transactions();

    ASSERT_TRUE(std::equal(left.begin(), left.end(), all_.begin()));
    const auto kept = disk->list(directory / divergent_folder /
                                 fmt::format("{:020}-{:020}-{:08x}", first, all_.size(), 1));
    if (left.size() < all_.size()) {
      EXPECT_GE(kept->size(), 4U) << "cut before it was kept";
    }
    drop();
    // Done again, it comes to its end.
    if (left.size() >= first) {
      ASSERT_TRUE(set_divergent_tail_aside(options(), Sequence{first}));
      expect_cut_before(first);
      drop();
    }
    ++lives;
  }
  EXPECT_GT(lives, 20U);
}

}  // namespace
}  // namespace bourse
