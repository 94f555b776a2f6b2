#include "matching/market_view.h"

namespace bourse {

MarketViews::MarketViews(std::uint32_t symbols_max)
    : slots_(std::make_unique<Slot[]>(std::size_t{symbols_max} + 1)), symbols_max_(symbols_max) {
  for (std::size_t i = 0; i <= symbols_max; ++i) slots_[i].top.publish(empty_top());
}

MarketViews::Writer MarketViews::writer() {
  CHECK(!writer_made_);
  writer_made_ = true;
  return Writer(*this);
}

TopOfBook MarketViews::read(SymbolId symbol) const {
  return symbol.value() <= symbols_max_ ? slots_[symbol.value()].top.read() : empty_top();
}

bool MarketViews::try_read(SymbolId symbol, TopOfBook& top) const {
  if (symbol.value() <= symbols_max_) return slots_[symbol.value()].top.try_read(top);
  top = empty_top();
  return true;
}

TopOfBook MarketViews::empty_top() {
  TopOfBook top{};
  top.prices.bid = top.prices.ask = top.last_price = no_price;
  return top;
}

}  // namespace bourse
