// What has changed among the price levels of a book: of all of them, or of the best ones.
//   Shape:  changes say what a level is from now on, deletes first, so that a reader who keeps the
//           best N never has more than N.
//   Units:  ticks and lots.
//   Owner:  a LevelWindow belongs to one stream of one symbol.
//   Errors: none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "matching/depth_book.h"  // DepthBook, DepthLevel, TouchedLevel
#include "matching/types.h"       // Side

namespace bourse {

struct LevelChange {
  DepthLevel level;       // as it is now; orders 0: gone
  std::size_t place = 0;  // better levels of its side
  Side side = Side::none;
  std::uint8_t action = 0;  // N new, C change, D delete
  std::uint16_t flags = 0;  // wire::level_flags::...
};

// Sorts by side and price and keeps the first entry of each: the level as it was before.
void keep_first(std::vector<TouchedLevel>& touched);
// Appends the changes since `touched` was begun, on which keep_first() is called.
void append_changes(const DepthBook& book, std::vector<TouchedLevel>& touched,
                    std::vector<LevelChange>& changes);
// Every level of the best `depth` (0 = all) as a new one, bids before asks, best first.
void append_levels(const DepthBook& book, std::size_t depth, std::vector<LevelChange>& changes);

// The best levels of both sides, as they were told last.
class LevelWindow {
 public:
  // REQUIRES: depth > 0.
  void restart(const DepthBook& book, std::size_t depth);
  // Whether what was touched since the last restart() or advance() can have changed the window.
  bool concerns(std::span<const TouchedLevel> touched) const;
  // Appends what leads from the window to that of now, which becomes the window. With `touched`,
  // what was touched since last time, levels that were in the book before carry window_in.
  void advance(const DepthBook& book, const std::vector<TouchedLevel>* touched,
               std::vector<LevelChange>& changes);

 private:
  std::array<std::vector<DepthLevel>, 2> told_;  // bids, asks; best first
  std::vector<DepthLevel> now_;
  std::size_t depth_ = 0;
};

}  // namespace bourse
