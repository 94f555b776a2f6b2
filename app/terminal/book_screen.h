// The live book and trades of one symbol as terminal text.
//   Shape:   bids left, asks right, best on top, the latest trades beside them; a pure function of
//            what the follower knows, so that it can be tested without a terminal.
//   Units:   decimals as the instrument defines them.
//   Owner:   any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/terminal/market_follower.h"  // MarketFollower

namespace bourse {

struct ScreenSize {
  int rows = 24;
  int columns = 80;
};

// One screenful; lines end with '\n' and are at most `columns` wide. `color` uses ANSI colours.
std::string book_screen(const MarketFollower& market, std::string_view status, ScreenSize size,
                        bool color);

std::string price_text(std::int64_t price_e9, int decimals);
std::string size_text(std::uint64_t size, int decimals);  // without a tail of zeros
std::string time_text(std::uint64_t time_ns);             // 2026-01-30T12:00:00.123456789Z

}  // namespace bourse
