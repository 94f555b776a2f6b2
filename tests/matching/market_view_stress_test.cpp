#include "matching/market_view.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace bourse {
namespace {

// Every field depends on the sequence: two of different age in one view are seen.
TopOfBook top_at(std::uint64_t sequence) {
  const auto price = static_cast<std::int64_t>(sequence);
  return {.sequence = Sequence{sequence},
          .prices = {.bid = PriceTicks{price - 1},
                     .ask = PriceTicks{price + 1},
                     .bid_quantity = QuantityLots{sequence * 3},
                     .ask_quantity = QuantityLots{sequence * 5},
                     .bid_orders = static_cast<std::uint32_t>(sequence),
                     .ask_orders = static_cast<std::uint32_t>(sequence * 7)},
          .last_price = PriceTicks{-price},
          .last_quantity = QuantityLots{~sequence}};
}

bool is_whole(const TopOfBook& top) {
  const TopOfBook expected = top_at(top.sequence.value());
  return std::memcmp(&top, &expected, sizeof top) == 0;
}

TEST(MarketView, AnUntradedSymbolReadsAsEmpty) {
  MarketViews views(4);
  for (std::uint32_t id : {0u, 1u, 4u, 5u, 4000u}) {
    const TopOfBook top = views.read(SymbolId{id});
    EXPECT_EQ(top.sequence, Sequence{0});
    EXPECT_EQ(top.prices.bid, no_price);
    EXPECT_EQ(top.prices.ask, no_price);
    EXPECT_EQ(top.last_price, no_price);
  }
}

TEST(MarketView, ReadsWhatWasPublishedLast) {
  MarketViews views(4);
  auto writer = views.writer();
  writer.publish(SymbolId{4}, top_at(7));
  writer.publish(SymbolId{4}, top_at(8));
  EXPECT_EQ(views.read(SymbolId{4}).sequence, Sequence{8});
  EXPECT_EQ(views.read(SymbolId{3}).sequence, Sequence{0});
}

TEST(MarketViewDeathTest, RefusesASecondWriterAndUnknownSymbols) {
  MarketViews views(4);
  auto writer = views.writer();
  EXPECT_DEATH(static_cast<void>(views.writer()), "CHECK failed");
  EXPECT_DEATH(writer.publish(SymbolId{0}, top_at(1)), "CHECK failed");
  EXPECT_DEATH(writer.publish(SymbolId{5}, top_at(1)), "CHECK failed");
}

TEST(MarketViewStress, NoReaderSeesATornOrAnOlderViewWhileTheWriterNeverPauses) {
  constexpr std::uint64_t last = BOURSE_SANITIZED ? 100'000 : 1'000'000;
  MarketViews views(1);
  auto writer = views.writer();
  writer.publish(SymbolId{1}, top_at(1));
  struct Seen {
    std::uint64_t reads = 0;
    bool is_sound = true;
  };
  std::vector<Seen> seen(3);
  {
    std::vector<std::jthread> readers;
    for (Seen& mine : seen) {
      readers.emplace_back([&views, &mine] {
        std::uint64_t newest = 0;
        while (newest < last) {
          TopOfBook top = views.read(SymbolId{1});
          mine.is_sound &= is_whole(top) && top.sequence.value() >= newest;
          newest = top.sequence.value();
          if (views.try_read(SymbolId{1}, top)) {
            mine.is_sound &= is_whole(top) && top.sequence.value() >= newest;
            newest = top.sequence.value();
          }
          ++mine.reads;
        }
      });
    }
    for (std::uint64_t i = 2; i <= last; ++i) writer.publish(SymbolId{1}, top_at(i));
  }
  for (const Seen& one : seen) {
    EXPECT_TRUE(one.is_sound);
    EXPECT_GT(one.reads, 0u);
  }
}

}  // namespace
}  // namespace bourse
