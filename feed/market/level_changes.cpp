#include "feed/market/level_changes.h"

#include <algorithm>
#include <tuple>

#include "feed/wire.h"  // level_flags

namespace bourse {
namespace {

constexpr std::array<Side, 2> sides = {Side::buy, Side::sell};

bool is_better(Side side, PriceTicks a, PriceTicks b) { return side == Side::buy ? a > b : a < b; }

bool is_same(const DepthLevel& a, const DepthLevel& b) {
  return a.quantity == b.quantity && a.orders == b.orders;
}

bool is_newly_made(std::span<const TouchedLevel> touched, Side side, PriceTicks price) {
  const auto first = std::ranges::find_if(touched, [&](const TouchedLevel& level) {
    return level.side == side && level.price == price;
  });
  return first != touched.end() && first->orders == 0;
}

void put_deletes_first(std::vector<LevelChange>& changes, std::size_t from) {
  std::stable_partition(changes.begin() + static_cast<std::ptrdiff_t>(from), changes.end(),
                        [](const LevelChange& change) { return change.action == 'D'; });
}

}  // namespace

void keep_first(std::vector<TouchedLevel>& touched) {
  const auto place = [](const TouchedLevel& level) { return std::tie(level.side, level.price); };
  std::ranges::stable_sort(touched, {}, place);
  const auto rest = std::ranges::unique(touched, {}, place);
  touched.erase(rest.begin(), rest.end());
}

void append_changes(const DepthBook& book, std::vector<TouchedLevel>& touched,
                    std::vector<LevelChange>& changes) {
  keep_first(touched);
  const std::size_t from = changes.size();
  for (const TouchedLevel& before : touched) {
    LevelChange change{.level = {}, .side = before.side};
    change.level = book.level(before.side, before.price, &change.place);
    const bool was = before.orders > 0;
    const bool is = change.level.orders > 0;
    if (is == was && is_same(change.level, {before.price, before.quantity, before.orders}))
      continue;
    change.action = static_cast<std::uint8_t>(!is ? 'D' : was ? 'C' : 'N');
    if (is || was) changes.push_back(change);
  }
  put_deletes_first(changes, from);
}

void append_levels(const DepthBook& book, std::size_t depth, std::vector<LevelChange>& changes) {
  for (const Side side : sides) {
    const std::size_t all = book.level_count(side);
    std::vector<DepthLevel> levels(depth == 0 ? all : std::min(depth, all));
    book.levels(side, levels);
    for (std::size_t i = 0; i < levels.size(); ++i)
      changes.push_back({.level = levels[i], .place = i, .side = side, .action = 'N'});
  }
}

void LevelWindow::restart(const DepthBook& book, std::size_t depth) {
  depth_ = depth;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    told_[i].resize(depth);
    told_[i].resize(book.levels(sides[i], told_[i]));
  }
}

bool LevelWindow::concerns(std::span<const TouchedLevel> touched) const {
  return std::ranges::any_of(touched, [this](const TouchedLevel& level) {
    const std::vector<DepthLevel>& told = told_[level.side == Side::buy ? 0 : 1];
    return told.size() < depth_ || !is_better(level.side, told.back().price, level.price);
  });
}

void LevelWindow::advance(const DepthBook& book, const std::vector<TouchedLevel>* touched,
                          std::vector<LevelChange>& changes) {
  const std::size_t from = changes.size();
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const Side side = sides[i];
    std::vector<DepthLevel>& told = told_[i];
    now_.resize(depth_);
    now_.resize(book.levels(side, now_));
    std::size_t old = 0;
    std::size_t at = 0;
    while (old < told.size() || at < now_.size()) {
      const bool has_gone = at == now_.size() ||
                            (old < told.size() && is_better(side, told[old].price, now_[at].price));
      if (has_gone) {
        const DepthLevel gone{told[old].price, QuantityLots{0}, 0};
        const bool is_in_book = book.level(side, gone.price).orders > 0;
        changes.push_back({.level = gone,
                           .place = at,
                           .side = side,
                           .action = 'D',
                           .flags = is_in_book ? wire::level_flags::window_out : std::uint16_t{0}});
        ++old;
      } else if (old == told.size() || told[old].price != now_[at].price) {
        const bool has_moved = touched != nullptr && !is_newly_made(*touched, side, now_[at].price);
        changes.push_back({.level = now_[at],
                           .place = at,
                           .side = side,
                           .action = 'N',
                           .flags = has_moved ? wire::level_flags::window_in : std::uint16_t{0}});
        ++at;
      } else {
        if (!is_same(told[old], now_[at]))
          changes.push_back({.level = now_[at], .place = at, .side = side, .action = 'C'});
        ++old;
        ++at;
      }
    }
    std::swap(told, now_);
  }
  put_deletes_first(changes, from);
}

}  // namespace bourse
