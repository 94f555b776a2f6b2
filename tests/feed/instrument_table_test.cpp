// Instruments by name, by pattern, and by what was perhaps meant.
#include "feed/instrument_table.h"

#include <gtest/gtest.h>

#include "tests/matching/test_market.h"  // test_instrument

namespace bourse {
namespace {

InstrumentTable table() {
  InstrumentTable instruments;
  instruments.define(SymbolId{1}, test_instrument("ETH-USD"));
  instruments.define(SymbolId{2}, test_instrument("ETH-EUR"));
  instruments.define(SymbolId{4}, test_instrument("BTC-USD"));
  return instruments;
}

TEST(InstrumentTable, FindsByIdAndByName) {
  const InstrumentTable instruments = table();
  EXPECT_EQ(instruments.find("BTC-USD"), SymbolId{4});
  EXPECT_EQ(instruments.find("btc-usd"), SymbolId{0});
  EXPECT_EQ(instruments.find(SymbolId{2})->symbol_view(), "ETH-EUR");
  EXPECT_EQ(instruments.find(SymbolId{3}), nullptr);
  EXPECT_EQ(instruments.find(SymbolId{0}), nullptr);
  EXPECT_EQ(instruments.find(SymbolId{5}), nullptr);
  EXPECT_EQ(instruments.size(), 3u);
}

TEST(InstrumentTable, PatternsFitWholeNames) {
  const std::pair<std::string_view, bool> patterns[] = {
      {"*", true},        {"ETH-*", true},     {"*-USD", true},  {"E*-*D", true}, {"ETH-USD", true},
      {"ETH-USD*", true}, {"**", true},        {"ETH", false},   {"ETH-", false}, {"*-EUR", false},
      {"", false},        {"ETH-USD-", false}, {"*H-U*S", false}};
  for (const auto& [pattern, fits] : patterns) {
    EXPECT_EQ(fits_pattern("ETH-USD", pattern), fits) << pattern;
  }
  EXPECT_EQ(table().matching("ETH-*"), (std::vector<SymbolId>{SymbolId{1}, SymbolId{2}}));
  EXPECT_EQ(table().matching("*").size(), 3u);
  EXPECT_TRUE(table().matching("X*").empty());
}

TEST(InstrumentTable, SuggestsWhatIsClose) {
  EXPECT_EQ(table().suggestions("ETH-USF").at(0), "ETH-USD");
  EXPECT_EQ(table().suggestions("eth-usd").at(0), "ETH-USD");
  EXPECT_EQ(table().suggestions("BCT-USD").at(0), "BTC-USD");
  EXPECT_TRUE(table().suggestions("XXXXXXXXXX").empty());
  EXPECT_TRUE(table().suggestions(std::string(100000, 'E')).empty());
}

TEST(InstrumentTable, EditDistanceCountsTheFourMistakesOfTyping) {
  EXPECT_EQ(edit_distance("abc", "abc"), 0u);
  EXPECT_EQ(edit_distance("abc", "abxc"), 1u);
  EXPECT_EQ(edit_distance("abc", "ac"), 1u);
  EXPECT_EQ(edit_distance("abc", "axc"), 1u);
  EXPECT_EQ(edit_distance("abc", "bac"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace bourse
